package present

import (
	"context"
	"strings"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Enroller makes this device one of a county's, with a code that works once.
type Enroller interface {
	Enrol(ctx context.Context, server, code string) (survey.Enrolment, error)
}

// Enrol is the screen on which a device is given its server and its one-time code.
type Enrol struct {
	enroller Enroller
}

// NewEnrol returns the presenter.
func NewEnrol(e Enroller) *Enrol { return &Enrol{enroller: e} }

// Submit enrols the device with what was typed. An input method's full-width marks are taken for what they look like;
// the rest is for whoever enrols to judge.
func (e *Enrol) Submit(ctx context.Context, server, code string) (survey.Enrolment, error) {
	if wire.IsInvite(server) {
		invite, err := wire.ParseInvite(server)
		if err != nil {
			return survey.Enrolment{}, err
		}
		if invite.Relay {
			return survey.Enrolment{}, refuse("这是乡镇接收点的二维码，不能用来登记。请用登记单上的那一张。")
		}
		server, code = invite.Address, invite.Code
	}
	server, code = halfWidth(server), halfWidth(code)
	switch {
	case server == "":
		return survey.Enrolment{}, refuse("请填写服务器地址，例如 192.168.1.10:8443。")
	case code == "":
		return survey.Enrolment{}, refuse("请填写登记码，它在乡镇发的登记单上。")
	}
	return e.enroller.Enrol(ctx, server, code)
}

func halfWidth(typed string) string {
	return strings.TrimSpace(strings.NewReplacer("。", ".", "：", ":", "／", "/", "－", "-", "　", " ").Replace(typed))
}

func refuse(message string) error {
	return &survey.Error{Kind: survey.Invalid, Op: "present.Enrol", Message: message}
}
