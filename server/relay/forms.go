package relay

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"zoucun/survey"
	"zoucun/sync/client"
)

// maxForms bounds the bytes of all files that come with forms; those of the latest definitions are kept.
const maxForms = 512 << 20

// formFiles returns the files to hand down of the forms that the register defines.
func (r *Relay) formFiles() map[survey.Hash]survey.Attachment {
	wanted := map[survey.Hash]survey.Attachment{}
	f := r.feeds[survey.RegisterScope(r.county.Enrolment.Grant.County)]
	if f == nil {
		return wanted
	}
	var size int64
	for _, p := range slices.Backward(f.pages) {
		for _, a := range slices.Backward(p.forms) {
			if _, twice := wanted[a.SHA256]; !twice && size+a.Size <= maxForms {
				wanted[a.SHA256], size = a, size+a.Size
			}
		}
	}
	return wanted
}

// carryForms brings the files of forms from the county, the smallest first, and deletes those that no form names any more.
func (r *Relay) carryForms(ctx context.Context, line *client.Line) (failed error) {
	wanted, err := r.settleForms(ctx)
	if err != nil {
		return err
	}
	for _, a := range wanted {
		err := r.fetchForm(ctx, line, a)
		if survey.KindOf(err) == survey.Unavailable {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// settleForms notes which files will lie among the attachments before they do, so that none is forgotten there, and returns
// them.
func (r *Relay) settleForms(ctx context.Context) ([]survey.Attachment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wanted := r.formFiles()
	for _, a := range r.county.Forms {
		if _, stays := wanted[a.SHA256]; stays || r.files[a.SHA256] != nil {
			continue
		}
		if err := r.o.Blobs.Remove(ctx, a.SHA256); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	list := slices.SortedFunc(maps.Values(wanted), func(a, b survey.Attachment) int {
		if a.Size != b.Size {
			return int(min(1, max(-1, a.Size-b.Size)))
		}
		return slices.Compare(a.SHA256[:], b.SHA256[:])
	})
	if slices.Equal(list, r.county.Forms) {
		return list, nil
	}
	next := r.county
	next.Forms = list
	return list, r.keepCounty(next)
}

// fetchForm goes on with a file from where it was left.
func (r *Relay) fetchForm(ctx context.Context, line *client.Line, a survey.Attachment) error {
	at, err := r.o.Blobs.Held(ctx, a.SHA256, a.Size)
	for err == nil && at < a.Size {
		var piece []byte
		if piece, err = line.Fetch(ctx, a, at); err == nil {
			at, err = r.o.Blobs.Append(ctx, a.SHA256, a.Size, at, piece)
		}
	}
	return err
}
