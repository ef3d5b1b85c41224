package central

import (
	"context"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// people settles whether a revision's author uses the device, and whether a user record is about the device in whose
// log it stands and about somebody in the register.
func (a *arrival) people(ctx context.Context, r survey.Revision, who standing, p *place) (err error) {
	if who.trusted {
		return nil
	}
	if r.Header.Type == survey.TypeUser {
		if p.claim, err = a.claims(ctx, r, who.grant); err != nil {
			return err
		}
	}
	if p.user = r.Header.Author == who.grant.Person; p.user {
		return nil
	}
	p.user, err = a.usesDevice(ctx, who.grant, r.Header.Author)
	return err
}

// claims reports whether a user record names the grant's device and a person of the register.
func (a *arrival) claims(ctx context.Context, r survey.Revision, grant survey.Grant) (bool, error) {
	if r.Header.Kind == survey.Void {
		return a.isClaimOf(ctx, r.Header.Record, grant)
	}
	body, err := wire.DecodeBody(r)
	if err != nil {
		return false, err
	}
	person := personIn(body)
	shared := survey.RegisterScope(grant.County)
	if r.Header.Scope != shared || r.Header.Record != survey.UserRecord(shared, grant.Device, person) {
		return false, nil
	}
	var known int
	err = a.tx.QueryRowContext(ctx, `SELECT count(*) FROM record WHERE county = $1 AND record_id = $2 AND type = $3`,
		int64(a.county), person[:], string(survey.TypeStaff)).Scan(&known)
	return known > 0, err
}

// personIn returns the person a user record names, or nobody, whom no register has.
func personIn(body survey.Body) survey.PersonID {
	person, err := survey.ParseID[survey.PersonID](body.Fields[survey.UserPerson])
	if err != nil {
		return survey.PersonID{}
	}
	return person
}

// isClaimOf reports whether a user record that is held was about the grant's device: it may be taken back there.
func (a *arrival) isClaimOf(ctx context.Context, id survey.RecordID, grant survey.Grant) (bool, error) {
	heads, err := a.headersOf(ctx, id)
	return slices.ContainsFunc(heads, func(h survey.Header) bool { return h.Device == grant.Device }), err
}

// usesDevice reports whether a user record that counts says that the person uses the grant's device.
func (a *arrival) usesDevice(ctx context.Context, grant survey.Grant, person survey.PersonID) (bool, error) {
	heads, err := a.headersOf(ctx, survey.UserRecord(survey.RegisterScope(grant.County), grant.Device, person))
	return slices.ContainsFunc(heads, func(h survey.Header) bool { return h.Kind == survey.Put }), err
}

// headersOf returns the headers of a record's heads.
func (a *arrival) headersOf(ctx context.Context, id survey.RecordID) (headers []survey.Header, err error) {
	rows, err := a.tx.QueryContext(ctx, `SELECT v.header FROM record_head h
		JOIN revision v ON v.county = h.county AND v.rev_id = h.rev_id WHERE h.county = $1 AND h.record_id = $2`, int64(a.county), id[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return nil, err
		}
		var header survey.Header
		if err := cbor.Unmarshal(raw, &header); err != nil {
			return nil, err
		}
		headers = append(headers, header)
	}
	return headers, rows.Err()
}
