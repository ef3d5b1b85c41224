package relay

import (
	"context"
	"errors"
	"net/http"
	"time"

	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/wire"
)

// passTime is how long the county may take over an enrolment that is passed on: somebody stands there and waits.
const passTime = 30 * time.Second

// County says who the county is, with a challenge it has just given. A device that is to be enrolled proves its code to the
// certificate named here: another than the county's own, and the proofs of both sides fail.
func (r *Relay) County(ctx context.Context) (county wire.County, err error) {
	err = r.withCounty(ctx, func(ctx context.Context, line *client.Line, e survey.Enrolment) error {
		challenge, err := line.Greet(ctx)
		county = wire.County{Address: e.Server, Pin: e.Pin, Challenge: challenge}
		return err
	})
	return county, err
}

// PassOn hands an enrolment over to the county as its device signed it, and returns the county's reply as it was signed.
func (r *Relay) PassOn(ctx context.Context, header http.Header, body []byte) (status int, reply http.Header, answer []byte, err error) {
	err = r.withCounty(ctx, func(ctx context.Context, line *client.Line, _ survey.Enrolment) (err error) {
		status, reply, answer, err = line.PassOn(ctx, wire.PathEnrol, header, body)
		return err
	})
	if status == http.StatusOK {
		r.Wake() // the county tells of the new device
	}
	return status, reply, answer, err
}

// withCounty speaks with the county while somebody waits.
func (r *Relay) withCounty(ctx context.Context, speak func(context.Context, *client.Line, survey.Enrolment) error) error {
	e, ok := r.Enrolment()
	err := errors.New("not enrolled")
	if ok {
		var line *client.Line
		if line, err = client.Dial(e, r.device, r.keys, r.o.Transport); err == nil {
			defer line.Close()
			ctx, cancel := context.WithTimeout(ctx, passTime)
			defer cancel()
			err = speak(ctx, line, e)
		}
	}
	if err == nil {
		return nil
	}
	return &survey.Error{
		Kind: survey.Unavailable, Op: "relay.withCounty", Err: err,
		Message: "接收点现在连不上县里的服务器，没有登记，登记码没有用掉。请等接收点联上网后再试。",
	}
}
