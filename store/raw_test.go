package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"zoucun/form"
	"zoucun/internal/testkit/crashfs"
	"zoucun/survey"
)

// typed is everything a person typed, took or received in the used installation, and how it sounds.
var typed = []string{
	"欧阳秘密", "ouyangmimi", "oymimi", "秘密门牌七号", "mimimenpai", "13812345678", "QC-SECRET-001", "秘密回答很长", "mimihuida",
	"秘密姓名", "撤回的秘密", "chehuidemimi", "秘密状态", "秘密问题路灯", "秘密照片内容", "秘密.jpg", "image/secret", "搜索的秘密", "sousuode",
	"secret_question", "heard_worry", "测试员", "前村秘密组", "丢弃的秘密", "回到的秘密", "没附上的秘密", zhangPIN, liPIN, "路灯坏了",
}

// finding is a text that lies in a file as it was typed.
type finding struct{ file, text string }

// grep looks for texts in every file under a folder and in their names, in UTF-8 and both orders of UTF-16.
func grep(t *testing.T, dir string, texts []string) (found []finding) {
	t.Helper()
	needles := map[string][][]byte{}
	for _, text := range texts {
		var little, big []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			little, big = binary.LittleEndian.AppendUint16(little, unit), binary.BigEndian.AppendUint16(big, unit)
		}
		needles[text] = [][]byte{[]byte(text), little, big}
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for text, forms := range needles {
			for _, needle := range forms {
				if bytes.Contains(data, needle) || strings.Contains(entry.Name(), text) {
					found = append(found, finding{path, text})
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestNothingPersonalOnDisk uses an installation in every way there is, has it crash on the way, migrates and salvages
// it, and looks into every file that was ever in its folder.
func TestNothingPersonalOnDisk(t *testing.T) {
	o, dir, disk := newOffice(t), t.TempDir(), newCrashDisk(t)
	log, err := os.Create(filepath.Join(dir, "app.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	options := Options{VFS: disk.VFS(), Disk: disk, Log: logger}
	s := enrolledOn(t, o, dir, options)
	use(t, o, s, disk)
	look := func(when, dir string) {
		t.Helper()
		for _, f := range grep(t, dir, typed) {
			t.Errorf("%s: %s holds %q", when, f.file, f.text)
		}
	}
	look("at work", dir)
	crashed := filepath.Join(t.TempDir(), "crashed")
	if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look("closed", dir)

	keys := openKeys(t, crashed, KeyOptions{})
	zhang, li := survey.NewID[survey.PersonID](), survey.NewID[survey.PersonID]()
	if err := keys.AddPerson(t.Context(), zhang, "甲", zhangPIN); err != nil {
		t.Fatal(err)
	}
	if err := keys.AddPerson(t.Context(), li, "乙", liPIN); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, crashed, Options{Keyring: keys, Log: logger})
	use(t, o, s, disk)
	look("after a crash, with PINs", crashed)
	if err := errors.Join(s.AdmitUser(t.Context(), li), s.Close()); err != nil {
		t.Fatal(err)
	}
	keys.Lock()
	if err := keys.Unlock(t.Context(), li, zhangPIN); survey.KindOf(err) != survey.Denied {
		t.Errorf("another's PIN: %v", err)
	}
	_, township := recipient(t)
	if err := errors.Join(keys.Unlock(t.Context(), li, liPIN), keys.SetRecovery([]string{township})); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, crashed, Options{Keyring: keys, Log: logger})
	use(t, o, s, disk)
	look("locked and handed on", crashed)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(crashed, "zoucun.db")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[:pageSize])
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, crashed, Options{Keyring: keys, Log: logger})
	if _, ok := s.Salvaged(); !ok {
		t.Error("nothing was salvaged")
	}
	look("salvaged", crashed)
	look("the log of all that", dir)

	old := t.TempDir()
	unpack(t, "testdata/v1.zip", old)
	openStore(t, old, Options{})
	if kept, err := filepath.Glob(filepath.Join(old, "*before*")); err != nil || len(kept) == 0 {
		t.Errorf("the copy before the migration is not there: %v", err)
	}
	look("migrated", old)
}

// use does what people do, with every text that is typed.
func use(t *testing.T, o *office, s *Store, disk crashDisk) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	id := o.household(t, "QC-SECRET-001", "欧阳秘密", "秘密门牌七号", "13812345678")
	must(s.ApplyPage(ctx, o.page(o.scope(), 0, 10)))
	for _, query := range []string{"搜索的秘密", "ouyangmimi", "oymimi", "13812345678"} {
		s.SearchHouseholds(o.village, query, 10)
	}
	d := o.draft(id)
	d.Title = "欧阳秘密"
	must(s.BeginDraft(ctx, d, []byte("秘密状态")))
	must(s.AttachFile(ctx, d.ID, "秘密.jpg", "image/secret", []byte(strings.Repeat("秘密照片内容", 20_000))))
	for _, value := range []string{"秘密回答很长", "撤回的秘密"} {
		must(s.SaveChange(ctx, d.ID, form.Change{Op: form.OpSet, Path: "secret_question", Value: value}))
	}
	_, err := s.Undo(ctx, d.ID)
	must(err)
	must(s.SaveState(ctx, d, []byte("秘密状态二")))
	must(s.GoBack(ctx, d.ID, []byte("回到的秘密状态")))
	_, err = s.Redo(ctx, d.ID)
	must(err)
	sub := submission()
	sub.InstanceName = "秘密姓名"
	sub.Fields["secret_question"] = "秘密回答很长"
	sub.Entities = []form.EntityChange{problemChange("秘密问题路灯")}
	sub.Attachments = []string{"秘密.jpg"}
	must(s.FinishVisit(ctx, d, sub))
	thrown := o.draft(id)
	must(s.BeginDraft(ctx, thrown, []byte("丢弃的秘密")))
	must(s.DiscardDraft(ctx, thrown.ID))
	open := o.draft(id)
	must(s.BeginDraft(ctx, open, []byte("秘密状态三")))
	must(s.SaveChange(ctx, open.ID, form.Change{Op: form.OpSet, Path: "secret_question", Value: "秘密回答很长"}))
	disk.Fail(crashfs.Fault{At: 4, How: crashfs.Full, Sticky: true}) // leaves half a file behind
	_ = s.AttachFile(ctx, open.ID, "秘密.jpg", "image/secret", []byte(strings.Repeat("没附上的秘密", 50_000)))
	disk.Fail(crashfs.Fault{})
	if push, ok, err := s.NextPush(ctx, 10, 1<<20); err != nil || !ok {
		t.Fatal("nothing to push:", err)
	} else {
		must(s.Receive(ctx, o.accept(t, push)))
	}
	f, stop := beginFinding(t, s, 1) // the township looks for it
	settled(t, f)
	for _, query := range []string{"秘密回答很长", "欧阳秘密", "oymimi", "搜索的秘密", "路灯坏了"} {
		if _, err := f.Search(ctx, query, 10); err != nil {
			t.Fatal(err)
		}
	}
	if len(shelvesOf(t, s)) == 0 {
		t.Error("nothing is on a shelf")
	}
	stop()
}

// TestGrepHasTeeth finds each text in a control file in each of the forms it may have.
func TestGrepHasTeeth(t *testing.T) {
	for _, text := range typed {
		dir := t.TempDir()
		var wide []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			wide = binary.LittleEndian.AppendUint16(wide, unit)
		}
		for name, data := range map[string][]byte{"utf8": []byte("…" + text), "utf16": append([]byte{0xff, 0xfe}, wide...)} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		files := map[string]bool{}
		for _, f := range grep(t, dir, typed) {
			if f.text == text {
				files[filepath.Base(f.file)] = true
			}
		}
		if len(files) != 2 {
			t.Errorf("%q found in %v", text, files)
		}
	}
}
