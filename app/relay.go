package app

import (
	"context"

	"fyne.io/fyne/v2"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/survey"
	"zoucun/sync/client"
)

// relayCards are the receiving points' part of the settings.
func (p *program) relayCards() []fyne.CanvasObject {
	if p.carry == nil {
		return nil
	}
	return []fyne.CanvasObject{field.NewRelayCard(func() { p.shell.Push(p.relayScreen()) })}
}

func (p *program) relayScreen() *view.Screen {
	return field.NewRelays(p.host, field.RelaySpec{
		Presenter: &present.Relays{RelayKeeper: p.store, Meet: p.meetRelay}, OnAdded: p.carry.agent.Wake,
	})
}

// meetRelay asks who is at an address.
func (p *program) meetRelay(ctx context.Context, address string, pin survey.Hash) (survey.Relay, error) {
	self, _, err := p.store.Enrolment(ctx)
	if err != nil {
		return survey.Relay{}, err
	}
	return client.MeetRelay(ctx, self, self.Grant.Device, address, pin, client.Options{Clock: p.opt.Clock, Log: p.opt.Log})
}
