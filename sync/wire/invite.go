package wire

import (
	"errors"
	"net/url"
	"strings"

	"zoucun/survey"
)

// invitePrefix begins what a QR code says.
const invitePrefix = "zoucun:"

// Invite is what a QR code says, or what somebody types in its place: where to enrol and with which code, where the
// township receives, or where a courier takes errands.
type Invite struct {
	Relay    bool
	Errand   bool
	Address  string      // as people type it
	Pin      survey.Hash // of the certificate there
	Code     string      // to enrol, or to hand over errands; of no relay
	Near     string      // to enrol: a receiving point that passes it on where the county is out of reach
	Township string      // for the screen
}

// IsInvite reports whether a text claims to be an invitation.
func IsInvite(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), invitePrefix) }

// String returns the invitation as it stands in a QR code.
func (i Invite) String() string {
	kind := "enrol"
	switch {
	case i.Relay:
		kind = "relay"
	case i.Errand:
		kind = "errand"
	}
	q := url.Values{"a": {i.Address}, "p": {i.Pin.String()}}
	for name, value := range map[string]string{"c": i.Code, "r": i.Near, "t": i.Township} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return invitePrefix + kind + "?" + q.Encode()
}

// ParseInvite reads an invitation. What it does not know in one it passes over.
func ParseInvite(text string) (i Invite, err error) {
	kind, query, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), invitePrefix), "?")
	q, err := url.ParseQuery(query)
	if err == nil && (!IsInvite(text) || kind != "enrol" && kind != "relay" && kind != "errand" || q.Get("a") == "" || len(text) > 4*MaxName) {
		err = errors.New("not an invitation")
	}
	if err == nil {
		i = Invite{
			Relay: kind == "relay", Errand: kind == "errand", Address: q.Get("a"), Code: q.Get("c"), Near: q.Get("r"), Township: q.Get("t"),
		}
		i.Pin, err = survey.ParseHash(q.Get("p"))
	}
	if err != nil {
		return Invite{}, &survey.Error{
			Kind: survey.Invalid, Op: "wire.ParseInvite", Message: "这不是走村的二维码，请换一张，或直接输入地址。", Err: err,
		}
	}
	return i, nil
}
