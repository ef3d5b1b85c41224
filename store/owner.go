package store

import (
	"bytes"

	"zoucun/survey"
	"zoucun/sync/seal"
)

// owner is the person who has unlocked the device; zero where nobody has a PIN.
type owner struct {
	person survey.PersonID
	tag    []byte // keyed hash of the person, as drafts have it
	box    *seal.Box
}

// personal is a keyring that several people unlock, each with a key of their own beside the data key.
type personal interface {
	Person() (survey.PersonID, seal.Key, bool)
}

// useOwner takes over who has unlocked the keyring.
func (s *Store) useOwner(o Options) error {
	s.owner = owner{}
	keyring, ok := o.Keyring.(personal)
	if !ok {
		return nil
	}
	person, key, unlocked := keyring.Person()
	if !unlocked {
		return nil
	}
	box, err := seal.NewBox(key, o.Algorithm)
	s.owner = owner{person: person, tag: s.vault.tag("draft.owner", string(person[:])), box: box}
	return err
}

// sees reports whether the person may see a draft with this owner and author.
func (o owner) sees(tag []byte, author survey.PersonID) bool {
	return tag != nil || o.tag == nil || author.IsZero() || author == o.person
}

// ownBox returns the box that seals new drafts.
func (s *Store) ownBox() *seal.Box {
	if s.owner.box != nil {
		return s.owner.box
	}
	return s.vault.box
}

// boxOf returns the box that a draft with this owner is sealed in, or nil where the owner is somebody else.
func (s *Store) boxOf(tag []byte) *seal.Box {
	switch {
	case tag == nil:
		return s.vault.box
	case bytes.Equal(tag, s.owner.tag):
		return s.owner.box
	}
	return nil
}
