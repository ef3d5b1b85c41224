package store

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// keepFormVersion notes which revision defines a version of a form; the latest definition of a version counts.
func (s *Store) keepFormVersion(ctx context.Context, t *tx, r survey.Revision) error {
	return t.exec(ctx, `INSERT INTO form_version (form_tag, rev_id) VALUES (?, ?)
		ON CONFLICT (form_tag) DO UPDATE SET rev_id = excluded.rev_id`,
		s.formTag(r.Header.Form, r.Header.FormVersion), r.ID[:])
}

func (s *Store) formTag(id survey.FormID, version string) []byte {
	return s.vault.tag("form_version", string(id), version)
}

// Forms returns the newest version of every form, by identifier, and how many of its files have not come yet.
func (s *Store) Forms(ctx context.Context) ([]survey.FormInfo, error) {
	forms, err := s.newestForms(ctx)
	for i := range forms {
		if err == nil {
			err = s.countMissing(ctx, &forms[i])
		}
	}
	return forms, opError("store.Forms", "", err)
}

func (s *Store) newestForms(ctx context.Context) ([]survey.FormInfo, error) {
	newest := map[survey.FormID]survey.FormInfo{}
	err := s.cards(ctx, "WHERE r.type_tag = ? AND r.voided = 0 ORDER BY r.hlc, r.record_id", []any{s.typeTag(survey.TypeForm)},
		func(c cardRow) error {
			newest[c.Form] = survey.FormInfo{ID: c.Form, Version: c.Version, Title: c.Fields[survey.FormTitle]}
			return nil
		})
	return slices.SortedFunc(maps.Values(newest), func(a, b survey.FormInfo) int { return cmp.Compare(a.ID, b.ID) }), err
}

func (s *Store) countMissing(ctx context.Context, info *survey.FormInfo) error {
	return s.db.reader.QueryRowContext(ctx, `SELECT count(*) FROM form_version f JOIN blob_ref b ON b.rev_id = f.rev_id
		WHERE f.form_tag = ? AND NOT EXISTS (SELECT 1 FROM form_file h WHERE h.sha256 = b.sha256)`,
		s.formTag(info.ID, info.Version)).Scan(&info.Missing)
}

// FormXML returns the definition of one version of a form. Old versions stay: a draft keeps the one it was begun with.
func (s *Store) FormXML(ctx context.Context, id survey.FormID, version string) ([]byte, error) {
	body, err := s.formBody(ctx, id, version)
	if err != nil {
		return nil, opError("store.FormXML", "form "+string(id)+" "+version, err)
	}
	return []byte(body.Fields[survey.FormXML]), nil
}

func (s *Store) formBody(ctx context.Context, id survey.FormID, version string) (survey.Body, error) {
	return s.taggedForm(ctx, s.formTag(id, version))
}

func (s *Store) taggedForm(ctx context.Context, tag []byte) (survey.Body, error) {
	var revision survey.RevID
	var payload []byte
	err := s.db.reader.QueryRowContext(ctx, `SELECT v.rev_id, v.payload_sealed FROM form_version f
		JOIN revision v ON v.rev_id = f.rev_id WHERE f.form_tag = ?`, tag).Scan(&revision, &payload)
	if err != nil {
		return survey.Body{}, err
	}
	r, err := s.openRevision(revision, payload)
	if err != nil {
		return survey.Body{}, err
	}
	return wire.DecodeBody(r)
}
