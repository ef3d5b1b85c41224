package central

import (
	"slices"

	"zoucun/survey"
)

// standing is what the server knows of the device whose log an entry stands in.
type standing struct {
	grant   survey.Grant
	revoked survey.Millis // 0 while it is not
	trusted bool          // the server itself
}

// place is what is known of the record that a revision belongs to.
type place struct {
	known  bool
	typ    survey.RecordType
	within bool            // the record has been in the revision's scope
	author survey.PersonID // of its first revision
}

// refusal is why a revision is kept apart for a person to judge. The zero refusal is none.
type refusal struct {
	kind    survey.Kind
	message string
}

func (r refusal) none() bool { return r == refusal{} }

// code is the refusal in column revision.refused.
func (r refusal) code() int64 {
	if r.none() {
		return -1
	}
	return int64(r.kind)
}

// admit decides whether a revision enters its village's feed:
//
//	what                                              | cadre              | township | server
//	--------------------------------------------------+--------------------+----------+-------
//	made after the grant ended or was withdrawn       | no                 | no       | yes
//	in a scope that is not granted                    | no                 | no       | yes
//	written in another person's name                  | no                 | yes      | yes
//	merge, review, move; places, staff, forms         | no                 | yes      | yes
//	another's visit                                   | no                 | yes      | yes
//	of another type than the record, or from a scope  | no                 | no       | yes
//	the record has never been in (a move excepted)    |                    |          |
//
// What is refused is stored all the same: nothing a person wrote is dropped.
func admit(s standing, h survey.Header, p place) refusal {
	if s.trusted {
		return refusal{}
	}
	township := slices.Contains(s.grant.Roles, survey.RoleTownship)
	made := survey.MillisOf(h.HLC.Time())
	switch {
	case s.revoked != 0 && made >= s.revoked:
		return refusal{survey.Denied, "这台设备的授权已被收回，之后写的内容由乡镇处理。"}
	case made > s.grant.NotAfter:
		return refusal{survey.Denied, "这台设备的授权已到期，之后写的内容由乡镇处理。"}
	case !slices.Contains(s.grant.Scopes, h.Scope):
		return refusal{survey.Denied, "这份内容所属的村不在授权范围内，由乡镇处理。"}
	case !township && h.Author != s.grant.Person:
		return refusal{survey.Denied, "填写人与设备登记的人不一致，由乡镇处理。"}
	case !township && !cadreMay(h):
		return refusal{survey.Denied, "这类内容只能由乡镇修改。"}
	case !township && p.known && h.Type == survey.TypeVisit && p.author != h.Author && fits(h, p).none():
		return refusal{survey.Denied, "走访记录只能由填写人或乡镇修改。"}
	}
	return fits(h, p)
}

// fits reports why a revision cannot become part of the record whose identifier it has, whoever wrote it.
func fits(h survey.Header, p place) refusal {
	switch {
	case p.known && p.typ != h.Type:
		return refusal{survey.Conflicting, "同一编号已用于另一类内容，由乡镇处理。"}
	case p.known && !p.within && h.Kind != survey.Move:
		return refusal{survey.Conflicting, "同一编号已用于另一个村，由乡镇处理。"}
	}
	return refusal{}
}

func cadreMay(h survey.Header) bool {
	register := []survey.RecordType{survey.TypePlace, survey.TypeStaff, survey.TypeForm}
	return !slices.Contains(register, h.Type) && (h.Kind == survey.Put || h.Kind == survey.Void)
}
