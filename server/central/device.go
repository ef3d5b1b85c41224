package central

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

const (
	maxTries  = 5                    // wrong proofs after which a code is dead
	grantLife = 180 * 24 * time.Hour // a grant's, renewed at half of it while the device calls
)

// device is an enrolled installation's row.
type device struct {
	signKey ed25519.PublicKey
	grant   survey.Grant
	signed  wire.SignedGrant
	revoked survey.Millis
}

// NewCode returns a one-time code with which one device can enrol for the person within valid. It is shown once; only
// what proves it is kept. The county's register is granted besides the scopes.
func (c *Central) NewCode(ctx context.Context, person survey.PersonID, scopes []survey.ScopeID, roles []survey.Role, valid time.Duration) (string, error) {
	code, err := wire.NewCode(rand.Reader)
	if err != nil {
		return "", fail("central.NewCode", err)
	}
	name, err := c.nameOf(ctx, person)
	if err != nil {
		return "", fail("central.NewCode", err)
	}
	scopes = append(slices.Clone(scopes), survey.RegisterScope(c.county))
	slices.SortFunc(scopes, survey.ScopeID.Compare)
	allowed, err := wire.Encode(survey.Grant{
		Person: person, Name: name, County: c.county, Township: c.town,
		Scopes: slices.Compact(scopes), Roles: roles,
	})
	if err != nil {
		return "", fail("central.NewCode", err)
	}
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO code (county, code_id, proof_key, person_id, allowed, expires, tries)
			VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			int64(c.county), code.ID(), []byte(code.Key()), person[:], allowed, c.clock().Add(valid).UnixMilli())
		return err
	})
	return code.String(), fail("central.NewCode", err)
}

// nameOf returns the name in the person's staff record, or none.
func (c *Central) nameOf(ctx context.Context, person survey.PersonID) (string, error) {
	r, err := c.Record(ctx, survey.RecordID(person))
	if survey.KindOf(err) == survey.NotFound {
		return "", nil
	}
	return survey.StaffOf(r).Name, err
}

// storedCode is a code's row.
type storedCode struct {
	key     wire.CodeKey
	allowed []byte
	expires int64
	tries   int64
	device  []byte
}

// Enrol takes a device in that proves it knows a code. pin is the certificate this server shows. The same device with
// the same keys may ask again, in case the answer was lost; anybody else finds the code used. Whatever is wrong, the
// answer to somebody who does not know the code is the same.
func (c *Central) Enrol(ctx context.Context, e wire.Enrol, pin survey.Hash) (answer wire.Enrolled, err error) {
	var refused error
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		answer, refused = wire.Enrolled{}, nil
		code, err := c.findCode(ctx, tx, e.CodeID)
		if err != nil {
			return err
		}
		if code == nil || code.tries >= maxTries {
			refused = deny("登记码不对，请核对后再输一次；多次不对请向工作人员要一个新的。")
			return nil
		}
		if !wire.Proves(e.Proof, e.DeviceProof(code.key, pin)) {
			refused = deny("登记码不对，请核对后再输一次；多次不对请向工作人员要一个新的。")
			_, err := tx.ExecContext(ctx, `UPDATE code SET tries = tries + 1 WHERE county = $1 AND code_id = $2`, int64(c.county), e.CodeID)
			return err
		}
		signed, why, err := c.admitDevice(ctx, tx, e, *code)
		if err != nil || why != nil {
			refused = why
			return err
		}
		epoch, err := c.presentEpoch(ctx, tx)
		if err != nil {
			return err
		}
		answer = wire.Enrolled{ServerKey: c.Key(), Epoch: epoch, Grant: signed}
		answer.Proof = e.ServerProof(code.key, pin, answer)
		return nil
	})
	return answer, fail("central.Enrol", errors.Join(err, refused))
}

