package present

import (
	"context"
	"fmt"
	"image"
	"strings"
	"time"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// ErrandBook knows what is carried for others, and what others carry.
type ErrandBook interface {
	Errands(ctx context.Context) (survey.Errands, error)
}

// Meeting is how others find this device while it takes what they want carried.
type Meeting struct {
	Address, Code string
	Picture       image.Image // the QR code that says both
	Close         func()
}

// Errands is the screen on which work is given to another tablet, and taken for others (捎带).
type Errands struct {
	ErrandBook
	// Give gives a courier what is not delivered; a pin that is not zero must be that of its certificate.
	Give func(ctx context.Context, address, code string, pin survey.Hash) (survey.Given, error)
	// Copy writes the same into a folder, for somebody to take along.
	Copy func(ctx context.Context, folder string) (survey.Given, error)
	// Take keeps a file that somebody copied so.
	Take func(ctx context.Context, file []byte) error
	// Open begins to take what others want carried, until the meeting is closed; taken hears of each errand.
	Open func(taken func(files int)) (Meeting, error)
}

// Hand gives what is not delivered to the courier at an address, or that an invitation names.
func (e *Errands) Hand(ctx context.Context, typed, code string) (survey.Given, error) {
	address, pin := halfWidth(typed), survey.Hash{}
	if wire.IsInvite(typed) {
		invite, err := wire.ParseInvite(typed)
		if err != nil {
			return survey.Given{}, err
		}
		if !invite.Errand {
			return survey.Given{}, refuse("这不是捎带的二维码。请在对方平板的“设置—捎带”里打开“替别人带”，扫那一张。")
		}
		address, code, pin = invite.Address, invite.Code, invite.Pin
	}
	if address == "" {
		return survey.Given{}, refuse("请填写对方屏幕上的地址，例如 192.168.43.1:40001。")
	}
	return e.Give(ctx, address, code, pin)
}

// ErrandLines says how it stands with what is carried: for others first, then by others.
func ErrandLines(e survey.Errands, now time.Time) []Status {
	var lines []Status
	if e.Files > 0 {
		lines = append(lines, Status{fmt.Sprintf("替 %d 台平板带着 %d 个数据包（%s）。连上县里或乡镇接收点时会自动交，别人的内容本机打不开。", e.Devices, e.Files, size(e.Bytes)), Busy})
	}
	if e.Files > 0 && e.Trouble != "" {
		lines = append(lines, Status{e.Trouble, Trouble})
	}
	if e.Taken > 0 {
		lines = append(lines, Status{fmt.Sprintf("替别人交到县里 %d 个数据包。再遇到他们，打开“替别人带”，县里的回执就带到了。", e.Taken), Safe})
	}
	if e.Refused > 0 {
		lines = append(lines, Status{fmt.Sprintf("有 %d 个数据包县里用不了，没有采用。内容在它的主人那里是全的，会走别的路送。", e.Refused), Trouble})
	}
	if e.Given > 0 {
		lines = append(lines, Status{fmt.Sprintf("本机有 %d 条记录已交给别的平板带走（%s）。县里收到以前，本机仍留着，也仍会自己送。", e.Given, Moment(e.GivenAt, now)), Busy})
	}
	return lines
}

// ErrandCard is the one line that stands for all of it among the settings.
func ErrandCard(e survey.Errands, now time.Time) Status {
	if lines := ErrandLines(e, now); len(lines) > 0 {
		return lines[0]
	}
	return Status{"一点网络也没有时，可以请去镇上的平板把走访带走；也可以替别人带。带的人看不到内容。", Busy}
}

// SayGiven says what was given away.
func SayGiven(g survey.Given) string {
	var words []string
	if g.Home > 0 {
		words = append(words, fmt.Sprintf("对方带回了县里的回执：又有 %d 条记录确认送达。", g.Home))
	}
	switch {
	case g.Errands > 0:
		words = append(words, fmt.Sprintf("已交出记录 %d 条、附件 %d 个，共 %d 个数据包，对方都存好了。县里收到以前，本机的内容会一直留着。", g.Entries, g.Files, g.Errands))
	case !g.Full && len(words) == 0:
		words = append(words, "没有要交的内容：完成的走访都已送达，或已交给这台平板。")
	}
	if g.Full {
		words = append(words, "对方带的已经满了，其余的没有交，仍在本机。请再找一台平板，或等有网络时自己送。")
	}
	if g.Larger > 0 {
		words = append(words, fmt.Sprintf("有 %d 个附件太大，不能捎带，要等本机有网络时自己送。", g.Larger))
	}
	return strings.Join(words, "")
}

// SayCopied says what was copied for somebody to take along.
func SayCopied(g survey.Given) string {
	if g.Errands == 0 {
		return "没有要拷的内容：完成的走访都已送达。"
	}
	words := fmt.Sprintf("已拷贝：记录 %d 条、附件 %d 个，共 %d 个文件，逐个读回核对过。请对方在“捎带”里选这些文件带走；县里收到以前，本机的内容会一直留着。", g.Entries, g.Files, g.Errands)
	if g.Larger > 0 {
		words += fmt.Sprintf("有 %d 个附件太大，不能捎带，要等本机有网络时自己送。", g.Larger)
	}
	return words
}
