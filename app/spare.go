package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/app/view"
	"zoucun/survey"
	"zoucun/sync/spare"
)

// prefSpare is where the folder of the second copy is remembered.
const prefSpare = "spare_folder"

// sparing keeps the second copy while the program works, and knows for the screen how it stands. Its last belongs to the
// screen's goroutine.
type sparing struct {
	program *program
	keeper  *spare.Keeper
	last    survey.Spare
}

func newSparing(p *program) *sparing {
	s := &sparing{program: p, last: survey.Spare{Folder: p.ui.Preferences().String(prefSpare)}}
	s.keeper = spare.New(p.store, spare.Options{Clock: p.opt.Clock, Report: s.report, Log: p.opt.Log})
	s.keeper.Use(s.last.Folder)
	if s.last.Folder != "" {
		s.last.State = survey.SpareWriting
	}
	return s
}

// run keeps the copy until ctx ends.
func (s *sparing) run(ctx context.Context) {
	if err := s.keeper.Run(ctx); err != nil && ctx.Err() == nil {
		s.program.opt.Log.Error("the keeper of the second copy ended", slog.Any("err", err))
	}
}

func (s *sparing) report(now survey.Spare) {
	fyne.Do(func() {
		changed := s.last.State != now.State || s.last.Verified != now.Verified || s.last.Folder != now.Folder
		s.last = now
		if changed {
			s.program.shell.changed()
		}
	})
}

// use takes another folder, or none, for the second copy.
func (s *sparing) use(folder string) error {
	if folder = strings.TrimSpace(folder); folder != "" {
		if err := s.program.checkPlace(folder); err != nil {
			return err
		}
	}
	s.program.ui.Preferences().SetString(prefSpare, folder)
	s.last = survey.Spare{Folder: folder}
	if folder != "" {
		s.last.State = survey.SpareWriting
	}
	s.keeper.Use(folder)
	return nil
}

// checkPlace returns an error for a folder that is none, or that would be lost together with the program's own.
func (p *program) checkPlace(folder string) error {
	refuse := func(message string, err error) error {
		return &survey.Error{Kind: survey.Invalid, Op: "app.checkPlace", Message: message, Err: err}
	}
	if !filepath.IsAbs(folder) {
		return refuse("请写完整的路径，或点“选文件夹”。", nil)
	}
	if slices.Contains(p.places(), folder) {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return refuse("这张卡上建不了文件夹，请检查卡上的锁定开关，或另选一个位置。", err)
		}
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return refuse("没有这个文件夹，请检查卡是不是插好了、路径对不对。", err)
	}
	inside, err := filepath.Rel(p.opt.Data, folder)
	if err == nil && !strings.HasPrefix(inside, "..") {
		return refuse("这个文件夹在本程序自己的数据里面，平板丢了它也一起丢。请选存储卡或U盘上的文件夹。", nil)
	}
	return nil
}

// places returns where a card or a stick seems to be. On Android a program may write to its own folder on a card without
// asking anybody, and to no other for longer than it runs.
func (p *program) places() []string {
	own := ""
	patterns := []string{filepath.Join("/media", os.Getenv("USER"), "*"), filepath.Join("/run/media", os.Getenv("USER"), "*")}
	if runtime.GOOS == "android" {
		own, patterns = filepath.Join("Android", "data", p.ui.UniqueID(), "files"), []string{"/storage/????-????"}
	}
	var found []string
	for _, pattern := range patterns {
		mounted, err := filepath.Glob(pattern)
		if err != nil {
			continue // the name of a person is no pattern
		}
		for _, card := range mounted {
			found = append(found, filepath.Join(card, own))
		}
	}
	return found
}

// spareCards are the second copy's part of the settings.
func (p *program) spareCards() []fyne.CanvasObject {
	if p.carry == nil {
		return nil
	}
	s := p.carry.spare
	return []fyne.CanvasObject{field.NewSpareCard(present.SpareOf(s.last, p.host.Now()), func() { p.shell.Push(p.spareScreen(s)) })}
}

func (p *program) spareScreen(s *sparing) *view.Screen {
	spec := field.SpareSpec{
		State: func() survey.Spare { return s.last }, Places: p.places(), OnPlace: s.use,
		OnReceive: func(ctx context.Context, file []byte) (survey.Homecoming, error) {
			return spare.Receive(ctx, p.store, bytes.NewReader(file), int64(len(file)))
		},
		OnExport: func(ctx context.Context, folder string) (survey.Exported, error) {
			return spare.Export(ctx, p.store, folder, spare.ExportOptions{Clock: p.opt.Clock})
		},
	}
	if !fyne.CurrentDevice().IsMobile() {
		spec.PickFolder = p.shell.pickFolder
	}
	return field.NewSpare(p.host, spec)
}

// pickFolder opens the device's own picker for a folder with a path of its own.
func (s *shell) pickFolder(then func(folder string)) {
	life := s.life
	d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		switch {
		case life != s.life: // the device was locked meanwhile
		case err != nil:
			s.Complain(errors.Join(errors.New("app.pickFolder"), err))
		case folder == nil: // the person changed their mind
		case folder.Scheme() != "file":
			s.Complain(&survey.Error{Kind: survey.Invalid, Op: "app.pickFolder", Message: "这个位置不能长期写入，请选存储卡或U盘上的文件夹。"})
		default:
			then(folder.Path())
		}
	}, s.window)
	d.Resize(s.window.Canvas().Size())
	d.Show()
}
