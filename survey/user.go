package survey

// TypeUser says that a person of the county's register uses a device that was given to somebody else: written into that
// device's log by whoever had unlocked it, before the first record in the person's name.
const TypeUser RecordType = "user"

// Fields of a user record.
const (
	UserDevice FieldPath = "device"
	UserPerson FieldPath = "person"
)

// UserRecord returns the identifier of the record that says that a person uses a device.
func UserRecord(shared ScopeID, device DeviceID, person PersonID) RecordID {
	return DerivedID[RecordID](shared, "user/"+device.String()+"/"+person.String())
}

// User is somebody who may unlock a device.
type User struct {
	ID          PersonID
	Label       string // what the lock screen shows; the person's own choice
	TriesLeft   int    // 0: only the recovery key still opens
	Words       bool   // a passphrase protects the keys alone, so it has letters
	Recoverable bool   // a recovery key opens what no PIN opens any more
}
