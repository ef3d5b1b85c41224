package wire

// Limits of version 1. docs/protocol.md lists them for other programs; a peer that goes beyond one is refused.
const (
	MaxPacked   = 1 << 20 // bytes of a request or reply body as it travels
	MaxMessage  = 8 << 20 // bytes of a message after decompression
	MaxSegments = 16      // segments of a push
	MaxEntries  = 200     // entries of a segment
	MaxItems    = 1000    // items of a feed page
	MaxPages    = 256     // pages of a pull's reply
	MaxCursors  = 256     // cursors of a pull, scopes of a grant
	MaxChunk    = 512 << 10
	// MaxRecipients bounds the county's list.
	MaxRecipients = 32
	// MaxRevoked bounds the county's list of revoked devices, MaxHoldings the logs of one device.
	MaxRevoked  = 4096
	MaxHoldings = 256
	MaxBlob     = 64 << 20 // bytes of an attachment

	MaxBody        = 768 << 10 // bytes of an encoded revision body
	MaxHeader      = 128 << 10 // bytes of an encoded revision header
	MaxFields      = 4096      // fields of a body, fields touched by a header
	MaxPath        = 512       // bytes of a field path
	MaxAttachments = 64        // attachments of a body
	MaxNote        = 4 << 10   // bytes of a note
	MaxParents     = 64        // parents of a revision
	MaxName        = 256       // bytes of any other short text: a form's name, a person's, a MIME type

	// MinPage and MaxPage bound what a pull may ask for, in bytes of encoded pages before compression.
	MinPage = 8 << 10
	MaxPage = 896 << 10
)
