// Package bundle reads and writes 数据包: the frames that otherwise travel over the network, in an encrypted and signed
// file that anybody may carry.
//
// One format serves the second copy of a device, what is carried to town by hand, the receipts
// that come back, and the drafts a new device takes over from a lost one. docs/protocol.md, "Bundles", is the
// specification; testdata/v1 holds its goldens.
//
// Reading and writing are streams: nothing larger than one frame is ever in memory. A reader reads a bundle through
// before it hands anything out, so that what is handed out is whole, and signed by whom it says. The package opens no
// file; sync/spare, cmd/zouctl and app do.
package bundle
