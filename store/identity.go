package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// identity is who this installation is.
type identity struct {
	device    survey.DeviceID
	replica   survey.ReplicaID
	hlc       survey.HLC
	keys      seal.DeviceKeys
	enrolment *enrolment // nil until enrolled
}

// enrolment is what is kept sealed about the county: the facts, and the grant as the server signed it.
type enrolment struct {
	Server    string           `cbor:"1,keyasint"`
	Pin       survey.Hash      `cbor:"2,keyasint"`
	ServerKey []byte           `cbor:"3,keyasint"`
	Epoch     survey.Epoch     `cbor:"4,keyasint"`
	Grant     wire.SignedGrant `cbor:"5,keyasint"`
	// Recipients is the county's list as the server signed it; nil before one has come.
	Recipients *wire.SignedRecipients `cbor:"6,keyasint,omitempty"`
	// Revocations is the county's list as the server signed it; nil before one has come.
	Revocations *wire.SignedRevocations `cbor:"7,keyasint,omitempty"`
	// Contact is when the server was last heard of, by this device's clock.
	Contact survey.Millis `cbor:"8,keyasint,omitempty"`
	// ErrandKey is whom errands are encrypted to as the server signed it; nil before it has come.
	ErrandKey *wire.SignedErrandKey `cbor:"20,keyasint,omitempty"`
}

// keyCheck is what the data key must be able to open; it says that the key fits the database.
const keyCheck = "zoucun data key 1"

var (
	placeKeyCheck  = seal.Place{Column: "keys.check_sealed", Row: []byte{1}}
	placeSecrets   = seal.Place{Column: "installation.secrets_sealed", Row: []byte{1}}
	placeEnrolment = seal.Place{Column: "installation.enrolment_sealed", Row: []byte{1}}
)

// identify reads who this installation is, or settles it when the database is new.
func (s *Store) identify(ctx context.Context) error {
	err := s.readIdentity(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return s.update(ctx, "store.identify", "", s.newIdentity)
	}
	return err
}

func (s *Store) newIdentity(ctx context.Context, t *tx) error {
	keys, err := seal.NewDeviceKeys(rand.Reader)
	if err != nil {
		return err
	}
	self := identity{device: survey.NewID[survey.DeviceID](), keys: keys}
	if self.replica, err = newReplica(ctx, t); err != nil {
		return err
	}
	check := s.vault.box.Seal([]byte(keyCheck), placeKeyCheck)
	err = t.exec(ctx, "INSERT INTO keys (key_id, created, check_sealed) VALUES (1, ?, ?)", t.now.UnixMilli(), check)
	if err != nil {
		return err
	}
	err = t.exec(ctx, "INSERT INTO installation (one, device_id, replica_id, hlc, secrets_sealed) VALUES (1, ?, ?, 0, ?)",
		self.device[:], self.replica[:], s.vault.box.Seal(keys.Bytes(), placeSecrets))
	t.after = append(t.after, func() { s.self = self })
	return err
}

// newReplica begins a log of its own: in a new database, and in one that turned out to be a copy.
func newReplica(ctx context.Context, t *tx) (survey.ReplicaID, error) {
	var id survey.ReplicaID
	if _, err := rand.Read(id[:]); err != nil {
		return id, err
	}
	return id, t.exec(ctx, "INSERT INTO replica (replica_id) VALUES (?)", id[:])
}

func (s *Store) readIdentity(ctx context.Context) error {
	s.db.mu.Lock()
	defer s.db.mu.Unlock()
	var check, secrets, sealed []byte
	var hlc int64
	err := s.db.reader.QueryRowContext(ctx, "SELECT check_sealed FROM keys WHERE key_id = 1").Scan(&check)
	if err != nil {
		return err
	}
	if _, err := s.vault.box.Open(check, placeKeyCheck); err != nil {
		return &survey.Error{Kind: survey.Damaged, Op: "store.identify", Message: messageNoKey, Err: err}
	}
	err = s.db.reader.QueryRowContext(ctx,
		"SELECT device_id, replica_id, hlc, secrets_sealed, enrolment_sealed FROM installation").
		Scan(&s.self.device, &s.self.replica, &hlc, &secrets, &sealed)
	if err != nil {
		return err
	}
	s.self.hlc = survey.HLC(hlc)
	raw, err := s.vault.box.Open(secrets, placeSecrets)
	if err != nil {
		return err
	}
	if s.self.keys, err = seal.ParseDeviceKeys(raw); err != nil {
		return err
	}
	return s.openEnrolment(sealed)
}

