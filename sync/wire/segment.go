package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"zoucun/survey"
)

// What a signature is over begins with its purpose, so that none can stand for another.
const (
	segmentPurpose     = "zoucun segment 1\n"
	receiptPurpose     = "zoucun receipt 1\n"
	grantPurpose       = "zoucun grant 1\n"
	recipientsPurpose  = "zoucun recipients 1\n"
	requestPurpose     = "zoucun request 1\n"
	replyPurpose       = "zoucun reply 1\n"
	carriedPurpose     = "zoucun carried 1\n"
	holdingsPurpose    = "zoucun holdings 1\n"
	revocationsPurpose = "zoucun revocations 1\n"
	stampPurpose       = "zoucun page 1\n"
	errandKeyPurpose   = "zoucun errand key 1\n"
	feedPurpose        = "zoucun feed 1\n"
	challengePurpose   = "zoucun challenge 1\n"
)

var errSignature = errors.New("signature does not verify")

// NewSegment signs a run of a replica's log. prev is the hash of the segment before, zero for the first.
func NewSegment(header SegmentHeader, entries []survey.Entry, key ed25519.PrivateKey) (Segment, error) {
	header.Algorithm = SHA256Ed25519
	header.Count = uint64(len(entries))
	s := Segment{Header: header, Entries: entries}
	if err := s.checkRun(); err != nil {
		return Segment{}, err
	}
	hash, err := s.Hash()
	if err != nil {
		return Segment{}, err
	}
	s.Signature = ed25519.Sign(key, append([]byte(segmentPurpose), hash[:]...))
	return s, nil
}

// Hash covers the header and every (n, revision ID). It is what the signature is over and what the next segment names
// as its Prev.
func (s Segment) Hash() (survey.Hash, error) {
	header, err := Encode(s.Header)
	if err != nil {
		return survey.Hash{}, fmt.Errorf("encode segment header: %w", err)
	}
	h := sha256.New()
	h.Write(header)
	for _, e := range s.Entries {
		h.Write(binary.BigEndian.AppendUint64(nil, e.N))
		h.Write(e.Revision.ID[:])
	}
	return survey.Hash(h.Sum(nil)), nil
}

// Verify checks the run, the signature by the device that owns the replica, and every revision in it.
func (s Segment) Verify(key ed25519.PublicKey) error {
	if s.Header.Algorithm != SHA256Ed25519 {
		return fmt.Errorf("unknown algorithm %d", s.Header.Algorithm)
	}
	if err := s.checkRun(); err != nil {
		return err
	}
	hash, err := s.Hash()
	if err != nil {
		return err
	}
	if err := verify(key, append([]byte(segmentPurpose), hash[:]...), s.Signature); err != nil {
		return err
	}
	return verifyAll(s.Entries)
}

// verifyAll checks revisions, on all processors.
func verifyAll(entries []survey.Entry) error {
	workers := min(runtime.GOMAXPROCS(0), len(entries))
	wrong := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(entries) && wrong[w] == nil; i += workers {
				wrong[w] = VerifyRevision(entries[i].Revision)
			}
		})
	}
	all.Wait()
	return errors.Join(wrong...)
}

// SignedSegment reports whether a device has signed the segment with this hash.
func SignedSegment(hash survey.Hash, signature []byte, key ed25519.PublicKey) bool {
	return verify(key, append([]byte(segmentPurpose), hash[:]...), signature) == nil
}

// Last returns the n of the segment's last entry.
func (s Segment) Last() uint64 { return s.Header.First + s.Header.Count - 1 }

func (s Segment) checkRun() error {
	if len(s.Entries) == 0 || s.Header.First == 0 || s.Header.Count != uint64(len(s.Entries)) {
		return fmt.Errorf("segment of %d entries says %d from %d", len(s.Entries), s.Header.Count, s.Header.First)
	}
	if err := within("entries", len(s.Entries), MaxEntries); err != nil {
		return err
	}
	for i, e := range s.Entries {
		if e.N != s.Header.First+uint64(i) {
			return fmt.Errorf("entry %d where %d is due", e.N, s.Header.First+uint64(i))
		}
	}
	return nil
}

func verify(key ed25519.PublicKey, message, signature []byte) error {
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, message, signature) {
		return errSignature
	}
	return nil
}
