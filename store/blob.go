package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// blobFolder is the folder of attachments. A file's name is the SHA-256 of its plain bytes; its content is sealed.
type blobFolder string

func (f blobFolder) path(hash survey.Hash) string { return filepath.Join(string(f), hash.String()) }

// incomingBlob is an attachment that is on disk under a passing name.
type incomingBlob struct {
	part string
	hash survey.Hash
	size int64
}

// receiveBlob puts bytes on disk, sealed. It needs no lock: they may come slowly, from a card or from a drive far away.
func (s *Store) receiveBlob(r io.Reader) (b incomingBlob, err error) {
	b.part = filepath.Join(string(s.blobs), fmt.Sprintf("incoming-%d%s", s.incoming.Add(1), unfinished))
	f, err := s.disk.Create(b.part)
	if err != nil {
		return b, err
	}
	b.hash, b.size, err = sealChunks(s.vault.box, f, r, wire.MaxBlob)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return b, errors.Join(err, s.disk.Remove(b.part))
	}
	return b, nil
}

// settleBlob gives a received attachment its hash for a name, unless there is one of that name. The caller holds
// blobsInUse.
func (s *Store) settleBlob(b incomingBlob) error {
	if _, known := os.Stat(s.blobs.path(b.hash)); known == nil {
		return s.disk.Remove(b.part)
	}
	if err := s.disk.Rename(b.part, s.blobs.path(b.hash)); err != nil {
		return errors.Join(err, s.disk.Remove(b.part))
	}
	return s.disk.SyncFolder(string(s.blobs))
}

// readBlob returns the bytes with a hash, having checked that they are.
func (s *Store) readBlob(hash survey.Hash) ([]byte, error) {
	var data []byte
	a, err := openChunks(s.vault.box, s.blobs.path(hash), hash)
	switch {
	case errors.Is(err, errWhole):
		if data, err = s.readWhole(hash); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		data = make([]byte, a.size)
		_, err := a.ReadAt(data, 0)
		if err := errors.Join(err, a.Close()); err != nil {
			return nil, err
		}
	}
	if survey.Hash(sha256.Sum256(data)) != hash {
		return nil, damaged("store.readBlob", "blob "+hash.String(), errors.New("hash differs"))
	}
	return data, nil
}

// readWhole reads a file of the first version.
func (s *Store) readWhole(hash survey.Hash) ([]byte, error) {
	sealed, err := os.ReadFile(s.blobs.path(hash))
	if err != nil {
		return nil, err
	}
	data, err := s.vault.box.Open(sealed, placeOf("blob", hash[:]))
	if err != nil {
		return nil, damaged("store.readBlob", "blob "+hash.String(), err)
	}
	return data, nil
}

// OpenBlob opens an attachment for reading anywhere in it: whoever goes on with an upload reads only what is still to
// be sent. An attachment of the first version is first sealed again in chunks.
func (s *Store) OpenBlob(_ context.Context, hash survey.Hash) (*Attached, error) {
	a, err := openChunks(s.vault.box, s.blobs.path(hash), hash)
	if errors.Is(err, errWhole) {
		if err = s.reseal(hash); err == nil {
			a, err = openChunks(s.vault.box, s.blobs.path(hash), hash)
		}
	}
	return a, opError("store.OpenBlob", "blob "+hash.String(), err)
}

// reseal puts an attachment of the first version into chunks.
func (s *Store) reseal(hash survey.Hash) error {
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	data, err := s.readBlob(hash)
	if err != nil {
		return err
	}
	return fillDurably(s.disk, s.blobs.path(hash), func(f DiskFile) error {
		_, _, err := sealChunks(s.vault.box, f, bytes.NewReader(data), wire.MaxBlob)
		return err
	})
}

// blobInUse finds a hash that a draft, a finished record or a form still needs.
const blobInUse = `SELECT EXISTS (SELECT 1 FROM draft_file WHERE sha256 = ?1) OR EXISTS (SELECT 1 FROM blob WHERE sha256 = ?1)
	OR EXISTS (SELECT 1 FROM form_file WHERE sha256 = ?1)`

// tidy deletes those files that nothing refers to any more. What it cannot delete now is swept when the store is next
// opened: what made the files unused has been done all the same. The caller holds blobsInUse.
func (s *Store) tidy(ctx context.Context, hashes ...survey.Hash) {
	if err := s.removeUnused(context.WithoutCancel(ctx), hashes); err != nil {
		s.log.WarnContext(ctx, "unused attachments stay until the next start", slog.Any("error", err))
	}
}

func (s *Store) removeUnused(ctx context.Context, hashes []survey.Hash) error {
	for _, hash := range hashes {
		var used bool
		if err := s.db.reader.QueryRowContext(ctx, blobInUse, hash[:]).Scan(&used); err != nil {
			return opError("store.removeUnused", "", err)
		}
		if used || hash.IsZero() {
			continue
		}
		if err := s.disk.Remove(s.blobs.path(hash)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fileError("store.removeUnused", err)
		}
	}
	return nil
}

// sweepBlobs deletes what a killed process left behind: files whose transaction never came about, and halves of files.
func (s *Store) sweepBlobs(ctx context.Context) error {
	entries, err := os.ReadDir(string(s.blobs))
	if err != nil {
		return fileError("store.sweepBlobs", err)
	}
	var left []survey.Hash
	for _, entry := range entries {
		hash, err := survey.ParseHash(entry.Name())
		if err == nil {
			left = append(left, hash)
		} else if filepath.Ext(entry.Name()) == unfinished {
			err = s.disk.Remove(filepath.Join(string(s.blobs), entry.Name()))
			if err != nil {
				return fileError("store.sweepBlobs", err)
			}
		}
	}
	s.blobsInUse.Lock()
	defer s.blobsInUse.Unlock()
	return s.removeUnused(ctx, left)
}

// UndeliveredBlobs returns the attachments the server does not hold yet and whose records it does, the smallest first.
// They have no name: the server asks for none.
func (s *Store) UndeliveredBlobs(ctx context.Context) ([]survey.Attachment, error) {
	var blobs []survey.Attachment
	err := s.db.each(ctx, `SELECT b.sha256, b.size FROM blob b
		WHERE b.done = 0 AND EXISTS (
			SELECT 1 FROM blob_ref f JOIN delivery d ON d.rev_id = f.rev_id WHERE f.sha256 = b.sha256 AND d.far > 0)
		ORDER BY b.size, b.sha256`, nil, func(row rowScan) error {
		var blob survey.Attachment
		err := row(&blob.SHA256, &blob.Size)
		blobs = append(blobs, blob)
		return err
	})
	return blobs, opError("store.UndeliveredBlobs", "", err)
}

// Blob returns the bytes of an attachment.
func (s *Store) Blob(_ context.Context, hash survey.Hash) ([]byte, error) {
	data, err := s.readBlob(hash)
	return data, opError("store.Blob", "blob "+hash.String(), err)
}

// BlobDelivered notes that the server has signed for holding all of an attachment.
func (s *Store) BlobDelivered(ctx context.Context, hash survey.Hash) error {
	return s.update(ctx, "store.BlobDelivered", "blob "+hash.String(), func(ctx context.Context, t *tx) error {
		return t.exec(ctx, "UPDATE blob SET done = 1 WHERE sha256 = ?", hash[:])
	})
}