func (s *Store) openEnrolment(sealed []byte) error {
	if sealed == nil {
		return nil
	}
	e, err := open[enrolment](s.vault, sealed, placeEnrolment)
	if err != nil {
		return err
	}
	m, err := e.member()
	if err != nil {
		return damaged("store.openEnrolment", "", err)
	}
	s.useEnrolment(e, m)
	return nil
}

// membership is what an enrolment means for reading: who we are to the county and what we may see.
type membership struct {
	enrolment survey.Enrolment
	granted   map[survey.ScopeID]struct{}
	shared    survey.ScopeID // the county's register
	contact   survey.Millis
}

// member opens what the server signed.
func (e enrolment) member() (*membership, error) {
	grant, err := e.Grant.Open(e.ServerKey)
	if err != nil {
		return nil, err
	}
	var recipients survey.Recipients
	if e.Recipients != nil {
		if recipients, err = e.Recipients.Open(e.ServerKey); err != nil {
			return nil, err
		}
	}
	var revocations survey.Revocations
	if e.Revocations != nil {
		if revocations, err = e.Revocations.Open(e.ServerKey); err != nil {
			return nil, err
		}
	}
	var errandKey wire.ErrandKey
	if e.ErrandKey != nil {
		if errandKey, err = e.ErrandKey.Open(e.ServerKey); err != nil {
			return nil, err
		}
	}
	m := &membership{
		enrolment: survey.Enrolment{
			Server: e.Server, Pin: e.Pin, ServerKey: e.ServerKey, Epoch: e.Epoch, Grant: grant,
			Recipients: recipients, Revocations: revocations, ErrandKey: errandKey.Recipient,
		},
		contact: e.Contact,
		granted: make(map[survey.ScopeID]struct{}, len(grant.Scopes)),
		shared:  survey.RegisterScope(grant.County),
	}
	for _, scope := range grant.Scopes {
		m.granted[scope] = struct{}{}
	}
	return m, nil
}

// useEnrolment makes an enrolment that is on disk the present one.
func (s *Store) useEnrolment(e enrolment, m *membership) {
	s.self.enrolment = &e
	s.member.Store(m)
	s.sealAsTold(m.enrolment.Recipients.Cipher)
}

// sealAsTold has what is written from now on sealed with the algorithm that the county requires. One that this program
// does not know is passed over: a newer one will.
func (s *Store) sealAsTold(cipher uint8) {
	if cipher == 0 {
		return
	}
	for _, box := range []*seal.Box{s.vault.box, s.owner.box} {
		if box == nil {
			continue
		}
		if err := box.SealWith(seal.Algorithm(cipher)); err != nil {
			s.log.Warn("the county requires an unknown algorithm", slog.Any("error", err))
		}
	}
}

// Algorithm returns what the device seals with.
func (s *Store) Algorithm() seal.Algorithm { return s.vault.box.Algorithm() }

// Enrolment returns the public facts of the county this device belongs to, and whether it belongs to one.
func (s *Store) Enrolment(context.Context) (survey.Enrolment, bool, error) {
	m := s.member.Load()
	if m == nil {
		return survey.Enrolment{}, false, nil
	}
	return m.enrolment, true, nil
}

// Device returns the identifier and the keys of this installation, which never change.
func (s *Store) Device(context.Context) (survey.DeviceID, seal.DeviceKeys, error) {
	return s.self.device, s.self.keys, nil
}

// Enrol keeps the county a server has taken this device into. The grant must be signed by the key in e and made out to
// this device; e.Grant is not looked at. Enrolling again replaces what was known of the server; records stay.
func (s *Store) Enrol(ctx context.Context, e survey.Enrolment, signed wire.SignedGrant) error {
	if _, err := s.checkGrant(signed, e.ServerKey); err != nil {
		return opError("store.Enrol", "", err)
	}
	kept := enrolment{Server: e.Server, Pin: e.Pin, ServerKey: e.ServerKey, Epoch: e.Epoch, Grant: signed}
	return s.update(ctx, "store.Enrol", "", func(ctx context.Context, t *tx) error {
		kept.Contact = survey.MillisOf(t.now)
		if s.self.enrolment != nil && s.self.enrolment.Epoch != e.Epoch {
			if err := forgetServer(ctx, t, e.Epoch); err != nil {
				return err
			}
		}
		return s.keepEnrolment(ctx, t, kept)
	})
}

