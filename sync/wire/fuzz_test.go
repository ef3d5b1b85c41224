package wire

import (
	"bytes"
	"net/http"
	"testing"

	"zoucun/survey"
)

// fuzzMessage checks that whatever decodes encodes to the same bytes.
func fuzzMessage[T any, P interface {
	*T
	Message
}](f *testing.F, seeds ...T) {
	f.Helper()
	f.Add([]byte{})
	for _, seed := range seeds {
		raw, err := Encode(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode[T, P](data)
		if err != nil {
			return
		}
		again, err := Encode(m)
		if err != nil || !bytes.Equal(data, again) {
			t.Errorf("%x decodes to %+v and encodes to %x, %v", data, m, again, err)
		}
		if _, err := View(m); err != nil {
			t.Errorf("View: %v", err)
		}
	})
}

func FuzzPush(f *testing.F)      { fuzzMessage(f, newSample(f).push, Push{}) }
func FuzzReceipt(f *testing.F)   { fuzzMessage(f, newSample(f).receipt) }
func FuzzCarried(f *testing.F)   { fuzzMessage(f, newSample(f).carried) }
func FuzzSegment(f *testing.F)   { fuzzMessage(f, newSample(f).segment) }
func FuzzPull(f *testing.F)      { fuzzMessage(f, newSample(f).pull, Pull{}) }
func FuzzPullReply(f *testing.F) { fuzzMessage(f, newSample(f).feed, PullReply{}) }
func FuzzEnrol(f *testing.F)     { fuzzMessage(f, newSample(f).enrol) }
func FuzzEnrolled(f *testing.F)  { fuzzMessage(f, newSample(f).enrolled) }
func FuzzStatus(f *testing.F)    { fuzzMessage(f, newSample(f).status) }
func FuzzFailure(f *testing.F)   { fuzzMessage(f, newSample(f).failure) }

func FuzzUnpack(f *testing.F) {
	s := newSample(f)
	for _, m := range []Message{&s.push, &s.feed, &s.failure} {
		body, err := Pack(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(_ *testing.T, body []byte) { _, _ = Unpack[Push](body) })
}

func FuzzBody(f *testing.F) {
	f.Add(newSample(f).revision.Body)
	f.Fuzz(func(_ *testing.T, body []byte) { _, _ = DecodeBody(survey.Revision{Body: body}) })
}

func FuzzGrant(f *testing.F) {
	s := newSample(f)
	f.Add(s.grant.Grant)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var g survey.Grant
		if decodeExactly(raw, &g) != nil {
			return
		}
		signed, err := SignGrant(g, s.server)
		if err != nil || !bytes.Equal(signed.Grant, raw) {
			t.Errorf("%x encodes to %x, %v", raw, signed.Grant, err)
		}
	})
}

func FuzzCode(f *testing.F) {
	f.Add("0123-4567-89AB")
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := ParseCode(typed)
		if err != nil {
			return
		}
		if again, err := ParseCode(code.String()); err != nil || again != code {
			t.Errorf("%q is %q, which is %q, %v", typed, code, again, err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add("1", "00000000-0000-0000-0000-000000000000", "00", "", "sha-256=::", "AA==")
	f.Fuzz(func(_ *testing.T, version, device, nonce, challenge, digest, signature string) {
		h := http.Header{}
		for name, value := range map[string]string{
			HeaderVersion: version, HeaderDevice: device, HeaderNonce: nonce,
			HeaderChallenge: challenge, HeaderDigest: digest, HeaderSignature: signature,
		} {
			h[name] = []string{value}
		}
		_, _, _ = ReadRequest("GET", "/", h)
		_, _ = ReadReply(Request{}, 200, h, nil, make([]byte, 32))
	})
}

// FuzzSigned opens what claims to be signed: nothing that the key has not signed is read any further.
func FuzzSigned(f *testing.F) {
	s := newSample(f)
	list, err := SignRecipients(survey.Recipients{County: 1, Serial: 2}, s.server)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.grant.Grant, s.grant.Signature)
	f.Add(list.List, list.Signature)
	f.Fuzz(func(t *testing.T, raw, signature []byte) {
		grant, err := SignedGrant{raw, signature}.Open(publicOf(s.server))
		if err == nil && !bytes.Equal(raw, s.grant.Grant) {
			t.Errorf("nobody signed %x, and it is %+v", raw, grant)
		}
		opened, err := SignedRecipients{raw, signature}.Open(publicOf(s.server))
		if err == nil && !bytes.Equal(raw, list.List) {
			t.Errorf("nobody signed %x, and it is %+v", raw, opened)
		}
	})
}

// FuzzRecipients reads lists that are signed, whatever they are.
func FuzzRecipients(f *testing.F) {
	s := newSample(f)
	list, err := SignRecipients(survey.Recipients{County: 1, Serial: 2, Listed: []survey.Recipient{{Name: "乡镇", Key: "age1"}}}, s.server)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list.List)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r survey.Recipients
		if decodeExactly(raw, &r) != nil {
			return
		}
		signed, err := SignRecipients(r, s.server)
		if err != nil || !bytes.Equal(signed.List, raw) {
			t.Errorf("%x encodes to %x, %v", raw, signed.List, err)
		}
		_, _ = signed.Open(publicOf(s.server))
	})
}

// FuzzUnpackPullReply reads what a feed might bring, compression and all.
func FuzzUnpackPullReply(f *testing.F) {
	sample := newSample(f)
	body, err := Pack(&sample.feed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		reply, err := Unpack[PullReply](body)
		if err != nil {
			return
		}
		again, err := Pack(&reply)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Unpack[PullReply](again); err != nil {
			t.Errorf("what was unpacked does not unpack again: %v", err)
		}
	})
}
