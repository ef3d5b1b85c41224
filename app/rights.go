package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"zoucun/app/field"
	"zoucun/app/present"
	"zoucun/form/xform"
	"zoucun/report"
	"zoucun/survey"
)

// openRights shows what is held on a household, once the person has said why.
func (p *program) openRights(household survey.RecordID) {
	p.shell.Push(field.NewRights(p.host, field.RightsSpec{
		Presenter: present.NewRights(p.store, household, p.self.Grant.Person),
		Words:     p.words, Save: p.shell.saveFile,
	}))
}

// words puts what is held into words, by the forms and the register of this device.
func (p *program) words(ctx context.Context, held []survey.Holding) (report.Dossier, error) {
	data := report.Data{Records: p.named(held)}
	forms, err := p.store.Forms(ctx)
	if err != nil {
		return report.Dossier{}, err
	}
	for _, info := range forms {
		xml, err := p.store.FormXML(ctx, info.ID, info.Version)
		if err != nil {
			return report.Dossier{}, err
		}
		definition, err := xform.Read(bytes.NewReader(xml))
		if err != nil {
			return report.Dossier{}, err
		}
		data.Forms = append(data.Forms, report.FormOf(definition))
	}
	d := report.DossierOf(held, data, p.opt.Clock())
	d.Township = p.self.Grant.Township
	if phones := p.self.Recipients.Phones; phones != nil {
		d.Phones = *phones
	}
	return d, nil
}

// named returns what the register calls the places and people that holdings may name.
func (p *program) named(held []survey.Holding) []survey.Record {
	var records []survey.Record
	for _, village := range p.store.Villages() {
		for _, place := range append(p.store.Groups(village.ID), village) {
			records = append(records, survey.Record{ID: place.ID, Type: survey.TypePlace, Fields: survey.Fields{survey.PlaceName: place.Name}})
		}
	}
	people := map[survey.PersonID]bool{p.self.Grant.Person: true}
	for _, h := range held {
		for _, s := range h.Statements {
			people[s.Header.Author] = true
		}
	}
	for id := range people {
		if name := p.store.StaffName(id); name != "" {
			records = append(records, survey.Record{ID: survey.RecordID(id), Type: survey.TypeStaff, Fields: survey.Fields{survey.StaffName: name}})
		}
	}
	return records
}

// saveFile keeps a page that holds what is known of a household.
func (s *shell) saveFile(name string, data []byte) {
	s.saveAs(name, data, "已存成一页。打印交给本人以后，请删掉这个文件。")
}

// saveAs asks with the device's own picker where to keep a file, writes it there and says so. A tablet's picker takes the name
// itself; elsewhere a folder is chosen, for a dialog that asks for a name would cover what it asks for.
func (s *shell) saveAs(name string, data []byte, told string) {
	if fyne.CurrentDevice().IsMobile() {
		d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) { s.fill(w, w == nil, err, data, told) }, s.window)
		d.SetFileName(name)
		d.Show()
		return
	}
	d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		if err != nil || folder == nil {
			s.fill(nil, folder == nil, err, data, told)
			return
		}
		var to fyne.URIWriteCloser
		file, err := storage.Child(folder, name)
		if err == nil {
			to, err = storage.Writer(file)
		}
		s.fill(to, false, err, data, told)
	}, s.window)
	d.Resize(s.window.Canvas().Size())
	d.Show()
}

// fill writes a file where the person wants it, unless they changed their mind.
func (s *shell) fill(to io.WriteCloser, cancelled bool, err error, data []byte, told string) {
	if err == nil && cancelled {
		return
	}
	if err == nil {
		_, err = to.Write(data)
		err = errors.Join(err, to.Close())
	}
	if err != nil {
		s.Complain(&survey.Error{
			Kind: survey.Unavailable, Op: "app.saveFile", Message: "没有存成，请换一个地方再存。本机的记录没有变。", Err: fmt.Errorf("write page: %w", err),
		})
		return
	}
	s.Tell(told)
}
