// Package device makes a device that has been enrolled and has received the register and the forms of a synthetic
// township, without a server: what a cadre holds on a morning before setting out.
package device

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoucun/form/xlsform"
	"zoucun/internal/township"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// County is the division code of a county that does not exist.
const County = 349999

// Spec says what the device has received.
type Spec struct {
	Seed       uint64
	Households int
	Forms      map[string]fs.FS // folders of sheets, by name
	Recipients []survey.Recipient
	Roles      []survey.Role // of its grant; nil is a cadre's
}

// Prepare enrols the device of a store and gives it a township.
func Prepare(ctx context.Context, s *store.Store, spec Spec) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("device.Prepare: %w", err)
	}
	o := &office{key: key, epoch: survey.NewID[survey.Epoch](), feeds: map[survey.ScopeID][]wire.FeedItem{}, roles: spec.Roles}
	if o.roles == nil {
		o.roles = []survey.Role{survey.RoleCadre}
	}
	if err := o.enter(township.New(spec.Seed, spec.Households), spec.Forms); err != nil {
		return err
	}
	if err := o.enrol(ctx, s); err != nil {
		return err
	}
	list, err := wire.SignRecipients(survey.Recipients{County: County, Serial: 1, Listed: spec.Recipients}, key)
	if err != nil {
		return fmt.Errorf("device.Prepare: %w", err)
	}
	return errors.Join(s.KeepRecipients(ctx, list), o.deliver(ctx, s))
}

// office is the county: it writes the register and signs the grant.
type office struct {
	key    ed25519.PrivateKey
	epoch  survey.Epoch
	name   string
	scopes []survey.ScopeID
	person survey.Staff
	feeds  map[survey.ScopeID][]wire.FeedItem
	roles  []survey.Role
}

// enter writes a township's places, staff, households and forms into the feeds.
func (o *office) enter(t township.Township, forms map[string]fs.FS) error {
	shared := survey.RegisterScope(County)
	o.name, o.scopes = t.Name, []survey.ScopeID{shared}
	for _, v := range t.Villages {
		o.scopes = append(o.scopes, survey.VillageScope(Village(v.Name)))
	}
	o.person = StaffOf(t)[0]
	return Register(t, forms, o.publish)
}

// Register hands out a township's staff, places, households and forms as the first revisions of their records.
func Register(t township.Township, forms map[string]fs.FS, write func(survey.Header, survey.Fields) error) error {
	shared := survey.RegisterScope(County)
	for _, p := range StaffOf(t) {
		fields := survey.Fields{survey.StaffName: p.Name, survey.StaffPost: p.Post}
		if err := write(survey.Header{Record: survey.RecordID(p.ID), Type: survey.TypeStaff, Scope: shared}, fields); err != nil {
			return err
		}
	}
	for i, v := range t.Villages {
		if err := registerVillage(t, v, i, write); err != nil {
			return err
		}
	}
	for name, folder := range forms {
		if err := registerForm(name, folder, write); err != nil {
			return err
		}
	}
	return nil
}

// StaffOf returns the township's staff as its register has them.
func StaffOf(t township.Township) []survey.Staff {
	all := make([]survey.Staff, len(t.Staff))
	for i, p := range t.Staff {
		id := survey.DerivedID[survey.PersonID](survey.RegisterScope(County), "staff/"+p.Name)
		all[i] = survey.Staff{ID: id, Name: p.Name, Post: p.Post}
	}
	return all
}

// Village returns the identifier of a village by its name.
func Village(name string) survey.RecordID {
	return survey.DerivedID[survey.RecordID](survey.RegisterScope(County), "village/"+name)
}

