package wire

import (
	"crypto/ed25519"
	"fmt"

	"zoucun/survey"
)

// End returns the cursor behind the page.
func (p FeedPage) End() uint64 { return p.After + uint64(len(p.Items)) }

// pageText is what the signature of a page is over: all that a reader does with it. What a revision says is bound by its
// identifier; an erased body is no fault in that, so it is said of each item whether its body was there.
type pageText struct {
	Scope survey.ScopeID `cbor:"1,keyasint"`
	Epoch survey.Epoch   `cbor:"2,keyasint"`
	After uint64         `cbor:"3,keyasint"`
	Head  uint64         `cbor:"4,keyasint"`
	Time  survey.Millis  `cbor:"5,keyasint"`
	Items []itemText     `cbor:"6,keyasint"` // from After + 1 on; End is behind the last
}

type itemText struct {
	Op       FeedOp       `cbor:"1,keyasint"`
	HLC      survey.HLC   `cbor:"2,keyasint"`
	Revision survey.RevID `cbor:"3,keyasint"`
	Bare     bool         `cbor:"4,keyasint"` // without its body
}

// Sign returns the page with the server's signature over all that a reader does with it. Time must be set.
func (p FeedPage) Sign(key ed25519.PrivateKey) (FeedPage, error) {
	message, err := p.text()
	if err != nil {
		return p, err
	}
	p.Signature = ed25519.Sign(key, message)
	return p, nil
}

// Verify checks that the page is the server's word, whoever hands it down.
func (p FeedPage) Verify(key ed25519.PublicKey) error {
	message, err := p.text()
	if err != nil {
		return err
	}
	return verify(key, message, p.Signature)
}

func (p FeedPage) text() ([]byte, error) {
	t := pageText{Scope: p.Scope, Epoch: p.Epoch, After: p.After, Head: p.Head, Time: p.Time}
	for _, item := range p.Items {
		t.Items = append(t.Items, itemText{Op: item.Op, HLC: item.HLC, Revision: item.Revision.ID, Bare: Erased(item.Revision)})
	}
	raw, err := Encode(t)
	if err != nil {
		return nil, fmt.Errorf("encode page: %w", err)
	}
	return append([]byte(feedPurpose), raw...), nil
}
