package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // pictures of labels
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"io"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "golang.org/x/image/webp" // pictures of labels

	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/form/xlsform"
	"zoucun/server/blob"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// Codes of what is wrong with the files that come with a form.
const (
	fileMissing xlsform.Code = "ZC201"
	fileBroken  xlsform.Code = "ZC202"
	fileUnused  xlsform.Code = "ZC203"
)

// mostPixels is how large a label's picture may be: a small tablet opens it in a moment.
const mostPixels = 25_000_000

// formFile is a file that comes with a form, where it lies.
type formFile struct {
	survey.Attachment
	path string
}

// formFiles are the files that come with a form.
type formFiles struct {
	found   []formFile
	sources map[string]*form.Source
	missing []xlsform.Finding
}

func (f formFiles) attachments() []survey.Attachment {
	var list []survey.Attachment
	for _, file := range f.found {
		list = append(list, file.Attachment)
	}
	return list
}

func (f formFiles) size() (bytes int64) {
	for _, file := range f.found {
		bytes += file.Size
	}
	return bytes
}

// whole returns all that is wrong with a form, the files it lacks among it: without them nobody can fill it in.
func (d *definition) whole() []xlsform.Finding { return append(d.found, d.files.missing...) }

// readable returns what is wrong with a form for whoever only wants to read it.
func (d *definition) readable() []xlsform.Finding {
	found := d.found
	for _, missing := range d.files.missing {
		missing.Severity = xlsform.Warning
		found = append(found, missing)
	}
	return found
}

// gather reads each file that the form names: every one whole and once, so that none turns out broken on a tablet.
func (d *definition) gather() error {
	d.files.sources = map[string]*form.Source{}
	named := d.form.Files()
	for _, name := range named.Instances {
		if err := d.take(name, d.takeSource); err != nil {
			return err
		}
	}
	for _, name := range named.Pictures {
		if err := d.take(name, takePicture); err != nil {
			return err
		}
	}
	for _, name := range named.Sounds {
		d.complain(fileUnused, xlsform.Warning, "附带的录音、录像“"+name+"”走访端不播放，不会发给设备。", "要让人知道的内容请写成文字。")
	}
	if n := len(d.files.found); n > wire.MaxAttachments {
		d.complain(fileBroken, xlsform.Fatal, fmt.Sprintf("附带了 %d 个文件，最多 %d 个。", n, wire.MaxAttachments), "请减少图片，或拆成几张表。")
	}
	return nil
}

func (d *definition) complain(code xlsform.Code, severity xlsform.Severity, message, remedy string) {
	d.found = append(d.found, xlsform.Finding{Code: code, Severity: severity, Message: message, Remedy: remedy})
}

// take finds a file and hands its bytes to use, which says what is wrong with them.
func (d *definition) take(name string, use func(name string, data []byte) error) error {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") || strings.ContainsAny(name, `/\`) {
		d.complain(fileBroken, xlsform.Fatal, "附带的文件“"+name+"”写成了路径。", "只写文件名，文件放在表单旁边的 media 文件夹里。")
		return nil
	}
	path, found := d.find(name)
	if !found {
		if !isRegister(name) && !d.keeps(name) {
			d.files.missing = append(d.files.missing, xlsform.Finding{
				Code: fileMissing, Severity: xlsform.Fatal, Message: "找不到表里用到的文件“" + name + "”。",
				Remedy: "请把它放进表单旁边的 media 文件夹。",
			})
		}
		return nil
	}
	data, err := readBounded(path)
	if err != nil {
		return err
	}
	err = errEmpty
	if len(data) > 0 {
		err = use(name, data)
	}
	if len(data) > wire.MaxBlob {
		err = errTooLarge
	}
	if err != nil {
		d.complain(fileBroken, xlsform.Fatal, cmp.Or(survey.MessageOf(err), "附带的文件“"+name+"”不能用："+err.Error()), "。请换一个好的文件。")
		return nil
	}
	kind, _, _ := strings.Cut(cmp.Or(mime.TypeByExtension(filepath.Ext(name)), "application/octet-stream"), ";")
	d.files.found = append(d.files.found, formFile{path: path, Attachment: survey.Attachment{
		Name: name, SHA256: sha256.Sum256(data), Size: int64(len(data)), MIME: kind,
	}})
	return nil
}

