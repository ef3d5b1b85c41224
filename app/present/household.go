package present

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zoucun/survey"
)

// Register is what is known of villages and households.
type Register interface {
	Villages() []survey.Place
	Groups(village survey.RecordID) []survey.Place
	SearchHouseholds(village survey.RecordID, query string, limit int) []survey.FoundHousehold
	HouseholdCount(village survey.RecordID) int
}

// VillageRow is a village to choose.
type VillageRow struct {
	ID     survey.RecordID
	Name   string
	Detail string
}

// Villages lists the villages this device may see.
func Villages(r Register) []VillageRow {
	var rows []VillageRow
	for _, v := range r.Villages() {
		rows = append(rows, VillageRow{ID: v.ID, Name: v.Name, Detail: fmt.Sprintf("%d 组，%d 户", len(r.Groups(v.ID)), r.HouseholdCount(v.ID))})
	}
	return rows
}

// HouseholdRow is a household in the list.
type HouseholdRow struct {
	ID      survey.RecordID
	Title   string // the head's name
	Detail  string // where, and how many people
	Flag    string // what must be known before knocking: edits made apart, a remote place
	Warning bool   // whether the flag asks for care
}

// page is how many households the list asks for at a time.
const page = 200

// Households is the list of a village's households, narrowed by what is typed.
type Households struct {
	register Register
	village  survey.Place
	groups   map[survey.RecordID]string
	query    string
	limit    int
	rows     []HouseholdRow
}

// NewHouseholds returns the list of a village, from its top.
func NewHouseholds(r Register, village survey.RecordID) *Households {
	h := &Households{register: r, limit: page}
	for _, v := range r.Villages() {
		if v.ID == village {
			h.village = v
		}
	}
	h.Refresh()
	return h
}

// Village returns the village's name.
func (h *Households) Village() string { return h.village.Name }

// Rows returns what the list shows now.
func (h *Households) Rows() []HouseholdRow { return h.rows }

// Search narrows the list to what fits a text: the head's or a member's name or part of one, pinyin or its initials, a
// door, the household's number, the end of a telephone number. An empty text shows all.
func (h *Households) Search(text string) {
	h.query, h.limit = strings.TrimSpace(text), page
	h.load()
}

// More shows the next part of a long list and reports whether there was any.
func (h *Households) More() bool {
	if len(h.rows) < h.limit {
		return false
	}
	h.limit *= 4
	before := len(h.rows)
	h.load()
	return len(h.rows) > before
}

// Refresh reads the register again, as far as it was shown.
func (h *Households) Refresh() {
	h.groups = map[survey.RecordID]string{}
	for _, g := range h.register.Groups(h.village.ID) {
		h.groups[g.ID] = g.Name
	}
	h.load()
}

// Summary says how many there are, or how many fit.
func (h *Households) Summary() string {
	total := h.register.HouseholdCount(h.village.ID)
	switch {
	case total == 0:
		return "户册还没有收到。连上网络后会自动接收。"
	case h.query == "":
		return fmt.Sprintf("共 %d 户", total)
	case len(h.rows) == 0:
		return "没有找到。可试家人的姓名、拼音首字母、门牌号或电话后几位。"
	case len(h.rows) == h.limit:
		return fmt.Sprintf("找到 %d 户以上", len(h.rows))
	}
	return fmt.Sprintf("找到 %d 户", len(h.rows))
}

func (h *Households) load() {
	found := h.register.SearchHouseholds(h.village.ID, h.query, h.limit)
	rows := make([]HouseholdRow, len(found))
	for i, hh := range found {
		rows[i] = HouseholdRow{ID: hh.ID, Title: headOf(hh.Household), Detail: joined(" · ", memberFound(hh), whereabouts(hh.Household, h.groups[hh.Group]))}
		switch {
		case hh.Conflicted:
			rows[i].Flag, rows[i].Warning = "待核对", true
		case hh.Location == survey.Remote:
			rows[i].Flag = "偏远"
		}
	}
	h.rows = rows
}

// memberFound says whose name was found, where it is not the head's.
func memberFound(h survey.FoundHousehold) string {
	if h.Member == "" {
		return ""
	}
	return "家人 " + h.Member
}

func headOf(h survey.Household) string {
	if h.Head == "" {
		return "（未登记户主）"
	}
	return h.Head
}

// whereabouts is one line: group, door, number, people.
func whereabouts(h survey.Household, group string) string {
	if strings.HasPrefix(h.Door, group) {
		group = ""
	}
	parts := []string{group, h.Door}
	if h.Code != "" {
		parts = append(parts, "编号 "+h.Code)
	}
	if h.Resident >= 0 {
		parts = append(parts, fmt.Sprintf("常住 %d 人", h.Resident))
	}
	return joined(" · ", parts...)
}

func joined(between string, parts ...string) string {
	var present []string
	for _, p := range parts {
		if p != "" {
			present = append(present, p)
		}
	}
	return strings.Join(present, between)
}

