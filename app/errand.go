package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image"
	_ "image/png" // QR codes are made as PNG
	"log/slog"

	"fyne.io/fyne/v2"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/internal/qr"
	"zoucun/survey"
	"zoucun/sync/errand"
	"zoucun/sync/wire"
)

// errandCards are the part of the settings for what is carried by and for other tablets.
func (p *program) errandCards() []fyne.CanvasObject {
	if p.carry == nil {
		return nil
	}
	state, err := p.store.Errands(p.ctx())
	if err != nil {
		p.opt.Log.Error("reading errands", slog.Any("err", err))
	}
	return []fyne.CanvasObject{field.NewErrandCard(present.ErrandCard(state, p.host.Now()), func() { p.shell.Push(p.errandScreen()) })}
}

func (p *program) errandScreen() *view.Screen {
	spec := field.ErrandSpec{OnTaken: p.carry.agent.Wake, Presenter: &present.Errands{
		ErrandBook: p.store,
		Give: func(ctx context.Context, address, code string, pin survey.Hash) (survey.Given, error) {
			return errand.Give(ctx, p.store, errand.Place{Address: address, Code: code, Pin: pin}, errand.Options{Clock: p.opt.Clock})
		},
		Copy: func(ctx context.Context, folder string) (survey.Given, error) {
			return errand.Copy(ctx, p.store, folder, nil, p.opt.Clock)
		},
		Take: func(ctx context.Context, file []byte) error { return errand.Take(ctx, p.store, file) },
		Open: p.carry.meet,
	}}
	if !fyne.CurrentDevice().IsMobile() {
		spec.PickFolder = p.shell.pickFolder
	}
	return field.NewErrands(p.host, spec)
}

// meet begins to take what others want carried, until the meeting is closed or the device is locked.
func (c *carrier) meet(taken func(files int)) (present.Meeting, error) {
	code, err := wire.NewCode(rand.Reader)
	if err != nil {
		return present.Meeting{}, err
	}
	tell := func(files int) { c.tell(func() { taken(files) }) }
	courier, err := errand.NewCourier(c.store, code, c.clock, tell, c.log)
	if err != nil {
		return present.Meeting{}, err
	}
	ctx, cancel := context.WithCancel(c.life)
	listener, address, err := errand.Listen(ctx)
	if err != nil {
		cancel()
		return present.Meeting{}, err
	}
	picture, err := qrPicture(wire.Invite{Errand: true, Address: address, Pin: courier.Pin(), Code: code.String()})
	if err != nil {
		cancel()
		return present.Meeting{}, errors.Join(err, listener.Close())
	}
	c.running.Go(func() {
		defer contain()
		defer cancel()
		if err := courier.Serve(ctx, listener); err != nil {
			c.log.Error("a meeting ended", slog.Any("err", err))
		}
	})
	return present.Meeting{Address: address, Code: code.String(), Picture: picture, Close: cancel}, nil
}

func qrPicture(invite wire.Invite) (image.Image, error) {
	raw, err := qr.PNG(invite.String())
	if err != nil {
		return nil, err
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	return picture, err
}
