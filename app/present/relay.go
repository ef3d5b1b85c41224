package present

import (
	"context"
	"strings"

	"zoucun/internal/qr"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// RelayKeeper knows the township's receiving points.
type RelayKeeper interface {
	Relays(ctx context.Context) ([]survey.Relay, error)
	KeepRelay(ctx context.Context, relay survey.Relay) error
	RemoveRelay(ctx context.Context, address string) error
}

// Relays is the screen on which receiving points are added and removed.
type Relays struct {
	RelayKeeper
	// Meet asks who is at an address; a pin that is not zero must be that of the certificate there.
	Meet func(ctx context.Context, address string, pin survey.Hash) (survey.Relay, error)
}

// Add adds the receiving point at an address, or that an invitation names.
func (r *Relays) Add(ctx context.Context, typed string) error {
	address, pin := halfWidth(typed), survey.Hash{}
	if address == "" {
		return refuse("请填写接收点的地址，例如 192.168.43.1:8444，它显示在接收点的电脑上。")
	}
	if wire.IsInvite(typed) {
		invite, err := wire.ParseInvite(typed)
		if err != nil {
			return err
		}
		if !invite.Relay {
			return refuse("这是登记用的二维码，不是接收点的。请扫接收点电脑上的那一张。")
		}
		address, pin = invite.Address, invite.Pin
	}
	relay, err := r.Meet(ctx, address, pin)
	if err != nil {
		return err
	}
	return r.KeepRelay(ctx, relay)
}

// ReadQR returns what the QR code in a photo says.
func ReadQR(photo []byte) (string, error) { return qr.Read(photo) }

// LargestPhoto bounds what is read of a photo in which a QR code is looked for.
const LargestPhoto = 32 << 20

// RelayLine is how a receiving point stands in the list.
func RelayLine(relay survey.Relay) string {
	return relay.Name + "接收点　" + strings.TrimPrefix(relay.Address, "https://")
}
