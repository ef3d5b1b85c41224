package survey

import "crypto/sha256"

// deriveUUID lays SHA-256(space, name) into the custom layout of RFC 9562 §5.8.
func deriveUUID(space []byte, name string) [16]byte {
	h := sha256.New()
	h.Write(space)
	h.Write([]byte(name))
	var id [16]byte
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
