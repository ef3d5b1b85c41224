// Package million makes up visits and problems by the hundred thousand, for a store at the township.
package million

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"zoucun/store"
	"zoucun/survey"
	"zoucun/sync/wire"
)

// Records says how many visits and problems a store is given. One record in five is a problem.
type Records struct {
	Seed  uint64
	Count int
	Begin time.Time // of the first visit; the others follow, some minutes apart
}

// Fill brings a store that is enrolled and has households so many visits to them and problems in them, as pages of their
// villages' feeds, the way a device at the township gets them.
func Fill(ctx context.Context, s *store.Store, spec Records) error {
	w, err := newWriter(ctx, s, spec)
	if err != nil {
		return err
	}
	for i := range spec.Count {
		if err := w.next(ctx, i); err != nil {
			return fmt.Errorf("million.Fill: record %d: %w", i, err)
		}
	}
	for scope := range w.pages {
		if err := w.send(ctx, scope); err != nil {
			return fmt.Errorf("million.Fill: %w", err)
		}
	}
	return nil
}

// recordWriter makes up visits and problems.
type recordWriter struct {
	s          *store.Store
	r          *mathrand.Rand
	at         time.Time
	hlc        survey.HLC
	self       survey.Enrolment
	households []survey.Household
	pages      map[survey.ScopeID]*wire.FeedPage
	visited    survey.Household // at the visit made last
}

func newWriter(ctx context.Context, s *store.Store, spec Records) (*recordWriter, error) {
	self, _, err := s.Enrolment(ctx)
	if err != nil {
		return nil, fmt.Errorf("million.Fill: %w", err)
	}
	w := &recordWriter{s: s, r: mathrand.New(mathrand.NewPCG(spec.Seed, 17)), at: spec.Begin, self: self, pages: map[survey.ScopeID]*wire.FeedPage{}}
	for _, village := range s.Villages() {
		for _, h := range s.SearchHouseholds(village.ID, "", 0) {
			w.households = append(w.households, h.Household)
		}
	}
	cursors, err := s.Cursors(ctx)
	if err != nil {
		return nil, fmt.Errorf("million.Fill: %w", err)
	}
	for _, c := range cursors {
		w.pages[c.Scope] = &wire.FeedPage{Scope: c.Scope, Epoch: c.Epoch, After: c.Seq}
	}
	return w, nil
}

// next makes up the record with a number and sends its village's page when that is full.
func (w *recordWriter) next(ctx context.Context, i int) error {
	w.at = w.at.Add(time.Duration(1+w.r.IntN(5)) * time.Minute)
	kind, fields := survey.TypeProblem, survey.Fields(nil)
	if i%5 == 4 {
		fields = w.problem()
	} else {
		w.visited = w.households[w.r.IntN(len(w.households))]
		kind, fields = survey.TypeVisit, w.visit(i)
	}
	w.hlc = w.hlc.Next(w.at)
	header := survey.Header{
		Record: survey.NewID[survey.RecordID](), Type: kind, Kind: survey.Put, Scope: w.visited.Scope, Form: "QZ-01", FormVersion: "1.0",
		Author: w.self.Grant.Person, Device: w.self.Grant.Device, HLC: w.hlc, Wall: survey.MillisOf(w.at),
	}
	for path := range fields {
		header.Touched = append(header.Touched, path)
	}
	revision, err := wire.SealRevision(header, survey.Body{Fields: fields}, rand.Reader)
	if err != nil {
		return err //nolint:wrapcheck // Fill says which record
	}
	page := w.pages[w.visited.Scope]
	page.Items = append(page.Items, wire.FeedItem{Seq: page.After + uint64(len(page.Items)) + 1, Op: wire.FeedPut, HLC: w.hlc, Revision: revision})
	if len(page.Items) == wire.MaxItems {
		return w.send(ctx, w.visited.Scope)
	}
	return nil
}

func (w *recordWriter) send(ctx context.Context, scope survey.ScopeID) error {
	page := w.pages[scope]
	page.Head = page.After + uint64(len(page.Items))
	if err := w.s.ApplyPage(ctx, *page); err != nil {
		return err //nolint:wrapcheck // Fill says where
	}
	page.After, page.Items = page.Head, page.Items[:0]
	return nil
}

