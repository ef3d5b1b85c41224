package survey

import "slices"

// Entry is one line of a replica's log. N counts 1, 2, 3 … without a gap.
type Entry struct {
	N        uint64   `cbor:"1,keyasint"`
	Revision Revision `cbor:"2,keyasint"`
}

// Cursor is how far a feed has been followed. Seq has no meaning in another epoch.
type Cursor struct {
	Epoch Epoch   `cbor:"1,keyasint"`
	Scope ScopeID `cbor:"2,keyasint"`
	Seq   uint64  `cbor:"3,keyasint"`
}

// Role is what a person may do. Append-only: the values travel.
type Role uint8

// Roles.
const (
	RoleCadre    Role = 1 // visits households in the granted villages
	RoleTownship Role = 2 // reviews, merges, keeps registers
	RoleOperator Role = 3 // runs the server; sees no bodies on the device
	RoleRelay    Role = 4 // carries what the devices of its villages wrote; writes nothing itself
)

// Grant is the server's word on what one device may see and do, until when.
type Grant struct {
	Device   DeviceID  `cbor:"1,keyasint"`
	Person   PersonID  `cbor:"2,keyasint"`
	Name     string    `cbor:"3,keyasint"` // the person's name, for the screen
	County   uint32    `cbor:"4,keyasint"` // six-digit division code
	Township string    `cbor:"5,keyasint"` // the township's name, for the screen
	Scopes   []ScopeID `cbor:"6,keyasint"` // sorted; shared scopes included
	Roles    []Role    `cbor:"7,keyasint"`
	NotAfter Millis    `cbor:"8,keyasint"`
	Serial   uint64    `cbor:"9,keyasint"` // a grant replaces those with a smaller serial
	// SignKey is the key of a relay, by which devices know it; of no other device.
	SignKey []byte `cbor:"10,keyasint,omitempty" json:",omitempty"`
}

// Has reports whether a grant names a role.
func (g Grant) Has(role Role) bool { return slices.Contains(g.Roles, role) }

// Relay is a receiving point of the township (乡镇接收点) as a device knows it.
type Relay struct {
	Device  DeviceID `cbor:"1,keyasint"`
	Address string   `cbor:"2,keyasint"` // base URL
	Pin     Hash     `cbor:"3,keyasint"` // of its certificate
	Key     []byte   `cbor:"4,keyasint"` // Ed25519: signs its replies
	Name    string   `cbor:"5,keyasint"` // for the screen
}

// Enrolment is what a device knows of the county it belongs to. It holds no secret.
type Enrolment struct {
	Server    string // base URL
	Pin       Hash   // SHA-256 of the server certificate's public key (SPKI)
	ServerKey []byte // Ed25519 public key that signs receipts, grants and replies
	Epoch     Epoch
	Grant     Grant
	// Recipients are whom the county has things sealed to; no list before the first has come.
	Recipients Recipients
	// Revocations are the county's devices whose grant was withdrawn; no list before the first has come.
	Revocations Revocations
	// ErrandKey is whom errands are encrypted to, in age's notation; empty before the server has named one.
	ErrandKey string
}
