package central

import (
	"slices"
	"time"

	"zoucun/survey"
)

// standing is what the server knows of the device whose log an entry stands in.
type standing struct {
	grant   survey.Grant
	revoked survey.Millis // 0 while it is not
	trusted bool          // the server itself
	now     time.Time     // when it came
}

// place is what is known of the record that a revision belongs to.
type place struct {
	known  bool
	typ    survey.RecordType
	within bool            // the record has been in the revision's scope
	author survey.PersonID // of its first revision
	device survey.DeviceID // on which that was written
	user   bool            // the revision's author uses this device: it was given to them, or a user record says so
	claim  bool            // of a user record: it names this device and somebody in the register
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
//	made, no later than it came, after the grant      | no                 | no       | yes
//	ended or was withdrawn                            |                    |          |
//	in a scope that is not granted                    | no                 | no       | yes
//	in another person's name, unless a user record    | no                 | yes      | yes
//	admitted before says that they use this device    |                    |          |
//	a user record for another device, or of somebody  | no                 | no       | yes
//	who is not in the register                        |                    |          |
//	merge, review, move, erase; registers, forms      | no                 | yes      | yes
//	an access, but for its first revision             | no                 | no       | yes
//	another's visit; that of another user of this     | no                 | yes      | yes
//	device which was not written on it                |                    |          |
//	an envelope with an author, or a change to one    | no                 | no       | yes
//	of another type than the record, or from a scope  | no                 | no       | yes
//	the record has never been in (a move excepted)    |                    |          |
//
// What is refused is stored all the same: nothing a person wrote is dropped.
func admit(s standing, h survey.Header, p place) refusal {
	if s.trusted {
		return refusal{}
	}
	township := s.grant.Has(survey.RoleTownship)
	made := survey.MillisOf(effective(h.HLC, s.now).Time()) // a clock that runs ahead costs nobody their records
	switch {
	case s.revoked != 0 && made >= s.revoked:
		return refusal{survey.Denied, "这台设备的授权已被收回，之后写的内容由乡镇处理。"}
	case made > s.grant.NotAfter:
		return refusal{survey.Denied, "这台设备的授权已到期，之后写的内容由乡镇处理。"}
	case !slices.Contains(s.grant.Scopes, h.Scope):
		return refusal{survey.Denied, "这份内容所属的村不在授权范围内，由乡镇处理。"}
	case h.Type == survey.TypeSealed && (p.known || h.Kind != survey.Put || !h.Author.IsZero()):
		return refusal{survey.Denied, "封存件不写填写人，封好以后谁也不能改。"}
	case h.Type == survey.TypeUser && !p.claim:
		return refusal{survey.Denied, "使用人登记的不是这台设备，或名册里没有这个人，由乡镇处理。"}
	case !township && h.Type != survey.TypeSealed && !p.user:
		return refusal{survey.Denied, "填写人与设备登记的人不一致，由乡镇处理。"}
	case !township && !cadreMay(h):
		return refusal{survey.Denied, "这类内容只能由乡镇修改。"}
	case h.Type == survey.TypeAccess && (p.known || h.Kind != survey.Put || len(h.Parents) > 0):
		return refusal{survey.Denied, "查看记录写下以后谁也不能改。"}
	case !township && p.known && h.Type == survey.TypeVisit && !s.owns(h, p) && fits(h, p).none():
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

// owns reports whether a visit is its author's to change on this device: their own, and where the device was given to
// somebody else, written on it too. So whoever holds a device wins no access to what others wrote on theirs.
func (s standing) owns(h survey.Header, p place) bool {
	return p.author == h.Author && (h.Author == s.grant.Person || p.device == s.grant.Device)
}

func cadreMay(h survey.Header) bool {
	return !h.Type.TownshipOnly() && (h.Kind == survey.Put || h.Kind == survey.Void)
}
