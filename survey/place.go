package survey

import "strconv"

// Fields of a place record.
const (
	PlaceName   FieldPath = "label"
	PlaceParent FieldPath = "parent" // the village of a group; absent for a village
	PlaceOrder  FieldPath = "order"  // position in lists
	PlaceCode   FieldPath = "code"   // division code where the township keeps one; an attribute, never an identity
)

// Place is a village (村) or, with a parent, a group (组) in it.
type Place struct {
	ID     RecordID
	Parent RecordID // zero for a village
	Name   string
	Order  int
}

// PlaceOf reads a place from its record.
func PlaceOf(r Record) Place {
	parent, _ := ParseID[RecordID](r.Fields[PlaceParent])
	return Place{ID: r.ID, Parent: parent, Name: r.Fields[PlaceName], Order: max(0, count(r.Fields[PlaceOrder]))}
}

// Fields returns the place as its record holds it.
func (p Place) Fields() Fields {
	f := Fields{}
	f.set(PlaceName, p.Name)
	f.set(PlaceParent, idText(p.Parent))
	f.set(PlaceOrder, strconv.Itoa(p.Order))
	return f
}

// VillageScope returns the scope of everything recorded in a village: it has the village's own identifier.
func VillageScope(village RecordID) ScopeID { return ScopeID(village) }

// RegisterScope is the scope every device of a county may read: places, staff and forms.
func RegisterScope(county uint32) ScopeID {
	return DerivedID[ScopeID](ScopeID{}, "register/"+strconv.FormatUint(uint64(county), 10))
}
