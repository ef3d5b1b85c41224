package field

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"zoucun/app/present"
	"zoucun/app/widgets"
)

// unlessOffered returns the field of a file or, while one is being read or a photo asked about, that in its place.
func (v *visit) unlessOffered(b *block, spec widgets.FileSpec) fyne.CanvasObject {
	question := b.item.Question.Path
	switch {
	case b.item.Reading:
		return widgets.NewText("正在读取，请稍等……", widgets.Hint)
	case b.item.Offered != nil:
		return widgets.NewPhotoAsk(widgets.PhotoAskSpec{
			Picture: b.item.Offered, Ask: present.AskForCards,
			No: "没有，保存", OnNo: func() { v.try(v.presenter.KeepPhoto(v.host.Ctx(), question)) },
			Yes: "有，不保存", OnYes: func() { v.presenter.DropPhoto(question) },
		})
	}
	return widgets.NewFileField(spec)
}

// pictureBytes returns the bytes of a file that is a photo.
func (v *visit) pictureBytes(name string) []byte {
	if !strings.HasSuffix(name, ".jpg") {
		return nil
	}
	return v.bytes(name)
}

// pickFile opens the device's own picker, and copies what is picked at once: the permission to read it may not last.
func (v *visit) pickFile(b *block, extensions ...string) {
	q := b.item.Question
	v.host.PickFile(extensions, func(name string, file io.ReadCloser) {
		in := present.Incoming{Question: q.Path, Type: q.Type, Longest: longest(q.Parameters), From: file}
		in.MIME, in.Extension = widgets.FileKind(name)
		var received present.Received
		v.presenter.Await(q.Path)
		v.host.Do(func(ctx context.Context) (err error) {
			received, err = v.presenter.Receive(ctx, in)
			return errors.Join(err, file.Close())
		}, func(err error) {
			v.try(errors.Join(err, v.presenter.Take(v.host.Ctx(), received)))
		})
	})
}

// longest returns how long a photo's longer side may be by the form, 0 where it does not say.
func longest(parameters map[string]string) int {
	pixels, err := strconv.Atoi(parameters["orx:max-pixels"])
	if err != nil {
		return 0
	}
	return pixels
}
