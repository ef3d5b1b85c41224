package wire

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"zoucun/survey"
)

// SealRevision makes the revision that says body under header. It sorts what must be sorted, salts the body, and
// computes the commitment and the ID. random is crypto/rand.Reader everywhere but in tests.
func SealRevision(header survey.Header, body survey.Body, random io.Reader) (survey.Revision, error) {
	header.Parents = sorted(header.Parents, survey.RevID.Compare)
	header.Touched = sorted(header.Touched, comparePaths)
	body.Fields = withoutEmpty(body.Fields)
	body.Attachments = slices.SortedFunc(slices.Values(body.Attachments), func(a, b survey.Attachment) int {
		return strings.Compare(a.Name, b.Name)
	})
	encoded, err := Encode(body)
	if err != nil {
		return survey.Revision{}, fmt.Errorf("encode body: %w", err)
	}
	r := survey.Revision{Header: header, Body: encoded}
	if _, err := io.ReadFull(random, r.Salt[:]); err != nil {
		return survey.Revision{}, fmt.Errorf("salt: %w", err)
	}
	r.Commit = commitment(r.Salt, r.Body)
	plain, err := Encode(r.Header)
	if err != nil {
		return survey.Revision{}, fmt.Errorf("encode header: %w", err)
	}
	r.ID = revisionID(plain, r.Commit)
	return r, checkRevision(r, len(plain))
}

// RevisionID returns H(algorithm, header, commitment). It depends on neither the replica nor the place in its log, and
// outlives the body.
func RevisionID(r survey.Revision) (survey.RevID, error) {
	header, err := Encode(r.Header)
	if err != nil {
		return survey.RevID{}, fmt.Errorf("encode header: %w", err)
	}
	return revisionID(header, r.Commit), nil
}

func revisionID(header []byte, commit survey.Hash) survey.RevID {
	h := sha256.New()
	h.Write([]byte{byte(SHA256Ed25519)})
	h.Write(header)
	h.Write(commit[:])
	return survey.RevID(h.Sum(nil))
}

// VerifyRevision checks that a revision is within limits and is what its ID says. An erased body is no fault.
func VerifyRevision(r survey.Revision) error {
	header, err := Encode(r.Header)
	if err != nil {
		return fmt.Errorf("encode header: %w", err)
	}
	if id := revisionID(header, r.Commit); id != r.ID {
		return fmt.Errorf("revision %s hashes to %s", r.ID, id)
	}
	return checkRevision(r, len(header))
}

// checkRevision is VerifyRevision for a revision whose ID is right. header is how many bytes its header has.
func checkRevision(r survey.Revision, header int) error {
	if err := errors.Join(within("bytes of header", header, MaxHeader), checkHeader(r.Header)); err != nil {
		return fmt.Errorf("revision %s: %w", r.ID, err)
	}
	if Erased(r) {
		return nil
	}
	if commitment(r.Salt, r.Body) != r.Commit {
		return fmt.Errorf("revision %s: body is not the one committed to", r.ID)
	}
	body, err := DecodeBody(r)
	if err != nil {
		return err
	}
	return checkBody(body)
}

// Erased reports whether the revision's body was taken out.
func Erased(r survey.Revision) bool { return len(r.Body) == 0 }

// Erase returns the revision without its body. Its ID and every signature over it stay good.
func Erase(r survey.Revision) survey.Revision {
	r.Body, r.Salt = nil, [16]byte{}
	return r
}

// DecodeBody reads a revision's body; an erased one is empty. What a later version added to bodies is passed over here
// and kept in the bytes.
func DecodeBody(r survey.Revision) (survey.Body, error) {
	if Erased(r) {
		return survey.Body{}, nil
	}
	if err := within("bytes of body", len(r.Body), MaxBody); err != nil {
		return survey.Body{}, err
	}
	var body survey.Body
	if err := lenient.Unmarshal(r.Body, &body); err != nil {
		return survey.Body{}, fmt.Errorf("body of revision %s: %w", r.ID, err)
	}
	return body, nil
}

// AttachmentsOf reads only what a revision's body says of attachments.
func AttachmentsOf(r survey.Revision) ([]survey.Attachment, error) {
	if Erased(r) {
		return nil, nil
	}
	var body struct {
		Attachments []survey.Attachment `cbor:"2,keyasint"`
	}
	if err := lenient.Unmarshal(r.Body, &body); err != nil {
		return nil, fmt.Errorf("body of revision %s: %w", r.ID, err)
	}
	return body.Attachments, nil
}

func commitment(salt [16]byte, body []byte) survey.Hash {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(body)
	return survey.Hash(h.Sum(nil))
}

func checkHeader(h survey.Header) error {
	return errors.Join(
		knownKind(h.Kind),
		notZero("record", h.Record.IsZero()), notZero("scope", h.Scope.IsZero()), notZero("type", h.Type == ""),
		within("bytes of type", len(h.Type), MaxName),
		within("bytes of form", len(h.Form)+len(h.FormVersion), MaxName),
		within("parents", len(h.Parents), MaxParents),
		within("touched fields", len(h.Touched), MaxFields),
		ascending("parents", h.Parents, survey.RevID.Compare),
		ascending("touched fields", h.Touched, comparePaths),
		pathsWithin(slices.Values(h.Touched)),
	)
}

func checkBody(b survey.Body) error {
	err := errors.Join(
		within("fields", len(b.Fields), MaxFields),
		within("joins", len(b.Joins), MaxFields),
		within("attachments", len(b.Attachments), MaxAttachments),
		within("bytes of note", len(b.Note), MaxNote),
		pathsWithin(maps.Keys(b.Fields)),
	)
	for _, a := range b.Attachments {
		err = errors.Join(err, within("bytes of attachment name", len(a.Name)+len(a.MIME), MaxName),
			within("bytes of attachment", int(min(a.Size, MaxBlob+1)), MaxBlob), notZero("attachment size", a.Size < 0))
	}
	return err
}

func knownKind(k survey.RevisionKind) error {
	switch k {
	case survey.Put, survey.Void, survey.Merge, survey.Review, survey.Move, survey.Erase:
		return nil
	}
	return fmt.Errorf("unknown kind of revision %d", k)
}

func notZero(what string, zero bool) error {
	if zero {
		return fmt.Errorf("no %s", what)
	}
	return nil
}

func pathsWithin(paths func(yield func(survey.FieldPath) bool)) error {
	for path := range paths {
		if path == "" || len(path) > MaxPath {
			return fmt.Errorf("field path of %d bytes", len(path))
		}
	}
	return nil
}

func ascending[T any](what string, list []T, compare func(a, b T) int) error {
	for i := 1; i < len(list); i++ {
		if compare(list[i-1], list[i]) >= 0 {
			return fmt.Errorf("%s not in ascending order", what)
		}
	}
	return nil
}

func sorted[T comparable](list []T, compare func(a, b T) int) []T {
	return slices.Compact(slices.SortedFunc(slices.Values(list), compare))
}

func comparePaths(a, b survey.FieldPath) int { return strings.Compare(string(a), string(b)) }

// withoutEmpty drops fields without a value: absent and empty are one thing.
func withoutEmpty(fields survey.Fields) survey.Fields {
	kept := maps.Clone(fields)
	maps.DeleteFunc(kept, func(_ survey.FieldPath, value string) bool { return value == "" })
	return kept
}
