package present

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"zoucun/form"
	"zoucun/survey"
)

// Incoming is a file that the person has picked for a question.
type Incoming struct {
	Question        survey.FieldPath
	Type            form.QuestionType
	MIME, Extension string // by the file's name
	Longest         int    // side of a photo in pixels, where the form says; 0 where it does not
	From            io.Reader
}

// Received is a file that was copied from where the person picked it: one that is kept, a photo to be asked about, or
// the reason why there is neither.
type Received struct {
	question survey.FieldPath
	file     string
	photo    []byte
	refusal  string
}

// offer is a photo on its way to being an answer. It is in memory only: a photo of a card never comes to be on disk.
type offer struct {
	reading bool
	photo   []byte // to be asked about
	refusal string // why the last one was not kept
}

// Await says that a file is being read for a question.
func (v *Visit) Await(question survey.FieldPath) {
	v.offer(question, offer{reading: true})
}

// Receive copies a file from the device's picker, whose permission to read it may end soon. Whatever is a picture
// becomes a photo. It may run apart from the presenter's goroutine: what becomes of the file, Take decides.
func (v *Visit) Receive(ctx context.Context, in Incoming) (Received, error) {
	from := bufio.NewReaderSize(picked{in.From}, 64<<10)
	head, err := from.Peek(32)
	switch {
	case unread(err):
	case in.Type == form.Image || isPicture(head):
		return received(in.Question, from, in.Longest)
	default:
		name := fileName(in.Question, in.Extension)
		err = v.desk.Keeper.AttachFrom(ctx, v.draft.ID, name, in.MIME, from)
		if err == nil {
			return Received{question: in.Question, file: name}, nil
		}
	}
	return Received{question: in.Question}, fmt.Errorf("present.Receive: %w", err)
}

// received makes a photo; why it is none is said at the question.
func received(question survey.FieldPath, from io.Reader, longest int) (Received, error) {
	photo, err := Photo(from, longest)
	r := Received{question: question, photo: photo}
	if survey.KindOf(err) == survey.Invalid {
		r.refusal, err = Say(err), nil
	}
	return r, err
}

// Take makes a kept file the answer, or asks about a photo. It ends what Await began, also where Receive failed.
func (v *Visit) Take(ctx context.Context, r Received) error {
	v.offer(r.question, offer{photo: r.photo, refusal: r.refusal})
	if r.file == "" {
		return nil
	}
	return v.Answer(ctx, r.question, r.file)
}

// KeepPhoto makes the photo that was asked about the answer: there is no card in it.
func (v *Visit) KeepPhoto(ctx context.Context, question survey.FieldPath) error {
	photo := v.offers[question].photo
	if photo == nil {
		return nil
	}
	if err := v.Attach(ctx, question, "image/jpeg", ".jpg", photo); err != nil {
		return err
	}
	v.offer(question, offer{})
	return nil
}

// DropPhoto lets go of the photo that was asked about: there is a card in it.
func (v *Visit) DropPhoto(question survey.FieldPath) {
	v.offer(question, offer{refusal: cardSeen})
}

func (v *Visit) offer(question survey.FieldPath, o offer) {
	if v.over {
		return
	}
	v.offers[question] = o
	v.OnChange()
}

// waiting returns the questions whose photo is not kept yet, as what is to be put right before finishing.
func (v *Visit) waiting() []form.Violation {
	var list []form.Violation
	for question, o := range v.offers {
		q, ok := v.session.Question(question)
		if !ok || !q.Relevant || o.photo == nil && !o.reading {
			continue
		}
		message := "照片还没有保存，请先回答：" + AskForCards
		if o.reading {
			message = "照片正在读取，请稍等一下再完成。"
		}
		list = append(list, form.Violation{Path: question, Message: message})
	}
	return list
}

// picked reads from where the person picked a file, and says so when that fails.
type picked struct{ io.Reader }

// Read implements io.Reader.
func (p picked) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &survey.Error{
			Kind: survey.Unavailable, Op: "present.Receive", Err: err,
			Message: "没有读到这个文件，可能存储卡被拔出了，或者文件还在网盘上。已填的内容不受影响，请再选一次。",
		}
	}
	return n, err
}

// unread reports whether a file could not be read, rather than that it is wrong.
func unread(err error) bool { return survey.KindOf(err) == survey.Unavailable }

// fileName returns a new name for a file that answers a question.
func fileName(question survey.FieldPath, extension string) string {
	return path.Base(string(question)) + "-" + survey.NewID[survey.RecordID]().String() + extension
}
