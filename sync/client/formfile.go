package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// fetchFormFiles brings the files that come with forms. One that is not to be had does not keep the others.
func (a *Agent) fetchFormFiles(ctx context.Context) error {
	files, err := a.log.TendFormFiles(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, file := range files {
		err := a.fetchFormFile(ctx, file)
		if survey.KindOf(err) == survey.Unavailable {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// fetchFormFile goes on with a file from where it was left.
func (a *Agent) fetchFormFile(ctx context.Context, file survey.Attachment) error {
	at, err := a.log.FormFileHeld(ctx, file.SHA256)
	if err != nil {
		return err
	}
	for {
		var piece []byte
		if at < file.Size {
			a.report(survey.Progress{Activity: survey.Fetching})
			if piece, err = a.fetchPiece(ctx, file, at); err != nil {
				return err
			}
		}
		next, err := a.log.AddToFormFile(ctx, file, at, piece)
		switch {
		case err != nil:
			return err
		case next == file.Size:
			return nil
		case next <= at:
			return stuck("client.fetchFormFile", 1, nil)
		}
		at = next
	}
}

// fetchPiece asks for the bytes of a file from an offset on, no more than the pace allows.
func (a *Agent) fetchPiece(ctx context.Context, file survey.Attachment, at int64) ([]byte, error) {
	end := min(file.Size, at+int64(a.pace.chunk))
	answer, err := a.link.exchange(ctx, call{
		method: http.MethodGet, path: wire.PathBlob + file.SHA256.String(), span: fmt.Sprintf("bytes=%d-%d", at, end-1),
	})
	if err != nil {
		a.pace.stuck()
		return nil, err
	}
	if err := answer.refusal("client.fetchPiece"); err != nil {
		return nil, err
	}
	if n := int64(len(answer.body)); n == 0 || n > end-at {
		return nil, unavailable(fmt.Errorf("%d bytes of %d", n, end-at))
	}
	a.pace.took(0, len(answer.body), answer.took)
	return answer.body, nil
}