// HouseholdFacts is what is known of one household.
type HouseholdFacts interface {
	Groups(village survey.RecordID) []survey.Place
	Villages() []survey.Place
	Household(ctx context.Context, id survey.RecordID) (survey.Household, error)
	VisitsOf(ctx context.Context, household survey.RecordID) ([]survey.Visit, error)
	ProblemsOf(ctx context.Context, household survey.RecordID) ([]survey.Problem, error)
	Drafts(ctx context.Context) ([]survey.Draft, error)
	StaffName(id survey.PersonID) string
}

// Fact is a name and a value on a card.
type Fact struct{ Name, Value string }

// Line is something listed: a visit, a problem, a draft.
type Line struct {
	Title, Detail, Flag string
	Draft               survey.DraftID  // set where tapping it goes on with a draft
	Visit               survey.RecordID // set where tapping it amends a visit
}

// HouseholdCard is everything the card of a household shows.
type HouseholdCard struct {
	Household survey.Household
	Title     string
	Where     string
	Facts     []Fact
	Warning   string // edits made apart wait for a decision
	Drafts    []Line
	Problems  []Line // open ones
	Visits    []Line // the last ones, newest first
}

// visitsShown is how many visits a card lists.
const visitsShown = 5

// CardOf reads the card of a household.
func CardOf(ctx context.Context, s HouseholdFacts, id survey.RecordID, now time.Time) (HouseholdCard, error) {
	h, err := s.Household(ctx, id)
	if err != nil {
		return HouseholdCard{}, err
	}
	card := HouseholdCard{Household: h, Title: headOf(h), Facts: factsOf(h)}
	card.Where = joined(" ", placeName(s.Villages(), h.Village), placeName(s.Groups(h.Village), h.Group), h.Door)
	if h.Conflicted {
		card.Warning = "这一户的资料在两处改得不一样，乡镇正在核对。走访照常进行。"
	}
	visits, err := s.VisitsOf(ctx, id)
	if err != nil {
		return HouseholdCard{}, err
	}
	problems, err := s.ProblemsOf(ctx, id)
	if err != nil {
		return HouseholdCard{}, err
	}
	drafts, err := s.Drafts(ctx)
	if err != nil {
		return HouseholdCard{}, err
	}
	card.Visits = visitLines(s, visits, now)
	card.Problems = openProblems(problems, now)
	card.Drafts = draftLines(drafts, now, func(d survey.Draft) bool { return d.Household == id })
	return card, nil
}

func placeName(places []survey.Place, id survey.RecordID) string {
	for _, p := range places {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

func factsOf(h survey.Household) []Fact {
	facts := []Fact{
		{"常住", people(h.Resident)},
		{"外出", people(h.Away)},
		{"电话", orUnknown(h.Phone)},
		{"户编号", orUnknown(h.Code)},
		{"位置", location(h.Location)},
	}
	if h.Members != "" {
		facts = append(facts, Fact{"家庭成员", h.Members})
	}
	return facts
}

func people(n int) string {
	if n < 0 {
		return "未登记"
	}
	return fmt.Sprintf("%d 人", n)
}

func orUnknown(s string) string {
	if s == "" {
		return "未登记"
	}
	return s
}

func location(l survey.LocationClass) string {
	switch l {
	case survey.Roadside:
		return "路边"
	case survey.Central:
		return "村中"
	case survey.Remote:
		return "偏远"
	}
	return "未登记"
}

func visitLines(s HouseholdFacts, visits []survey.Visit, now time.Time) []Line {
	var lines []Line
	for _, v := range visits[:min(len(visits), visitsShown)] {
		lines = append(lines, Line{Title: Day(v.Finished, now), Detail: joined(" · ", s.StaffName(v.Author), v.Title), Flag: deliveryWord(v.Delivery)})
	}
	return lines
}

func deliveryWord(d survey.Delivery) string {
	switch d {
	case survey.OnDevice:
		return "等待发送"
	case survey.Received:
		return "县里已收"
	case survey.Durable:
		return "县里已备份"
	case survey.AtRelay:
		return "乡镇已收，等县里"
	case survey.FromOthers:
	}
	return ""
}

func openProblems(problems []survey.Problem, now time.Time) []Line {
	var lines []Line
	for _, p := range problems {
		if p.Open() {
			lines = append(lines, Line{Title: p.Title, Detail: raised(p, now), Flag: stateWord(p.State)})
		}
	}
	return lines
}

func raised(p survey.Problem, now time.Time) string {
	if p.Raised == 0 {
		return ""
	}
	return Day(p.Raised, now) + "登记"
}

// stateWords are what a person reads for a problem's state; a state a form brings of its own is shown as it is.
var stateWords = map[string]string{
	"": "已登记", "draft": "草稿", "submitted": "已提交", "reviewed": "已审核", "dispatched": "已交办",
	"transferred_out": "已转出", "sealed": "封存", "accepted": "已签收", "objected": "有异议",
	"planning": "已定方案", "in_progress": "办理中", "replied": "已答复", "callback": "回访中",
	"reopened": "重办", "lookback": "回头看",
}

func stateWord(state string) string {
	if word, ok := stateWords[state]; ok {
		return word
	}
	return state
}
