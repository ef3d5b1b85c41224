package survey

import (
	"strconv"
	"strings"
)

// Fields of a household record. A form's entity columns and a roster's import write the same names.
const (
	HouseholdHead     FieldPath = "label"   // 户主, the entity's label
	HouseholdMembers  FieldPath = "members" // 家庭成员: names of adults beside the head, with a stop between; no child's
	HouseholdVillage  FieldPath = "village"
	HouseholdGroup    FieldPath = "group"
	HouseholdCode     FieldPath = "code" // 户编号, unique within the village
	HouseholdDoor     FieldPath = "door"
	HouseholdPhone    FieldPath = "phone"
	HouseholdResident FieldPath = "resident_n"
	HouseholdAway     FieldPath = "away_n"
	HouseholdLocation FieldPath = "location_class"
)

// LocationClass says how far off the road a household lives; the village sets it once. It exists so that visits to
// remote households can be told from visits along the road.
type LocationClass string

// Location classes, as rosters write them in Chinese (路边, 村中, 偏远).
const (
	Roadside LocationClass = "roadside"
	Central  LocationClass = "central"
	Remote   LocationClass = "remote"
)

// Household is a household (户) as lists and cards show it.
type Household struct {
	ID         RecordID
	Scope      ScopeID // the village's scope
	Village    RecordID
	Group      RecordID // zero where the roster names none
	Code       string
	Head       string
	Members    string // adults beside the head, as the roster names them, with a stop between
	Door       string
	Phone      string
	Resident   int // people living here; -1 when unknown
	Away       int // people living elsewhere; -1 when unknown
	Location   LocationClass
	Conflicted bool // edits made apart wait for a decision
}

// FoundHousehold is a household as a search has found it.
type FoundHousehold struct {
	Household
	Member string // whose name was found, where it is not the head's
}

// HouseholdOf reads a household from its record.
func HouseholdOf(r Record) Household {
	village, _ := ParseID[RecordID](r.Fields[HouseholdVillage])
	group, _ := ParseID[RecordID](r.Fields[HouseholdGroup])
	return Household{
		ID: r.ID, Scope: r.Scope, Village: village, Group: group,
		Code: r.Fields[HouseholdCode], Head: r.Fields[HouseholdHead], Members: r.Fields[HouseholdMembers],
		Door: r.Fields[HouseholdDoor], Phone: r.Fields[HouseholdPhone],
		Resident: count(r.Fields[HouseholdResident]), Away: count(r.Fields[HouseholdAway]),
		Location: LocationClass(r.Fields[HouseholdLocation]), Conflicted: len(r.Conflicts) > 0,
	}
}

// Fields returns the household as its record holds it.
func (h Household) Fields() Fields {
	f := Fields{}
	f.set(HouseholdHead, h.Head)
	f.set(HouseholdMembers, h.Members)
	f.set(HouseholdCode, h.Code)
	f.set(HouseholdDoor, h.Door)
	f.set(HouseholdPhone, h.Phone)
	f.set(HouseholdLocation, string(h.Location))
	f.set(HouseholdVillage, idText(h.Village))
	f.set(HouseholdGroup, idText(h.Group))
	f.set(HouseholdResident, countText(h.Resident))
	f.set(HouseholdAway, countText(h.Away))
	return f
}

// MemberStop stands between the names of a household's members.
const MemberStop = "、"

// MemberNames returns the names of the adults beside the head.
func (h Household) MemberNames() []string {
	return strings.FieldsFunc(h.Members, func(r rune) bool { return strings.ContainsRune(MemberStop+"，,;；\n", r) })
}

func (f Fields) set(path FieldPath, value string) {
	if value != "" {
		f[path] = value
	}
}

func idText(id RecordID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func count(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func countText(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}
