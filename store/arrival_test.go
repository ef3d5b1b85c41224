package store

import (
	"testing"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// What other devices wrote is counted once, by day, device and person, and only at the township.
func TestArrivals(t *testing.T) {
	for _, township := range []bool{true, false} {
		o := newOffice(t)
		s := enrolled(t, o, t.TempDir())
		if township {
			o.renew(t, s, survey.RoleTownship)
		}
		zhang, li := survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
		tablet := survey.NewID[survey.DeviceID]()
		bring := func(of survey.RecordType, by survey.PersonID) {
			o.publish(o.revision(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: of, Scope: o.scope(), Author: by, Device: tablet},
				survey.Fields{"heard_worry": "路灯"}))
		}
		bring(survey.TypeVisit, zhang)
		bring(survey.TypeProblem, zhang)
		bring(survey.TypeVisit, li)
		apply(t, s, o.page(o.scope(), 0, 3))
		apply(t, s, o.page(o.scope(), 0, 3)) // again: nothing new
		bring(survey.TypeVisit, zhang)
		apply(t, s, o.page(o.scope(), 3, 3))
		own := s.self.device
		o.publish(o.revision(t, survey.Header{Record: survey.NewID[survey.RecordID](), Type: survey.TypeVisit, Scope: o.scope(), Author: zhang, Device: own}, survey.Fields{"a": "b"}))
		apply(t, s, o.page(o.scope(), 4, 3))
		got, err := s.Arrivals(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if !township {
			if len(got) != 0 {
				t.Errorf("a cadre's device notes %+v", got)
			}
			continue
		}
		counts := map[survey.PersonID][2]int{}
		for _, a := range got {
			if a.Road != survey.RoadNetwork || a.Device != tablet || a.First == 0 || a.Last < a.First {
				t.Errorf("%+v", a)
			}
			counts[a.Person] = [2]int{a.Visits, a.Problems}
		}
		if len(got) != 2 || counts[zhang] != [2]int{2, 1} || counts[li] != [2]int{1, 0} {
			t.Errorf("%+v", got)
		}
		if later, err := s.Arrivals(t.Context(), got[0].Last+1); err != nil || len(later) != 0 {
			t.Errorf("later: %+v, %v", later, err)
		}
	}
}

// renew gives a store another grant.
func (o *office) renew(t *testing.T, s *Store, roles ...survey.Role) {
	t.Helper()
	device, _, err := s.Device(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := wire.SignGrant(survey.Grant{
		Device: device, Person: o.cadre, Name: "测试员", County: county, Township: "测试镇",
		Scopes: []survey.ScopeID{o.scope(), survey.RegisterScope(county)}, Roles: roles, Serial: 2,
	}, o.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Renew(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
}
