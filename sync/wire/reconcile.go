package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"zoucun/survey"
)

const (
	// Buckets is how many parts the revisions of a scope are compared in: by the first byte of their identifiers.
	Buckets = 256
	// digestSize is how many bytes of a SHA-256 stand for a bucket, and of an identifier for a revision.
	digestSize = 16
)

// Reconcile asks what a server that has begun a new life lacks of a scope: it says what of the scope's feed is held
// here.
type Reconcile struct {
	Scope   survey.ScopeID `cbor:"1,keyasint"`
	Digests []byte         `cbor:"2,keyasint"` // what DigestsOf returns
	// From is the first bucket that is asked about.
	From int `cbor:"3,keyasint,omitempty" json:",omitempty"`
}

// Differences are the buckets in which a server's feed is not what the device said, with what the server has of them.
type Differences struct {
	Epoch   survey.Epoch `cbor:"1,keyasint"`
	Buckets []Bucket     `cbor:"2,keyasint"` // in ascending order
	More    bool         `cbor:"3,keyasint"` // there are more than a reply holds: ask again from behind the last
}

// Bucket is what the server's feed has of one bucket.
type Bucket struct {
	Index int    `cbor:"1,keyasint"`
	Held  []byte `cbor:"2,keyasint"` // the first 16 bytes of each identifier, ascending
}

// Stamp is the server's signed word that these revisions stood in a page of a feed. A revision by itself is signed by
// nobody: the stamp is what lets anybody who holds it hand it back to the server that published it.
type Stamp struct {
	Scope     survey.ScopeID `cbor:"1,keyasint"`
	Epoch     survey.Epoch   `cbor:"2,keyasint"`
	After     uint64         `cbor:"3,keyasint"`
	Revisions []survey.RevID `cbor:"4,keyasint"` // in the feed's order
	Signature []byte         `cbor:"5,keyasint"` // over the stamp with this field empty
}

// Offer hands over revisions of a scope that the server lacks, whoever wrote them, with the stamps they stand in.
type Offer struct {
	Scope     survey.ScopeID    `cbor:"1,keyasint"`
	Stamps    []Stamp           `cbor:"2,keyasint"`
	Revisions []survey.Revision `cbor:"3,keyasint"`
}

// Offered is the server's answer to an offer: all of it is on the server's disk.
type Offered struct {
	Epoch survey.Epoch `cbor:"1,keyasint"`
	Taken uint64       `cbor:"2,keyasint"` // revisions that were not there before
}

// DigestsOf returns what stands for a set of revisions, bucket by bucket: the first 16 bytes of SHA-256 over the
// bucket's identifiers in ascending order, zeros for an empty one.
func DigestsOf(ids []survey.RevID) []byte {
	digests := make([]byte, 0, Buckets*digestSize)
	for _, bucket := range bucketsOf(ids) {
		if len(bucket) == 0 {
			digests = append(digests, make([]byte, digestSize)...)
			continue
		}
		h := sha256.New()
		for _, id := range bucket {
			h.Write(id[:])
		}
		digests = append(digests, h.Sum(nil)[:digestSize]...)
	}
	return digests
}

func bucketsOf(ids []survey.RevID) (buckets [Buckets][]survey.RevID) {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, survey.RevID.Compare)
	for _, id := range slices.Compact(ids) {
		buckets[id[0]] = append(buckets[id[0]], id)
	}
	return buckets
}

// Against compares what came with what is held, and returns as many buckets as a reply holds.
func (r Reconcile) Against(ids []survey.RevID) (different []Bucket, more bool) {
	ours := DigestsOf(ids)
	size := 0
	for i, bucket := range bucketsOf(ids) {
		from, to := i*digestSize, (i+1)*digestSize
		if i < r.From || slices.Equal(r.Digests[from:to], ours[from:to]) {
			continue
		}
		b := Bucket{Index: i, Held: []byte{}}
		for _, id := range bucket {
			b.Held = append(b.Held, id[:digestSize]...)
		}
		if size += len(b.Held); size > MaxPage && len(different) > 0 {
			return different, true
		}
		different = append(different, b)
	}
	return different, false
}

// Lacks returns those of the identifiers that fall into a bucket and that the server does not have.
func (d Differences) Lacks(ids []survey.RevID) []survey.RevID {
	held := map[int]map[[digestSize]byte]struct{}{}
	for _, b := range d.Buckets {
		held[b.Index] = map[[digestSize]byte]struct{}{}
		for known := range slices.Chunk(b.Held, digestSize) {
			held[b.Index][[digestSize]byte(known)] = struct{}{}
		}
	}
	var lacking []survey.RevID
	for _, id := range ids {
		bucket, different := held[int(id[0])]
		if _, there := bucket[[digestSize]byte(id[:digestSize])]; different && !there {
			lacking = append(lacking, id)
		}
	}
	return lacking
}

// StampOf returns the stamp of a page that carries one.
func StampOf(p FeedPage) Stamp {
	s := Stamp{Scope: p.Scope, Epoch: p.Epoch, After: p.After, Signature: p.Stamp}
	for _, item := range p.Items {
		s.Revisions = append(s.Revisions, item.Revision.ID)
	}
	return s
}

// SignPage returns the page with the server's stamp.
func SignPage(p FeedPage, key ed25519.PrivateKey) (FeedPage, error) {
	message, err := StampOf(p).signed()
	if err != nil {
		return p, err
	}
	p.Stamp = ed25519.Sign(key, message)
	return p, nil
}

// Verify checks that the stamp is the server's word.
func (s Stamp) Verify(key ed25519.PublicKey) error {
	message, err := s.signed()
	if err != nil {
		return err
	}
	return verify(key, message, s.Signature)
}

func (s Stamp) signed() ([]byte, error) {
	s.Signature = nil
	raw, err := Encode(s)
	if err != nil {
		return nil, fmt.Errorf("encode stamp: %w", err)
	}
	return append([]byte(stampPurpose), raw...), nil
}

func (r *Reconcile) complete() error {
	if len(r.Digests) != Buckets*digestSize || r.From < 0 || r.From >= Buckets {
		return fmt.Errorf("%d bytes of digests, from bucket %d", len(r.Digests), r.From)
	}
	return nil
}

func (d *Differences) complete() error {
	for i, b := range d.Buckets {
		if b.Index < 0 || b.Index >= Buckets || i > 0 && b.Index <= d.Buckets[i-1].Index || len(b.Held)%digestSize != 0 {
			return errors.New("bucket out of order")
		}
	}
	return nil
}

func (o *Offer) complete() error {
	err := errors.Join(within("stamps", len(o.Stamps), MaxEntries), within("revisions", len(o.Revisions), MaxEntries))
	for _, s := range o.Stamps {
		err = errors.Join(err, within("revisions of a stamp", len(s.Revisions), MaxItems))
	}
	for i := range o.Revisions {
		err = errors.Join(err, identify(&o.Revisions[i]))
	}
	return err
}

func (*Offered) complete() error { return nil }
