package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"zoucun/assets"
	"zoucun/form"
	"zoucun/form/xform"
	"zoucun/internal/testkit/device"
	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// sizes measures how many bytes a typical visit takes on the wire: the product's own form, filled by its own engine with
// the register of a made-up township, and answers as different as people's are.
func sizes(ctx context.Context, w io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "zoucun-sizes")
	if err != nil {
		return fmt.Errorf("sizes: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := store.Open(ctx, dir, store.Options{Clock: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	folder, err := assets.Form("QZ-01")
	if err != nil {
		return err
	}
	if err := device.Prepare(ctx, s, device.Spec{Seed: 1, Households: 420, Forms: map[string]fs.FS{"QZ-01": folder}}); err != nil {
		return err
	}
	const visits = wire.MaxEntries
	if err := visitAll(ctx, s, visits); err != nil {
		return err
	}
	entries, err := logged(ctx, s)
	if err != nil {
		return err
	}
	var only []survey.Entry
	for _, e := range entries {
		if e.Revision.Header.Type == survey.TypeVisit {
			e.N = uint64(len(only)) + 1
			only = append(only, e)
		}
	}
	for _, of := range []struct {
		name  string
		batch []survey.Entry
		count int
	}{{"alone", only[:1], 1}, {"batch-of-10", only[:10], 10}, {"batch-of-200", only, len(only)}, {"with-its-problems-and-household", entries, len(only)}} {
		n, err := packedSize(of.batch)
		if err != nil {
			return err
		}
		if err := printLines(w, fmt.Sprintf("visit/%s %.0f B", of.name, float64(n)/float64(of.count))); err != nil {
			return err
		}
	}
	return printLines(w, fmt.Sprintf("visit/records-of-one %.2f records", float64(len(entries))/float64(len(only))))
}

// packedSize returns how many bytes a push of these entries takes, in as many segments as it needs.
func packedSize(entries []survey.Entry) (total int, err error) {
	for len(entries) > 0 {
		n := min(len(entries), wire.MaxEntries)
		body, err := wire.PackCompact(&wire.Push{ID: survey.NewID[survey.PushID](), Nonce: make([]byte, 24), Segments: []wire.Segment{{
			Header:  wire.SegmentHeader{Algorithm: wire.SHA256Ed25519, First: entries[0].N, Count: uint64(n)},
			Entries: entries[:n], Signature: random(64),
		}}})
		if err != nil {
			return 0, err
		}
		total, entries = total+len(body), entries[n:]
	}
	return total, nil
}

// random returns bytes that cannot be compressed, as a signature cannot.
func random(n int) []byte {
	id := make([]byte, 0, n+16)
	for len(id) < n {
		next := survey.NewID[survey.Epoch]()
		id = append(id, next[:]...)
	}
	return id[:n]
}

// logged returns everything the device would push.
func logged(ctx context.Context, s *store.Store) ([]survey.Entry, error) {
	push, ok, err := s.NextPush(ctx, wire.MaxSegments*wire.MaxEntries, wire.MaxMessage)
	if err != nil || !ok {
		return nil, errors.Join(err, errors.New("sizes: nothing to push"))
	}
	var entries []survey.Entry
	for _, segment := range push.Segments {
		entries = append(entries, segment.Entries...)
	}
	return entries, nil
}

// visitAll fills in visits to households of all villages.
func visitAll(ctx context.Context, s *store.Store, visits int) error {
	e, _, err := s.Enrolment(ctx)
	if err != nil {
		return err
	}
	forms, err := s.Forms(ctx)
	if err != nil || len(forms) == 0 {
		return errors.Join(err, errors.New("sizes: no form"))
	}
	xml, err := s.FormXML(ctx, forms[0].ID, forms[0].Version)
	if err != nil {
		return err
	}
	definition, err := xform.Read(bytes.NewReader(xml))
	if err != nil {
		return err
	}
	people := rand.New(rand.NewPCG(2, 2)) //nolint:gosec // the same visits each time
	villages := s.Villages()
	for i := 0; i < visits; {
		village := villages[people.IntN(len(villages))]
		found := s.SearchHouseholds(village.ID, "", 1000)
		if len(found) == 0 {
			continue
		}
		d := survey.Draft{
			ID: survey.NewID[survey.DraftID](), Form: forms[0].ID, FormVersion: forms[0].Version, Scope: survey.VillageScope(village.ID),
			Household: found[people.IntN(len(found))].ID, Author: e.Grant.Person,
		}
		finished, err := visit(ctx, s, definition, d, village.ID, e.Grant, people)
		if err != nil {
			return err
		}
		if finished {
			i++
		}
	}
	return nil
}

// visit fills in one, and reports whether it could be finished.
func visit(ctx context.Context, s *store.Store, definition *xform.Form, d survey.Draft, village survey.RecordID, grant survey.Grant, people *rand.Rand) (bool, error) {
	session, err := form.Begin(definition, form.Env{
		Now: time.Now, NewID: func() string { return survey.NewID[survey.RecordID]().String() },
		Instances: func(file string) (form.Table, bool) { return s.Table(ctx, file, d) },
		Properties: map[string]string{
			"deviceid": grant.Device.String(), "person": grant.Person.String(), "person_name": grant.Name, "township": grant.Township,
			"village": village.String(), "household": d.Household.String(), "form_no": strconv.Itoa(100_000 + people.IntN(900_000)),
		},
	})
	if err != nil {
		return false, err
	}
	respondent{session, people}.answerAll()
	sub, err := session.Finish()
	if wrong := (*form.Unfinished)(nil); errors.As(err, &wrong) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := s.BeginDraft(ctx, d, nil); err != nil {
		return false, err
	}
	return true, s.FinishVisit(ctx, d, sub)
}

// respondent answers as a household and its visitor do: most of what is chosen, some of what is written.
type respondent struct {
	*form.Session
	*rand.Rand
}

func (r respondent) answerAll() {
	for range 2 { // answers open further questions
		r.answerUnder(r.Outline())
	}
}

func (r respondent) answerUnder(nodes []form.Node) {
	for _, n := range nodes {
		if n.Kind == form.QuestionNode {
			r.answer(n.Path)
		} else if n.CanAdd && len(n.Children) == 0 && r.IntN(3) > 0 {
			_, _, _ = r.AddRepeat(n.Path, "") // one problem; more would be refused in a form that allows none
		}
		r.answerUnder(n.Children)
	}
}

// answer gives one. What the form does not take is taken back.
func (r respondent) answer(path survey.FieldPath) {
	q, ok := r.Question(path)
	if !ok || q.Answered || q.ReadOnly || !q.Relevant {
		return
	}
	value := r.value(q)
	if value == "" {
		return
	}
	if _, err := r.Set(path, value); err != nil {
		return
	}
	if q, _ = r.Question(path); q.Violation != nil {
		_, _ = r.Set(path, "") // leaves it as it was asked
	}
}

func (r respondent) value(q form.Question) string {
	switch q.Type {
	case form.SelectOne, form.SelectMultiple:
		choices := r.Choices(q.Path, "", 0)
		if len(choices) == 0 || !q.Required && r.IntN(10) == 0 {
			return ""
		}
		return choices[min(r.IntN(len(choices)), r.IntN(len(choices)))].Name
	case form.Integer:
		return strconv.Itoa(r.IntN(6))
	case form.Text:
		if !q.Required && r.IntN(10) < 6 {
			return ""
		}
		return r.said()
	case form.Date:
		return time.Now().AddDate(0, 0, -r.IntN(20)).Format(time.DateOnly)
	case form.Hidden, form.Note, form.Decimal, form.Time, form.DateTime, form.Rank, form.Range, form.Acknowledge, form.Image, form.Audio,
		form.Video, form.File, form.Barcode, form.Geopoint, form.Geotrace, form.Geoshape, form.Sealed:
	}
	return ""
}

// Sentences are put together of these, so that hardly two are the same.
var (
	places    = strings.Fields("村口 老井边 小学门前 三组晒场 河堤下 卫生室旁 机耕路 水库东头 祠堂后 桥头 合作社仓库 垭口 五保户门口 变压器边 坡上梯田 菜市场")
	matters   = strings.Fields("路灯坏了 水管冬天冻裂 排水沟堵 桥面塌了一块 垃圾没人收 电压低 信号差 井水发黄 野猪毁地 屋顶漏雨 补贴没到账 医保报销慢 老人没人照看 孩子上学路远 土地界线不清 化肥涨价 路面坑洼 挡墙开裂 水费收得高 没地方晒谷")
	durations = strings.Fields("上个月起 去年入冬后 有两三年 汛期以来 前几天 开春到现在 记不清多久 国庆前后 一下雨就 过年时候")
	wishes    = strings.Fields("希望早点修 想请人来看一看 能补一点材料钱就行 盼着通班车 先把危险的挡上 请给个准话 自己也愿意出工 等村里商量 想问问政策 暂时没有别的要求")
)

func (r respondent) said() string {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	text := pick(places) + pick(matters)
	if r.IntN(2) == 0 {
		text += "，" + pick(durations) + "，大约" + strconv.Itoa(1+r.IntN(40)) + "户"
	}
	if r.IntN(2) == 0 {
		text += "，" + pick(wishes)
	}
	return text + "。"
}