func registerVillage(t township.Township, v township.Village, order int, write func(survey.Header, survey.Fields) error) error {
	village := survey.Place{ID: Village(v.Name), Name: v.Name, Order: order}
	place := func(p survey.Place) error {
		return write(survey.Header{Record: p.ID, Type: survey.TypePlace, Scope: survey.RegisterScope(County)}, p.Fields())
	}
	if err := place(village); err != nil {
		return err
	}
	groups := map[string]survey.RecordID{}
	for i, name := range v.Groups {
		g := survey.Place{
			ID: survey.DerivedID[survey.RecordID](survey.VillageScope(village.ID), "group/"+name), Parent: village.ID, Name: name, Order: i,
		}
		groups[name] = g.ID
		if err := place(g); err != nil {
			return err
		}
	}
	for _, row := range t.Rows {
		if row.Village != v.Name || row.Fault != "" {
			continue
		}
		h := householdOf(row, village.ID, groups[row.Group])
		if err := write(survey.Header{Record: h.ID, Type: survey.TypeHousehold, Scope: h.Scope}, h.Fields()); err != nil {
			return err
		}
	}
	return nil
}

func householdOf(row township.Row, village, group survey.RecordID) survey.Household {
	scope := survey.VillageScope(village)
	return survey.Household{
		ID:    survey.DerivedID[survey.RecordID](scope, "household/"+row.Code),
		Scope: scope, Village: village, Group: group, Code: row.Code, Head: row.Head, Door: row.Door, Phone: row.Phone,
		Members:  strings.Join(row.Members, survey.MemberStop),
		Resident: number(row.Resident), Away: number(row.Away), Location: locations[row.Location],
	}
}

var locations = map[string]survey.LocationClass{"路边": survey.Roadside, "村中": survey.Central, "偏远": survey.Remote}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

func registerForm(name string, folder fs.FS, write func(survey.Header, survey.Fields) error) error {
	book, _ := xlsform.ReadFS(folder, name)
	f := xlsform.Compile(book, xlsform.Options{})
	if f.Fatal() {
		return fmt.Errorf("device: form %s: %v", name, f.Findings)
	}
	shared := survey.RegisterScope(County)
	return write(survey.Header{
		Record: survey.DerivedID[survey.RecordID](shared, "form/"+f.ID), Type: survey.TypeForm, Scope: shared,
		Form: survey.FormID(f.ID), FormVersion: f.Version,
	}, survey.Fields{survey.FormTitle: f.Title, survey.FormXML: string(f.XML)})
}

// publish seals a record's first revision and appends it to the feed of its scope.
func (o *office) publish(h survey.Header, fields survey.Fields) error {
	h.Kind, h.HLC = survey.Put, survey.HLC(0).Next(time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC))
	for path := range fields {
		h.Touched = append(h.Touched, path)
	}
	r, err := wire.SealRevision(h, survey.Body{Fields: fields}, rand.Reader)
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	feed := o.feeds[h.Scope]
	o.feeds[h.Scope] = append(feed, wire.FeedItem{Seq: uint64(len(feed)) + 1, Op: wire.FeedPut, HLC: h.HLC, Revision: r})
	return nil
}

func (o *office) enrol(ctx context.Context, s *store.Store) error {
	id, _, err := s.Device(ctx)
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	slices.SortFunc(o.scopes, survey.ScopeID.Compare)
	signed, err := wire.SignGrant(survey.Grant{
		Device: id, Person: o.person.ID, Name: o.person.Name, County: County, Township: o.name, Scopes: o.scopes,
		Roles: o.roles, Serial: 1, NotAfter: survey.MillisOf(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)),
	}, o.key)
	if err != nil {
		return fmt.Errorf("device: %w", err)
	}
	public, _ := o.key.Public().(ed25519.PublicKey)
	return s.Enrol(ctx, survey.Enrolment{Server: "https://127.0.0.1:1", ServerKey: public, Epoch: o.epoch}, signed)
}

// pageSize is how many revisions a page of a feed carries.
const pageSize = 200

func (o *office) deliver(ctx context.Context, s *store.Store) error {
	for _, scope := range o.scopes {
		feed := o.feeds[scope]
		after := 0
		for items := range slices.Chunk(feed, pageSize) {
			page := wire.FeedPage{Scope: scope, Epoch: o.epoch, After: uint64(after), Items: items, Head: uint64(len(feed))}
			if err := s.ApplyPage(ctx, page); err != nil {
				return fmt.Errorf("device: %w", err)
			}
			after += len(items)
		}
	}
	return nil
}