var (
	errEmpty    = errors.New("是空的")
	errTooLarge = fmt.Errorf("超过 %d MB", wire.MaxBlob>>20)
)

// readBounded reads a file, but no more of it than tells that it is too large.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, notReadable(path, err)
	}
	defer func() { _ = file.Close() }() // read only: nothing is lost
	data, err := io.ReadAll(io.LimitReader(file, wire.MaxBlob+1))
	if err != nil {
		return nil, notReadable(path, err)
	}
	return data, nil
}

// isRegister reports whether a list is one of the registers that every device has.
func isRegister(name string) bool {
	register, isCSV := strings.CutSuffix(name, ".csv")
	return isCSV && survey.RecordType(register).Register()
}

// keeps reports whether a list is one whose records the form itself makes.
func (d *definition) keeps(name string) bool {
	return slices.ContainsFunc(d.form.Entities, func(e *xform.Entity) bool { return e.Dataset+".csv" == name })
}

// find looks for a file where ODK's tools put it: in NAME-media, in media, or beside the form. A register of that name
// is meant unless the file was put into a folder of its own.
func (d *definition) find(name string) (string, bool) {
	base := filepath.Clean(d.path)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	folders := []string{stem + "-media", filepath.Join(filepath.Dir(base), "media")}
	beside := filepath.Dir(base)
	if info, err := os.Stat(base); err == nil && info.IsDir() {
		folders = []string{base + "-media", filepath.Join(base, "media")}
		beside = base
	}
	if !isRegister(name) {
		folders = append(folders, beside)
	}
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, true
		}
	}
	return "", false
}

func (d *definition) takeSource(name string, data []byte) error {
	source, err := form.ReadSource(name, data)
	if err == nil {
		d.files.sources[name] = source
	}
	return err
}

func takePicture(_ string, data []byte) error {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case err != nil:
		return errors.New("不是能显示的图片（只收 PNG、JPG、GIF、WEBP）")
	case config.Width <= 0 || config.Height <= 0 || config.Width > mostPixels/config.Height:
		return fmt.Errorf("图片有 %d×%d 像素，太大", config.Width, config.Height)
	}
	if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
		return errors.New("图片不完整")
	}
	return nil
}

// printFiles tells which files come with a form.
func (s *session) printFiles(d definition) error {
	if len(d.files.found) == 0 {
		return nil
	}
	names := make([]string, len(d.files.found))
	for i, file := range d.files.found {
		names[i] = file.Name
	}
	return s.printf("附带的文件 %d 个：%s\n", len(names), strings.Join(names, "、"))
}

// putFiles puts the files into the server's store of attachments, before the form that refers to them. What is there
// already stays.
func (s *session) putFiles(ctx context.Context, files formFiles, folder string) error {
	if len(files.found) == 0 {
		return nil
	}
	blobs, err := blob.OpenFolder(cmp.Or(folder, filepath.Join(s.place.data, "blobs")))
	if err != nil {
		return err
	}
	for _, file := range files.found {
		if err := putFile(ctx, blobs, file); err != nil {
			return err
		}
	}
	return nil
}

func putFile(ctx context.Context, blobs blob.Store, file formFile) error {
	data, err := readBounded(file.path)
	if err != nil {
		return err
	}
	if sha256.Sum256(data) != file.SHA256 {
		return refuse(survey.Conflicting, "form", "附带的文件“"+file.Name+"”在导入时变了，没有发布。请再导入一次。", nil)
	}
	held, err := blobs.Held(ctx, file.SHA256, file.Size)
	for err == nil && held < file.Size {
		held, err = blobs.Append(ctx, file.SHA256, file.Size, held, data[held:min(held+wire.MaxChunk, file.Size)])
	}
	return err
}
