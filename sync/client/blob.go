package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// smallestChunk keeps a chunk worth its round trip, and small enough to get across before a poor network is cut.
const smallestChunk = 16 << 10

// upload hands over attachments. One that cannot be read or is refused does not keep the others.
func (a *Agent) upload(ctx context.Context) error {
	blobs, err := a.log.UndeliveredBlobs(ctx)
	if err != nil {
		return err
	}
	var total, done int64
	for _, blob := range blobs {
		total += blob.Size
	}
	var failed error
	for _, blob := range blobs {
		err := a.uploadBlob(ctx, blob, func(offset int64) {
			a.report(survey.Progress{Activity: survey.Uploading, Done: done + offset, Total: total})
		})
		if survey.KindOf(err) == survey.Unavailable {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, err)
		done += blob.Size
	}
	return failed
}

// uploadBlob hands over what the server lacks of one attachment.
func (a *Agent) uploadBlob(ctx context.Context, blob survey.Attachment, progress func(offset int64)) error {
	data, err := a.log.Blob(ctx, blob.SHA256)
	if err != nil {
		return err
	}
	offset, err := a.held(ctx, blob)
	for err == nil && offset < int64(len(data)) {
		progress(offset)
		offset, err = a.uploadChunk(ctx, blob, data, offset)
	}
	if err != nil {
		return err
	}
	return a.log.BlobDelivered(ctx, blob.SHA256)
}

// held asks how many bytes of an attachment the server holds durably.
func (a *Agent) held(ctx context.Context, blob survey.Attachment) (int64, error) {
	answer, err := a.link.exchange(ctx, call{method: http.MethodHead, path: wire.PathBlob + blob.SHA256.String()})
	if err != nil {
		return 0, err
	}
	if err := answer.refusal("client.held"); err != nil {
		return 0, err
	}
	return answer.offset(blob)
}

// uploadChunk sends bytes from offset on and returns how many the server then holds.
func (a *Agent) uploadChunk(ctx context.Context, blob survey.Attachment, data []byte, offset int64) (int64, error) {
	chunk := data[offset:min(int64(len(data)), offset+int64(min(max(a.pace.batch, smallestChunk), wire.MaxChunk)))]
	begun := a.o.Clock()
	answer, err := a.link.exchange(ctx, call{
		method: http.MethodPatch, path: wire.PathBlob + blob.SHA256.String(), body: chunk,
		offset: strconv.FormatInt(offset, 10), length: strconv.FormatInt(blob.Size, 10),
	})
	if err != nil {
		a.pace.shrink()
		return offset, err
	}
	if err := answer.refusal("client.upload"); err != nil && answer.status != http.StatusConflict {
		return offset, err
	}
	a.pace.took(len(chunk), a.o.Clock().Sub(begun))
	held, err := answer.offset(blob)
	a.moved = a.moved || err == nil && held > offset
	if err == nil && held == offset {
		err = &survey.Error{Kind: survey.Unavailable, Op: "client.upload", Err: errors.New("no progress")}
	}
	return held, err
}

// offset reads how many bytes of the attachment a reply says are held.
func (a answer) offset(blob survey.Attachment) (int64, error) {
	offset, err := strconv.ParseInt(a.header.Get(wire.HeaderOffset), 10, 64)
	if err != nil || offset < 0 || offset > blob.Size {
		return 0, unavailable(fmt.Errorf("offset %q of %d bytes", a.header.Get(wire.HeaderOffset), blob.Size))
	}
	return offset, nil
}
