// Package spare keeps a second copy (第二份) of what is only on a device, on a card or in a folder that a person chose:
// encrypted for the county, written behind the work and never waited for by it. It also writes 数据包 by hand.
//
// # Layout of the folder
//
//	走村-1a2b3c4d-记录-000012.zcb             the log, as far as the server does not hold it durably
//	走村-1a2b3c4d-草稿-5e6f7a8b-000013.zcb    one person's drafts; those of others stay while their key is away
//	走村-1a2b3c4d-附件-9c0d….-000007.zcb      one attachment the server does not hold
//
// Every file is a bundle (sync/bundle). A new one is written beside the one it supersedes, synced, read back from the
// medium, and only then given its name; the old one goes after that. So at any moment, whenever the card is pulled, what
// bears a name ending in .zcb is whole. The names tell which device, and nothing about people or content.
//
// The package asks a [Source] for what is to be kept and has heard of no store.
package spare