// FormNumber is the number of the visit with a number.
func FormNumber(i int) string { return fmt.Sprintf("QZ-349999-2026-K%03dT-%04d-W", i/10000, i%10000) }

// visit makes up what a visit says: some twenty choices, and in three fields what somebody wrote.
func (w *recordWriter) visit(i int) survey.Fields {
	f := survey.Fields{
		survey.VisitHousehold: w.visited.ID.String(), survey.VisitName: FormNumber(i) + " " + w.visited.Head,
		"head/form_no": FormNumber(i), "head/visit_date": w.at.Format(time.DateOnly), "head/visit_result": "talked",
		"hear/heard_worry": w.said(), "hear/heard_hope": w.said(), "end/promise_what": "尽快问清楚" + pick(w.r, things) + "的事",
		"end/promise_by": w.at.AddDate(0, 0, 14).Format(time.DateOnly),
	}
	for q := range 18 {
		f[survey.FieldPath(fmt.Sprintf("ask/q%02d", q))] = pick(w.r, []string{"yes", "no", "some", "unknown", "3"})
	}
	return f
}

func (w *recordWriter) problem() survey.Fields {
	thing := pick(w.r, things)
	return survey.Fields{
		survey.ProblemTitle: pick(w.r, places) + thing + pick(w.r, faults), survey.ProblemHousehold: w.visited.ID.String(),
		survey.ProblemNature: "problem", survey.ProblemCategory: fmt.Sprintf("%02d%02d", 1+w.r.IntN(20), 1+w.r.IntN(5)),
		survey.ProblemUrgency: "normal", survey.ProblemState: pick(w.r, []string{"open", "in_progress", "closed_confirmed"}), "detail": w.said(),
	}
}

// said makes up two sentences.
func (w *recordWriter) said() string {
	sentence := func() string {
		return pick(w.r, times) + pick(w.r, places) + pick(w.r, things) + pick(w.r, faults) + "，" + pick(w.r, people) + pick(w.r, wishes)
	}
	return sentence() + "。" + sentence() + "。"
}

func pick(r *mathrand.Rand, from []string) string { return from[r.IntN(len(from))] }

var (
	times  = []string{"去年冬天", "上个月", "开春以后", "国庆前后", "下雨天", "每天晚上", "收稻子时", "前几年", "赶集那天", "最近半年", "夏天", "过年期间"}
	places = []string{
		"村口", "塘边", "后山", "老祠堂旁", "小学门口", "三岔路", "水塔下", "东头", "西头", "桥边", "河滩", "菜地里", "竹林边", "村部对面",
		"老屋场", "岭上", "垅里", "大坝下", "晒谷场", "卫生室",
	}
	things = []string{
		"路灯", "水管", "水渠", "机耕路", "低压线路", "宽带", "垃圾桶", "公厕", "危房", "挡土墙", "补贴款", "低保", "医保报销", "养老金", "粮种",
		"化肥", "鱼塘承包费", "宅基地", "土地流转租金", "树木补偿", "班车", "校车", "电表", "变压器", "饮用水", "污水沟", "护栏", "桥面", "山塘", "合作社分红",
	}
	faults = []string{
		"坏了没人修", "一直没到账", "堵住了", "漏水漏得厉害", "塌了一截", "太窄会不了车", "说好又没动静", "断了几回", "价钱算得不对", "名单上没有他家",
		"离得太远", "夜里看不见", "臭得很", "手续跑了三趟", "停了半年", "裂了缝", "被水冲了", "电压不稳", "信号很差", "没有公示",
	}
	people = []string{"老人", "孩子上学", "隔壁几户", "他儿子在外打工", "家里两个病人", "全组的人", "他爱人", "几个留守老人", "养羊的", "开小店的"}
	wishes = []string{
		"希望早点修好", "盼着有人来看看", "不敢出门", "出行不便", "多次反映过", "想问清楚标准", "愿意出工出力", "担心再下雨", "要求给个说法", "觉得不公平",
		"说可以先垫钱", "怕影响收成", "想换个地方", "希望村里公开", "不知道找谁",
	}
)
