package retention

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zoucun/survey"
)

// Why says which rule took something out.
type Why string

// Reasons.
const (
	WhyIdentified Why = "identified" // a visit or a problem settled on the spot is old enough
	WhyDispatched Why = "dispatched" // a problem that was handed on is old enough
	WhyPhoto      Why = "photo"
	WhyAccess     Why = "access"
	WhyRequest    Why = "request" // the person asked
	WhyLate       Why = "late"    // it came after the person's household had been erased, and did not know
	WhyAgain      Why = "again"   // it had been erased and was back: a backup was restored
)

// Words are what people read for the reasons.
var Words = map[Why]string{
	WhyIdentified: "走访个人信息到期", WhyDispatched: "交办问题到期", WhyPhoto: "照片到期", WhyAccess: "查看记录到期",
	WhyRequest: "依申请删除", WhyLate: "删除之后才到的旧内容", WhyAgain: "恢复备份后再次删除",
}

// Report is what one run took out, without a word of it.
type Report struct {
	At      survey.Millis `json:"at"`
	Rules   Rules         `json:"rules"`
	Records []Removed     `json:"records"`
	Files   int           `json:"files"`             // whose bytes were removed
	Waiting int           `json:"waiting,omitempty"` // records that are due and wait for a person to decide
	Name    string        `json:"-"`                 // of the file
}

// Removed is what was taken out of one record.
type Removed struct {
	Record survey.RecordID   `json:"record"`
	Type   survey.RecordType `json:"type"`
	Why    Why               `json:"why"`
	Whole  bool              `json:"whole,omitempty"`
	Fields map[Class]int     `json:"fields,omitempty"`
	Files  int               `json:"files,omitempty"`
}

// Tally counts a report's records by reason.
func (r Report) Tally() map[Why]int {
	tally := map[Why]int{}
	for _, removed := range r.Records {
		tally[removed.Why]++
	}
	return tally
}

// Fields counts the fields that were taken out by class.
func (r Report) Fields() map[Class]int {
	fields := map[Class]int{}
	for _, removed := range r.Records {
		for class, n := range removed.Fields {
			fields[class] += n
		}
	}
	return fields
}

// Keep writes a report into the folder.
func (k Keeper) Keep(r Report) error {
	name := r.At.Time().Format("20060102T150405.000Z") + ".json"
	return k.writeFile(filepath.Join(k.Folder, name), r)
}

// Reports returns every report in the folder, the latest first.
func (k Keeper) Reports() ([]Report, error) {
	names, err := filepath.Glob(filepath.Join(k.Folder, "2*.json"))
	var reports []Report
	for _, name := range names {
		var r Report
		raw, readErr := os.ReadFile(name)
		if readErr == nil {
			readErr = json.Unmarshal(raw, &r)
		}
		if readErr != nil {
			return nil, &survey.Error{
				Kind: survey.Damaged, Op: "retention.Reports", Err: readErr,
				Message: "删除报告“" + filepath.Base(name) + "”读不出来，请从备份找回这个文件。",
			}
		}
		r.Name = strings.TrimSuffix(filepath.Base(name), ".json")
		reports = append(reports, r)
	}
	slices.SortFunc(reports, func(a, b Report) int { return -cmp.Compare(a.Name, b.Name) })
	return reports, err
}