// Renew takes over the grant a pull brought, unless it is older than the present one.
func (s *Store) Renew(ctx context.Context, signed wire.SignedGrant) error {
	return s.update(ctx, "store.Renew", "", func(ctx context.Context, t *tx) error {
		if s.self.enrolment == nil {
			return notFound("store.Renew", "enrolment")
		}
		kept := *s.self.enrolment
		kept.Contact = survey.MillisOf(t.now)
		present, err := kept.Grant.Open(kept.ServerKey)
		if err != nil {
			return err
		}
		grant, err := s.checkGrant(signed, kept.ServerKey)
		if err != nil {
			return err
		}
		if grant.Serial >= present.Serial {
			kept.Grant = signed
		}
		return s.keepEnrolment(ctx, t, kept)
	})
}

// KeepRecipients takes over the list of recipients a pull brought, unless it is older than the present one.
func (s *Store) KeepRecipients(ctx context.Context, signed wire.SignedRecipients) error {
	return s.update(ctx, "store.KeepRecipients", "", func(ctx context.Context, t *tx) error {
		m := s.member.Load()
		if m == nil {
			return notFound("store.KeepRecipients", "enrolment")
		}
		list, err := signed.Open(m.enrolment.ServerKey)
		if err != nil {
			return damaged("store.KeepRecipients", "", err)
		}
		if list.Serial <= m.enrolment.Recipients.Serial || list.County != m.enrolment.Grant.County {
			return nil
		}
		kept := *s.self.enrolment
		kept.Recipients = &signed
		return s.keepEnrolment(ctx, t, kept)
	})
}

// NewEpoch follows a server whose database has begun a new life: feeds are read from their beginning, and the log is
// offered from the first entry the server lacks. Nothing kept here is thrown away.
func (s *Store) NewEpoch(ctx context.Context, epoch survey.Epoch) error {
	return s.update(ctx, "store.NewEpoch", "", func(ctx context.Context, t *tx) error {
		if s.self.enrolment == nil || s.self.enrolment.Epoch == epoch {
			return nil
		}
		kept := *s.self.enrolment
		kept.Epoch = epoch
		if err := forgetServer(ctx, t, epoch); err != nil {
			return err
		}
		return s.keepEnrolment(ctx, t, kept)
	})
}

// forgetServer drops what was known of how far a server is, so that everything is offered and asked for again. Cursors go
// back to the start and stay: a scope that was withdrawn meanwhile is said to be so only to who names it.
func forgetServer(ctx context.Context, t *tx, epoch survey.Epoch) error {
	return errors.Join(
		t.exec(ctx, "UPDATE cursor SET seq = 0, epoch = ?", epoch[:]),
		t.exec(ctx, "DELETE FROM push"),
		t.exec(ctx, "DELETE FROM entrusted"),
		// How far an earlier log was signed for says where copies of this database parted: holdings bring it back.
		t.exec(ctx, "UPDATE replica SET durable_n = 0, nonce = NULL"),
		t.exec(ctx, `UPDATE replica SET acked_n = coalesce((SELECT n FROM pruned WHERE pruned.replica_id = replica.replica_id), 0)
			WHERE replica_id = (SELECT replica_id FROM installation)`),
		t.exec(ctx, "UPDATE blob SET done = 0"),
	)
}

func (s *Store) checkGrant(signed wire.SignedGrant, key []byte) (survey.Grant, error) {
	grant, err := signed.Open(key)
	if err != nil {
		return grant, &survey.Error{Kind: survey.Damaged, Op: "store.checkGrant", Err: err}
	}
	if grant.Device != s.self.device {
		return grant, &survey.Error{Kind: survey.Denied, Op: "store.checkGrant", Subject: "device " + grant.Device.String()}
	}
	return grant, nil
}

func (s *Store) keepEnrolment(ctx context.Context, t *tx, e enrolment) error {
	m, err := e.member()
	if err != nil {
		return err
	}
	sealed, err := sealed(s.vault, e, placeEnrolment)
	if err != nil {
		return err
	}
	t.after = append(t.after, func() { s.useEnrolment(e, m) })
	return t.exec(ctx, "UPDATE installation SET enrolment_sealed = ?", sealed)
}

// tick returns the next moment of the device's hybrid clock, which is kept with the transaction.
func (s *Store) tick(ctx context.Context, t *tx) (survey.HLC, error) {
	next := s.self.hlc.Next(t.now)
	return next, s.keepHLC(ctx, t, next)
}

// keepHLC moves the device's hybrid clock forward, never back.
func (s *Store) keepHLC(ctx context.Context, t *tx, to survey.HLC) error {
	if to <= s.self.hlc {
		return nil
	}
	s.self.hlc = to // a transaction that fails leaves the clock ahead, which does no harm
	return t.exec(ctx, "UPDATE installation SET hlc = ?", int64(to))
}
