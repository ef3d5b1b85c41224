package wire

// HeaderVersion carries the protocol version in requests and replies.
const HeaderVersion = "Zoucun-Version"
