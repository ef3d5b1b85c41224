package wire

import (
	"slices"

	"zoucun/internal/columns"
	"zoucun/survey"
)

// compactMark begins a compact push; a zstd frame begins otherwise.
const compactMark = 0xc1

// PackCompact returns a push as it travels where bytes are dear: without the commitments that follow from the bodies, laid out by
// field ([columns]), in one zstd frame behind a mark, or as Pack does where that is shorter. It takes some times as long, and
// halves a push of many visits.
func PackCompact(p *Push) ([]byte, error) {
	plain, err := Pack(p)
	if err != nil {
		return nil, err
	}
	raw, err := Encode(withoutCommits(*p))
	if err != nil {
		return nil, err
	}
	laid, err := columns.Encode(raw)
	if err != nil || len(laid) > MaxMessage {
		return plain, nil //nolint:nilerr // it need not be laid out
	}
	compact := tight.EncodeAll(laid, []byte{compactMark})
	if len(plain) <= len(compact) {
		return plain, nil
	}
	return compact, nil
}

// UnpackPush reads what Pack or PackCompact made of a push.
func UnpackPush(body []byte) (Push, error) {
	if len(body) == 0 || body[0] != compactMark {
		return Unpack[Push](body)
	}
	p, err := uncompact(body[1:])
	if err != nil {
		return Push{}, damaged("wire.UnpackPush", err)
	}
	return p, nil
}

func uncompact(body []byte) (p Push, err error) {
	laid, err := unpacker.DecodeAll(body, nil)
	if err != nil {
		return p, err
	}
	raw, err := columns.Decode(laid, MaxMessage)
	if err != nil {
		return p, err
	}
	if err := decodeExactly(raw, &p); err != nil {
		return p, err
	}
	for _, s := range p.Segments {
		for i := range s.Entries {
			if r := &s.Entries[i].Revision; r.Commit.IsZero() && !Erased(*r) {
				r.Commit = commitment(r.Salt, r.Body)
			}
		}
	}
	return p, p.complete()
}

// withoutCommits leaves out the commitments that whoever has the body can compute.
func withoutCommits(p Push) Push {
	p.Segments = slices.Clone(p.Segments)
	for i, s := range p.Segments {
		s.Entries = slices.Clone(s.Entries)
		for k := range s.Entries {
			if r := &s.Entries[k].Revision; !Erased(*r) && r.Commit == commitment(r.Salt, r.Body) {
				r.Commit = survey.Hash{}
			}
		}
		p.Segments[i] = s
	}
	return p
}
