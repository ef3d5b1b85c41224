package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// filesComing is what the person reads while a form lacks files.
const filesComing = "这张表的附件还没收全，现在不能填。连上网络后会自动接收，收全了再来填。"

// FormFiles returns the files that came with the version of a form a draft is filled in with. While one of them is not
// here it returns an error of kind Unavailable.
func (s *Store) FormFiles(ctx context.Context, d survey.Draft) ([]survey.Attachment, error) {
	const op = "store.FormFiles"
	body, err := s.formBody(ctx, d.Form, d.FormVersion)
	if err != nil || len(body.Attachments) == 0 {
		return nil, opError(op, "form "+string(d.Form), err)
	}
	if err := s.keepDraftForm(ctx, d); err != nil {
		return nil, err
	}
	lacking, err := s.lacking(ctx, body.Attachments)
	if err == nil && len(lacking) > 0 {
		err = &survey.Error{
			Kind: survey.Unavailable, Op: op, Subject: "form " + string(d.Form), Message: filesComing, Err: fmt.Errorf("%d files are missing", len(lacking)),
		}
	}
	return body.Attachments, opError(op, "form "+string(d.Form), err)
}

// keepDraftForm notes which version a draft is filled in with, where that is not noted: a draft may have come from
// another device, or from before there were files.
func (s *Store) keepDraftForm(ctx context.Context, d survey.Draft) error {
	var toNote bool
	err := s.db.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM draft WHERE draft_id = ?1)
		AND NOT EXISTS (SELECT 1 FROM draft_form WHERE draft_id = ?1)`, d.ID[:]).Scan(&toNote)
	if err != nil || !toNote {
		return opError("store.keepDraftForm", subjectOf(d.ID), err)
	}
	return s.update(ctx, "store.keepDraftForm", subjectOf(d.ID), func(ctx context.Context, t *tx) error {
		return s.noteDraftForm(ctx, t, d)
	})
}

func (s *Store) noteDraftForm(ctx context.Context, t *tx, d survey.Draft) error {
	return t.exec(ctx, `INSERT INTO draft_form (draft_id, form_tag) SELECT ?1, ?2
		WHERE EXISTS (SELECT 1 FROM draft WHERE draft_id = ?1) ON CONFLICT DO NOTHING`, d.ID[:], s.formTag(d.Form, d.FormVersion))
}

// lacking returns those of a form's files that are not here, the smallest first.
func (s *Store) lacking(ctx context.Context, files []survey.Attachment) ([]survey.Attachment, error) {
	var lacking []survey.Attachment
	for _, file := range files {
		var here bool
		err := s.db.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM form_file WHERE sha256 = ?)", file.SHA256[:]).Scan(&here)
		if err != nil {
			return nil, err
		}
		known := slices.ContainsFunc(lacking, func(a survey.Attachment) bool { return a.SHA256 == file.SHA256 })
		if !here && !known {
			lacking = append(lacking, file)
		}
	}
	slices.SortStableFunc(lacking, func(a, b survey.Attachment) int { return cmp.Compare(a.Size, b.Size) })
	return lacking, nil
}

// FormFile returns the bytes of a file that came with a form. One that is damaged or gone is fetched again.
func (s *Store) FormFile(ctx context.Context, hash survey.Hash) ([]byte, error) {
	const op = "store.FormFile"
	data, err := s.readBlob(hash)
	if err == nil {
		return data, nil
	}
	if survey.KindOf(err) != survey.Damaged && !errors.Is(err, fs.ErrNotExist) {
		return nil, opError(op, "blob "+hash.String(), err)
	}
	dropped := s.dropFormFiles(ctx, []survey.Hash{hash})
	return nil, &survey.Error{
		Kind: survey.Unavailable, Op: op, Subject: "blob " + hash.String(), Err: errors.Join(err, dropped),
		Message: "这张表的一个附件坏了，已填的内容都在。连上网络后会自动重新接收，收好了再来填。",
	}
}

// dropFormFiles forgets files of forms, what has come of them too, and deletes those that nothing else refers to.
func (s *Store) dropFormFiles(ctx context.Context, hashes []survey.Hash) error {
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	err := s.update(ctx, "store.dropFormFiles", "", func(ctx context.Context, t *tx) error {
		for _, hash := range hashes {
			err := errors.Join(
				t.exec(ctx, "DELETE FROM form_file WHERE sha256 = ?", hash[:]),
				t.exec(ctx, "DELETE FROM form_piece WHERE sha256 = ?", hash[:]),
			)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.tidy(ctx, hashes...)
	}
	return err
}

// TendFormFiles drops the files of forms that no version in use needs any more, and returns those to fetch, the
// smallest first. In use are the newest version of each form and those that drafts were begun with.
func (s *Store) TendFormFiles(ctx context.Context) ([]survey.Attachment, error) {
	wanted, err := s.wantedFormFiles(ctx)
	if err != nil {
		return nil, opError("store.TendFormFiles", "", err)
	}
	var unused []survey.Hash
	err = s.db.each(ctx, "SELECT sha256 FROM form_file UNION SELECT sha256 FROM form_piece", nil, func(row rowScan) error {
		var hash survey.Hash
		err := row(&hash)
		if !slices.ContainsFunc(wanted, func(a survey.Attachment) bool { return a.SHA256 == hash }) {
			unused = append(unused, hash)
		}
		return err
	})
	if err == nil && len(unused) > 0 {
		err = s.dropFormFiles(ctx, unused)
	}
	if err != nil {
		return nil, opError("store.TendFormFiles", "", err)
	}
	lacking, err := s.lacking(ctx, wanted)
	return lacking, opError("store.TendFormFiles", "", err)
}

// wantedFormFiles returns the files of every version in use.
func (s *Store) wantedFormFiles(ctx context.Context) ([]survey.Attachment, error) {
	var any bool
	err := s.db.reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM blob_ref b JOIN form_version f ON f.rev_id = b.rev_id)`).Scan(&any)
	if err != nil || !any {
		return nil, err
	}
	tags, err := s.tagsInUse(ctx)
	if err != nil {
		return nil, err
	}
	var wanted []survey.Attachment
	for _, tag := range tags {
		body, err := s.taggedForm(ctx, tag)
		switch {
		case errors.Is(err, sql.ErrNoRows), survey.KindOf(err) == survey.Damaged:
			continue // it has not come, or comes again
		case err != nil:
			return nil, err
		}
		wanted = append(wanted, body.Attachments...)
	}
	return wanted, nil
}

