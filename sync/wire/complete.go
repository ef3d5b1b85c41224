package wire

import (
	"errors"
	"fmt"

	"zoucun/survey"
)

func (p *Push) complete() error {
	if err := errors.Join(within("segments", len(p.Segments), MaxSegments), within("bytes of nonce", len(p.Nonce), MaxName)); err != nil {
		return err
	}
	for i := range p.Segments {
		if err := p.Segments[i].complete(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Receipt) complete() error {
	return errors.Join(
		within("replicas", len(r.Replicas), MaxSegments),
		within("rejects", len(r.Rejects), MaxSegments*MaxEntries),
		within("bytes of nonce", len(r.Nonce), MaxName),
	)
}

func (p *Pull) complete() error { return within("cursors", len(p.Cursors), MaxCursors) }

func (r *PullReply) complete() error {
	if err := errors.Join(within("pages", len(r.Pages), MaxPages), within("removed scopes", len(r.Removed), MaxCursors)); err != nil {
		return err
	}
	for i := range r.Pages {
		if err := r.Pages[i].complete(); err != nil {
			return err
		}
	}
	for i := range r.Words {
		if err := r.Words[i].complete(); err != nil {
			return err
		}
	}
	return within("words", len(r.Words), MaxHoldings)
}

// complete holds the feed's promise: items follow the cursor without a gap.
func (p *FeedPage) complete() error {
	if err := within("items", len(p.Items), MaxItems); err != nil {
		return err
	}
	for i := range p.Items {
		item := &p.Items[i]
		if item.Seq != p.After+uint64(i)+1 {
			return fmt.Errorf("feed of scope %s has %d after %d", p.Scope, item.Seq, p.After+uint64(i))
		}
		if err := identify(&item.Revision); err != nil {
			return err
		}
	}
	if last := p.After + uint64(len(p.Items)); last > p.Head && len(p.Items) > 0 {
		return fmt.Errorf("feed of scope %s ends at %d, head %d", p.Scope, last, p.Head)
	}
	return nil
}

func (e *Enrol) complete() error {
	if len(e.SignKey) != 32 || len(e.SealKey) != 32 || len(e.Proof) != 32 || len(e.CodeID) != CodeIDSize {
		return errors.New("key, proof or code of wrong length")
	}
	return within("bytes of challenge", len(e.Challenge), MaxName)
}

func (e *Enrolled) complete() error {
	if len(e.Proof) != 32 || len(e.ServerKey) != 32 {
		return errors.New("key or proof of wrong length")
	}
	return nil
}

func (s *Status) complete() error { return within("bytes of name", len(s.Software), MaxName) }

func (f *Failure) complete() error { return within("bytes of message", len(f.Message), MaxNote) }

// identify fills in the ID of a decoded revision and checks the revision whole.
func identify(r *survey.Revision) error {
	id, err := RevisionID(*r)
	if err != nil {
		return err
	}
	r.ID = id
	if len(r.Body) == 0 {
		r.Body = nil
	}
	return VerifyRevision(*r)
}