func (c *Central) findCode(ctx context.Context, tx *sql.Tx, id []byte) (*storedCode, error) {
	var code storedCode
	err := tx.QueryRowContext(ctx, `SELECT proof_key, allowed, expires, tries, device_id FROM code WHERE county = $1 AND code_id = $2`,
		int64(c.county), id).Scan((*[]byte)(&code.key), &code.allowed, &code.expires, &code.tries, &code.device)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &code, err
}

// admitDevice enters a device whose proof was right, or says why not.
func (c *Central) admitDevice(ctx context.Context, tx *sql.Tx, e wire.Enrol, code storedCode) (signed wire.SignedGrant, refused, err error) {
	known, err := c.findDevice(ctx, tx, e.Device)
	switch {
	case err == nil && known.signKey.Equal(publicKeyOf(e.SignKey)) && slices.Equal(code.device, e.Device[:]):
		return known.signed, nil, nil
	case err == nil:
		return signed, deny("这台设备的编号已被占用，请重新安装后再登记。"), nil
	case survey.KindOf(err) != survey.Denied:
		return signed, nil, err
	case code.device != nil:
		return signed, deny("这个登记码已经用过，请向工作人员要一个新的。"), nil
	case code.expires < c.clock().UnixMilli():
		return signed, deny("这个登记码已过期，请向工作人员要一个新的。"), nil
	}
	signed, err = c.newGrant(e, code.allowed)
	if err != nil {
		return signed, nil, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO device (county, device_id, sign_key, seal_key, grant_body, grant_sign, enrolled, revoked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
		int64(c.county), e.Device[:], e.SignKey, e.SealKey, signed.Grant, signed.Signature, c.clock().UnixMilli())
	if err != nil {
		return signed, nil, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE code SET device_id = $3 WHERE county = $1 AND code_id = $2`, int64(c.county), e.CodeID, e.Device[:])
	return signed, nil, err
}

func (c *Central) newGrant(e wire.Enrol, allowed []byte) (wire.SignedGrant, error) {
	var g survey.Grant
	if err := cbor.Unmarshal(allowed, &g); err != nil {
		return wire.SignedGrant{}, err
	}
	g.Device, g.Serial = e.Device, g.Serial+1
	if slices.Contains(g.Roles, survey.RoleRelay) {
		g.SignKey = e.SignKey
	}
	g.NotAfter = survey.MillisOf(c.clock().Add(grantLife))
	return wire.SignGrant(g, c.key)
}

// DeviceKey returns the key by which an enrolled device signs, revoked or not: what it wrote before still counts. An
// unknown device is Denied.
func (c *Central) DeviceKey(ctx context.Context, id survey.DeviceID) (key ed25519.PublicKey, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		known, err := c.findDevice(ctx, tx, id)
		key = known.signKey
		return err
	})
	return key, fail("central.DeviceKey", err)
}

// Revoke withdraws a device's grant from now on. What it wrote before is still taken; what it writes after is kept apart
// for a person to judge.
func (c *Central) Revoke(ctx context.Context, id survey.DeviceID) error {
	err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		known, err := c.findDevice(ctx, tx, id)
		if err != nil || known.revoked != 0 {
			return err
		}
		return c.setRevoked(ctx, tx, id, survey.MillisOf(c.clock()))
	})
	return fail("central.Revoke", err)
}

// setRevoked notes since when a device is revoked, 0 for not at all, and tells everybody by the list.
func (c *Central) setRevoked(ctx context.Context, tx *sql.Tx, id survey.DeviceID, since survey.Millis) error {
	_, err := tx.ExecContext(ctx, `UPDATE device SET revoked = $3 WHERE county = $1 AND device_id = $2`, int64(c.county), id[:], int64(since))
	if err != nil {
		return err
	}
	return c.renewRevocations(ctx, tx)
}

// Regrant replaces what a device may see and do from now on. One that was revoked is so no longer; what it wrote
// meanwhile still waits for a person.
func (c *Central) Regrant(ctx context.Context, id survey.DeviceID, scopes []survey.ScopeID, roles []survey.Role) error {
	err := c.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		known, err := c.findDevice(ctx, tx, id)
		if err != nil {
			return err
		}
		g := known.grant
		g.Scopes = append(slices.Clone(scopes), survey.RegisterScope(c.county))
		slices.SortFunc(g.Scopes, survey.ScopeID.Compare)
		g.Scopes, g.Roles = slices.Compact(g.Scopes), roles
		if _, err := c.renew(ctx, tx, g); err != nil || known.revoked == 0 {
			return err
		}
		return c.setRevoked(ctx, tx, id, 0)
	})
	return fail("central.Regrant", err)
}

// currentGrant returns the grant of a device that may read, renewed if it nears its end.
func (c *Central) currentGrant(ctx context.Context, id survey.DeviceID) (known device, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		known, err = c.findDevice(ctx, tx, id)
		return err
	})
	now := survey.MillisOf(c.clock())
	switch {
	case err != nil:
		return known, err
	case known.revoked != 0:
		return known, deny("这台设备的授权已被收回，请联系乡镇。本机的内容仍会送出。")
	case known.grant.NotAfter < now:
		return known, deny("这台设备的授权已到期，请联系乡镇。本机的内容仍会送出。")
	case known.grant.NotAfter.Time().Sub(now.Time()) > grantLife/2:
		return known, nil
	}
	err = c.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if known, err = c.findDevice(ctx, tx, id); err != nil {
			return err
		}
		known, err = c.renew(ctx, tx, known.grant)
		return err
	})
	return known, err
}

// renew signs the grant under the next serial and with a new end.
func (c *Central) renew(ctx context.Context, tx *sql.Tx, g survey.Grant) (device, error) {
	g.NotAfter = survey.MillisOf(c.clock().Add(grantLife))
	return c.sayAgain(ctx, tx, g)
}

// sayAgain signs a grant under a serial that replaces all that were given out.
func (c *Central) sayAgain(ctx context.Context, tx *sql.Tx, g survey.Grant) (device, error) {
	g.Serial = c.serialAfter(g.Serial)
	signed, err := wire.SignGrant(g, c.key)
	if err != nil {
		return device{}, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE device SET grant_body = $3, grant_sign = $4 WHERE county = $1 AND device_id = $2`,
		int64(c.county), g.Device[:], signed.Grant, signed.Signature)
	return device{grant: g, signed: signed}, err
}

// sayAllAgain gives every grant a new serial, for a device may hold one that this database, put back, has forgotten: what it says
// now counts.
func (c *Central) sayAllAgain(ctx context.Context, tx *sql.Tx) error {
	grants, err := column[[]byte](ctx, tx, `SELECT grant_body FROM device WHERE county = $1 ORDER BY device_id`, int64(c.county))
	for _, raw := range grants {
		var g survey.Grant
		if err := cbor.Unmarshal(raw, &g); err != nil {
			return err
		}
		if _, err := c.sayAgain(ctx, tx, g); err != nil {
			return err
		}
	}
	return err
}

func (c *Central) findDevice(ctx context.Context, tx querier, id survey.DeviceID) (known device, err error) {
	var key []byte
	err = tx.QueryRowContext(ctx, `SELECT sign_key, grant_body, grant_sign, revoked FROM device WHERE county = $1 AND device_id = $2`,
		int64(c.county), id[:]).Scan(&key, &known.signed.Grant, &known.signed.Signature, (*int64)(&known.revoked))
	if errors.Is(err, sql.ErrNoRows) {
		return known, deny("这台设备没有在本服务器登记。")
	}
	if err != nil {
		return known, err
	}
	known.signKey = publicKeyOf(key)
	return known, cbor.Unmarshal(known.signed.Grant, &known.grant)
}

func deny(message string) error {
	return &survey.Error{Kind: survey.Denied, Op: "central", Message: message, Err: errors.New("denied")}
}