func (s *Store) tagsInUse(ctx context.Context) ([][]byte, error) {
	newest, err := s.newestForms(ctx)
	if err != nil {
		return nil, err
	}
	var tags [][]byte
	for _, info := range newest {
		tags = append(tags, s.formTag(info.ID, info.Version))
	}
	err = s.db.each(ctx, "SELECT DISTINCT form_tag FROM draft_form", nil, func(row rowScan) error {
		var tag []byte
		err := row(&tag)
		tags = append(tags, tag)
		return err
	})
	return tags, err
}

// FormFileHeld returns how many bytes of a form's file have come.
func (s *Store) FormFileHeld(ctx context.Context, hash survey.Hash) (held int64, err error) {
	err = s.db.reader.QueryRowContext(ctx, "SELECT coalesce(sum(length), 0) FROM form_piece WHERE sha256 = ?", hash[:]).Scan(&held)
	return held, opError("store.FormFileHeld", "blob "+hash.String(), err)
}

// AddToFormFile keeps the next bytes of a form's file and returns how many are here; bytes that do not follow those change
// nothing. With the last the file is put together, and is in use from then on. When it is not what its name says all
// of it is dropped, and the error is of kind Damaged.
func (s *Store) AddToFormFile(ctx context.Context, file survey.Attachment, at int64, piece []byte) (held int64, err error) {
	const op = "store.AddToFormFile"
	subject := "blob " + file.SHA256.String()
	if held, err = s.FormFileHeld(ctx, file.SHA256); err != nil {
		return 0, err
	}
	if held == at && len(piece) > 0 && at+int64(len(piece)) <= file.Size {
		err = s.update(ctx, op, subject, func(ctx context.Context, t *tx) error {
			t.quiet = true
			place := piecePlace(file.SHA256, at)
			return t.exec(ctx, "INSERT INTO form_piece (sha256, at, length, bytes_sealed) VALUES (?, ?, ?, ?)",
				file.SHA256[:], at, len(piece), s.vault.box.Seal(piece, place))
		})
		if err != nil {
			return held, err
		}
		held += int64(len(piece))
	}
	if held < file.Size {
		return held, nil
	}
	if err := s.assemble(ctx, file); err != nil {
		return held, opError(op, subject, err)
	}
	return file.Size, nil
}

// assemble makes an attachment of the pieces of a file.
func (s *Store) assemble(ctx context.Context, file survey.Attachment) error {
	b, err := s.receiveBlob(&pieces{store: s, file: file})
	switch {
	case err == nil && b.hash != file.SHA256:
		err = damaged("store.assemble", "blob "+file.SHA256.String(), errors.New("hash differs"))
		return errors.Join(err, s.disk.Remove(b.part), s.dropFormFiles(ctx, []survey.Hash{file.SHA256}))
	case survey.KindOf(err) == survey.Damaged:
		return errors.Join(err, s.dropFormFiles(ctx, []survey.Hash{file.SHA256}))
	case err != nil:
		return err
	}
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	if err := s.settleBlob(b); err != nil {
		return err
	}
	return s.update(ctx, "store.assemble", "blob "+file.SHA256.String(), func(ctx context.Context, t *tx) error {
		return errors.Join(
			t.exec(ctx, "INSERT INTO form_file (sha256, size) VALUES (?, ?) ON CONFLICT DO NOTHING", file.SHA256[:], file.Size),
			t.exec(ctx, "DELETE FROM form_piece WHERE sha256 = ?", file.SHA256[:]),
		)
	})
}

func piecePlace(hash survey.Hash, at int64) seal.Place {
	return placeOf("form_piece.bytes_sealed", binary.BigEndian.AppendUint64(hash[:], uint64(at)))
}

// pieces reads what has come of a file, one piece after the other.
type pieces struct {
	store *Store
	file  survey.Attachment
	at    int64
	rest  bytes.Reader
}

// Read implements [io.Reader].
func (p *pieces) Read(into []byte) (int, error) {
	if p.rest.Len() == 0 {
		if p.at == p.file.Size {
			return 0, io.EOF
		}
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	return p.rest.Read(into)
}

func (p *pieces) next() error {
	var sealed []byte
	err := p.store.db.reader.QueryRowContext(context.Background(), "SELECT bytes_sealed FROM form_piece WHERE sha256 = ? AND at = ?",
		p.file.SHA256[:], p.at).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return damaged("store.pieces", "blob "+p.file.SHA256.String(), err)
	}
	if err != nil {
		return err
	}
	plain, err := p.store.vault.box.Open(sealed, piecePlace(p.file.SHA256, p.at))
	if err != nil || len(plain) == 0 || len(plain) > wire.MaxChunk {
		return damaged("store.pieces", "blob "+p.file.SHA256.String(), errors.Join(err, fmt.Errorf("piece of %d bytes", len(plain))))
	}
	p.at += int64(len(plain))
	p.rest.Reset(plain)
	return nil
}
