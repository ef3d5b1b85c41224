package store

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"zoucun/internal/testkit/crashfs"
	"zoucun/survey"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// commission is a recipient on the county's list, with the key that only it has.
type commission struct {
	survey.Recipient

	key seal.LetterKey
}

// commissioned puts a recipient on the list of a store's county.
func commissioned(t *testing.T, o *office, s *Store) commission {
	t.Helper()
	identity, recipient, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.ParseLetterKey([]byte(identity))
	if err != nil {
		t.Fatal(err)
	}
	c := commission{survey.Recipient{Use: survey.ForEnvelope, Name: "县纪委监委", Key: recipient}, key}
	signed, err := wire.SignRecipients(survey.Recipients{County: county, Serial: 1, Listed: []survey.Recipient{c.Recipient}}, o.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.KeepRecipients(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *workshop) listRecipient() error {
	commissioned(w.t, w.office, w.store)
	return nil
}

func (w *workshop) envelope() error {
	to := w.store.member.Load().enrolment.Recipients.For(survey.ForEnvelope)[0]
	return w.store.SealEnvelope(w.t.Context(), w.office.scope(), to, survey.Letter{Text: "他收了钱"})
}

// pushed hands over everything and returns the revisions that went.
func pushed(t *testing.T, o *office, s *Store) []survey.Revision {
	t.Helper()
	var went []survey.Revision
	for {
		push, ok, err := s.NextPush(t.Context(), 10, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return went
		}
		for _, segment := range push.Segments {
			for _, e := range segment.Entries {
				went = append(went, e.Revision)
			}
		}
		if err := s.Receive(t.Context(), o.accept(t, push)); err != nil {
			t.Fatal(err)
		}
	}
}

func fieldsOf(t *testing.T, r survey.Revision) survey.Fields {
	t.Helper()
	body, err := wire.DecodeBody(r)
	if err != nil {
		t.Fatal(err)
	}
	return body.Fields
}

func TestSealEnvelope(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	c := commissioned(t, o, s)
	d := o.draft(o.household(t, "QC-001", "张三", "1号", "13800000001"))
	finish(t, s, d, submission())
	letter := survey.Letter{Text: "低保名单里有他小舅子", Reply: "写信"}
	if err := s.SealEnvelope(t.Context(), o.scope(), c.Recipient, letter); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Envelopes(t.Context()); err != nil || got != (survey.Envelopes{Waiting: 1}) {
		t.Errorf("Envelopes = %+v, %v", got, err)
	}
	if got := lists(t, s); got.Safe.Waiting != 2 || len(got.Waiting) != 1 {
		t.Errorf("%d wait, %d listed", got.Safe.Waiting, len(got.Waiting))
	}

	went := pushed(t, o, s)
	r := went[len(went)-1]
	fields := fieldsOf(t, r)
	t.Run("its header tells the village and the day", func(t *testing.T) {
		h := r.Header
		if h.Type != survey.TypeSealed || h.Scope != o.scope() {
			t.Errorf("%s in %s", h.Type, h.Scope)
		}
		if !h.Author.IsZero() || !h.Device.IsZero() || h.Form != "" {
			t.Errorf("author %s, device %s, form %q", h.Author, h.Device, h.Form)
		}
		if hour, minute, second := h.HLC.Time().In(monday.Location()).Clock(); hour+minute+second != 0 || h.Wall != survey.MillisOf(h.HLC.Time()) {
			t.Errorf("made at %s", h.HLC.Time())
		}
		if version := h.Record[6] >> 4; version != 4 {
			t.Errorf("its identifier is a UUIDv%d", version)
		}
	})
	t.Run("its fields are the recipient and ciphertext", func(t *testing.T) {
		if len(fields) != 3 || fields[survey.EnvelopeOffice] != c.Name || fields[survey.EnvelopeKey] != c.Key {
			t.Errorf("fields = %v", fields)
		}
	})
	t.Run("its recipient opens it", func(t *testing.T) {
		envelope, err := base64.StdEncoding.DecodeString(fields[survey.EnvelopeContent])
		if err != nil {
			t.Fatal(err)
		}
		want := survey.Letter{Village: "前村", Day: monday.Format("2006-01-02"), Text: letter.Text, Reply: letter.Reply}
		if got, err := c.key.Open(envelope); err != nil || got != want {
			t.Errorf("Open = %+v, %v", got, err)
		}
	})
	t.Run("it is counted and nowhere listed", func(t *testing.T) {
		if got, err := s.Envelopes(t.Context()); err != nil || got != (survey.Envelopes{Delivered: 1}) {
			t.Errorf("Envelopes = %+v, %v", got, err)
		}
		if delivered, err := s.Delivered(t.Context(), 0); err != nil || len(delivered) != 1 {
			t.Errorf("Delivered = %v, %v", delivered, err)
		}
		if _, ok := s.Table(t.Context(), "sealed.csv", d); ok {
			t.Error("a form may draw choices from envelopes")
		}
		if found := s.SearchHouseholds(o.village, "小舅子", 0); len(found) != 0 {
			t.Errorf("search finds %v", found)
		}
	})
}

// TestOthersEnvelopes takes over by pull what another device has sealed: it is not counted here.
func TestOthersEnvelopes(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	o.publish(o.revision(t, survey.Header{Record: survey.RandomID[survey.RecordID](), Type: survey.TypeSealed, Scope: o.scope()},
		survey.Fields{survey.EnvelopeOffice: "县信访局", survey.EnvelopeKey: "age1x", survey.EnvelopeContent: "AAAA"}))
	apply(t, s, o.page(o.scope(), 0, 10))
	if got, err := s.Envelopes(t.Context()); err != nil || got != (survey.Envelopes{}) {
		t.Errorf("Envelopes = %+v, %v", got, err)
	}
}

func TestSealEnvelopeRefuses(t *testing.T) {
	o := newOffice(t)
	s := enrolled(t, o, t.TempDir())
	_, stranger, err := seal.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	letter := survey.Letter{Text: "他收了钱"}
	unlisted := survey.Recipient{Use: survey.ForEnvelope, Name: "县纪委监委", Key: stranger}
	refused := func(name string, to survey.Recipient, letter survey.Letter, kind survey.Kind) {
		t.Helper()
		err := s.SealEnvelope(t.Context(), o.scope(), to, letter)
		if survey.KindOf(err) != kind || survey.MessageOf(err) == "" || strings.Contains(err.Error(), "收了钱") {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused("without a list", unlisted, letter, survey.Conflicting)
	c := commissioned(t, o, s)
	refused("a key that is not on the list", unlisted, letter, survey.Conflicting)
	renamed := c.Recipient
	renamed.Key = stranger
	refused("another's key under a listed name", renamed, letter, survey.Conflicting)
	refused("no words", c.Recipient, survey.Letter{Text: " "}, survey.Invalid)
	if n, err := s.Unsigned(t.Context()); err != nil || n != 0 {
		t.Errorf("%d entries in the log, %v", n, err)
	}
}

// TestFullDiskSealsNothing lets the disk fill at every write of sealing: there is an envelope whole or there is none.
func TestFullDiskSealsNothing(t *testing.T) {
	for at := 1; ; at++ {
		o, disk := newOffice(t), newCrashDisk(t)
		s := enrolledOn(t, o, t.TempDir(), Options{VFS: disk.VFS(), Disk: disk})
		c := commissioned(t, o, s)
		disk.Fail(crashfs.Fault{At: at, How: crashfs.Full, Sticky: true})
		err := s.SealEnvelope(t.Context(), o.scope(), c.Recipient, survey.Letter{Text: "他收了钱"})
		disk.Fail(crashfs.Fault{})
		count, counting := s.Envelopes(t.Context())
		unsigned, logging := s.Unsigned(t.Context())
		if joined := errors.Join(counting, logging); joined != nil {
			t.Fatal(joined)
		}
		if err == nil {
			if count.Waiting != 1 || unsigned != 1 || at == 1 {
				t.Fatalf("sealed after %d faults: %+v, %d in the log", at-1, count, unsigned)
			}
			return
		}
		if survey.KindOf(err) != survey.Full || survey.MessageOf(err) == "" || count.Waiting != 0 || unsigned != 0 {
			t.Fatalf("fault %d: %v, %+v, %d in the log", at, err, count, unsigned)
		}
		if err := s.SealEnvelope(t.Context(), o.scope(), c.Recipient, survey.Letter{Text: "他收了钱"}); err != nil {
			t.Fatalf("after fault %d, with room again: %v", at, err)
		}
	}
}
