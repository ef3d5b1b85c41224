package present

import (
	"context"
	"strings"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Enroller makes this device one of a county's, with a code that works once.
type Enroller interface {
	// Enrol accepts an invitation, of which somebody may have typed no more than address and code.
	Enrol(ctx context.Context, invite wire.Invite) (survey.Enrolment, error)
}

// Enrol is the screen on which a device is given its server and its one-time code.
type Enrol struct {
	enroller Enroller
}

// NewEnrol returns the presenter.
func NewEnrol(e Enroller) *Enrol { return &Enrol{enroller: e} }

// Submit enrols the device with what was typed, or what a QR code says in place of an address. That of a receiving point,
// which passes the enrolment on, stands for its address alone. An input method's full-width marks are taken for what they look like;
// the rest is for whoever enrols to judge.
func (e *Enrol) Submit(ctx context.Context, server, code string) (survey.Enrolment, error) {
	invite := wire.Invite{Address: halfWidth(server), Code: halfWidth(code)}
	if wire.IsInvite(server) {
		read, err := wire.ParseInvite(server)
		if err != nil {
			return survey.Enrolment{}, err
		}
		if invite.Address = read.Address; !read.Relay {
			invite = read
		}
	}
	switch {
	case invite.Address == "":
		return survey.Enrolment{}, refuse("请填写服务器地址，例如 192.168.1.10:8443。")
	case invite.Code == "":
		return survey.Enrolment{}, refuse("请填写登记码，它在乡镇发的登记单上。")
	}
	return e.enroller.Enrol(ctx, invite)
}

// AddressIn returns what stands in the address field for what a QR code says: a receiving point's address, and any other text
// as it is.
func AddressIn(text string) string {
	if invite, err := wire.ParseInvite(text); err == nil && invite.Relay {
		return invite.Address
	}
	return text
}

func halfWidth(typed string) string {
	return strings.TrimSpace(strings.NewReplacer("。", ".", "：", ":", "／", "/", "－", "-", "　", " ").Replace(typed))
}

func refuse(message string) error {
	return &survey.Error{Kind: survey.Invalid, Op: "present.Enrol", Message: message}
}
