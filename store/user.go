package store

import (
	"cmp"
	"context"
	"slices"

	"zoucun/survey"
)

// Staff returns the people of the county's register, by name.
func (s *Store) Staff() []survey.Staff { return s.register.everybody() }

func (r *register) everybody() []survey.Staff {
	r.mu.Lock()
	defer r.mu.Unlock()
	staff := make([]survey.Staff, 0, len(r.staff))
	for id, name := range r.staff {
		staff = append(staff, survey.Staff{ID: id, Name: name})
	}
	slices.SortFunc(staff, func(a, b survey.Staff) int { return cmp.Or(cmp.Compare(a.Name, b.Name), a.ID.Compare(b.ID)) })
	return staff
}

// AdmitUser writes into the log that a person of the register uses this device beside the one it was given to, in the
// name of whoever has unlocked it. The server takes what that person writes here from then on. To admit somebody again
// changes nothing.
func (s *Store) AdmitUser(ctx context.Context, person survey.PersonID) error {
	m := s.member.Load()
	if m == nil {
		return opError("store.AdmitUser", "", notFound("store.AdmitUser", "enrolment"))
	}
	if person == m.enrolment.Grant.Person {
		return nil
	}
	id := survey.UserRecord(m.shared, s.self.device, person)
	return s.update(ctx, "store.AdmitUser", "record "+id.String(), func(ctx context.Context, t *tx) error {
		present, err := s.present(ctx, t, id)
		if err != nil || len(present.Heads) > 0 && !present.Voided {
			return err
		}
		body := survey.Body{Fields: survey.Fields{
			survey.UserDevice: s.self.device.String(), survey.UserPerson: person.String(),
		}}
		f := &finishing{s: s, tx: t, draft: survey.Draft{Scope: m.shared, Author: s.writer(m)}}
		return f.write(ctx, id, survey.TypeUser, body, []survey.FieldPath{survey.UserDevice, survey.UserPerson})
	})
}

// writer returns in whose name this device writes now.
func (s *Store) writer(m *membership) survey.PersonID {
	if s.owner.person.IsZero() {
		return m.enrolment.Grant.Person
	}
	return s.owner.person
}
