package spare

import (
	"context"
	"io"

	"zoucun/survey"
	"zoucun/sync/bundle"
	"zoucun/sync/seal"
	"zoucun/sync/wire"
)

// Taker is the store as far as it takes what comes home in a bundle.
type Taker interface {
	Enrolment(ctx context.Context) (survey.Enrolment, bool, error)
	Device(ctx context.Context) (survey.DeviceID, seal.DeviceKeys, error)
	// ReceiveCarried takes over the server's word on this device's logs, and returns how many entries it newly covers.
	ReceiveCarried(ctx context.Context, c wire.Carried) (int64, error)
	// KeepBlob keeps a file that a draft which follows refers to.
	KeepBlob(ctx context.Context, r io.Reader) (survey.Hash, error)
	// Adopt takes over a draft as this person's own, unless it is here. It returns how many of its files are missing.
	Adopt(ctx context.Context, p survey.Parcel) (taken bool, missing int, err error)
}

// Receive takes over a bundle that the server wrote for this device: its word on the log, or drafts. One that is not
// whole, not the pinned server's or not for this device changes nothing.
func Receive(ctx context.Context, to Taker, file io.ReaderAt, size int64) (survey.Homecoming, error) {
	var home survey.Homecoming
	b, err := bundle.Inspect(file, size)
	if err != nil {
		return home, err
	}
	e, enrolled, err := to.Enrolment(ctx)
	if err != nil {
		return home, err
	}
	if !enrolled {
		return home, refuse(survey.NotFound, "本机还没有登记，不能接收。请先登记。")
	}
	device, keys, err := to.Device(ctx)
	if err != nil {
		return home, err
	}
	switch l := b.Label; {
	case !l.Kind.ByServer():
		return home, refuse(survey.Invalid, "这是平板写出的数据包，要拿到县里或乡镇导入，不用在平板上接收。")
	case l.County != e.Grant.County:
		return home, refuse(survey.Denied, "这个数据包不是本县的，没有接收。")
	case l.Device != device:
		return home, refuse(survey.Denied, "这个数据包是给另一台平板的，没有接收。请选择文件名里带 "+Short(device)+" 的。")
	}
	content, err := b.Open([]string{keys.Identity()}, e.ServerKey)
	if err != nil {
		return home, err
	}
	home.Receipt = b.Label.Kind == bundle.Reply
	err = content.Each(bundle.Takers{
		Receipt: func(c wire.Carried) error {
			n, err := to.ReceiveCarried(ctx, c)
			home.Entries += n
			return err
		},
		Attachment: func(_ survey.Kept, r io.Reader) error {
			_, err := to.KeepBlob(ctx, r)
			return err
		},
		Draft: func(p survey.Parcel) error {
			taken, missing, err := to.Adopt(ctx, p)
			if home.Missing += missing; taken {
				home.Drafts++
			} else if err == nil {
				home.KnownDrafts++
			}
			return err
		},
	})
	return home, err
}

func refuse(kind survey.Kind, message string) error {
	return &survey.Error{Kind: kind, Op: "spare.Receive", Message: message}
}
