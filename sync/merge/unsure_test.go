package merge

import (
	"testing"
	"time"

	"zoucun/survey"
)

func TestTimeOfAVisit(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for off, want := range map[time.Duration]bool{
		0: false, 10 * time.Minute: false, 11 * time.Minute: true, -11 * time.Minute: true, 5 * 365 * 24 * time.Hour: true,
	} {
		e := put("visit", survey.HLC(0).Next(now), "a=1")
		e.Header.Type, e.Header.Wall = survey.TypeVisit, survey.MillisOf(now.Add(off))
		if r := Apply([]Edit{e}); r.TimeUnsure != want {
			t.Errorf("off by %v: %v", off, r.TimeUnsure)
		}
		e.Header.Type = survey.TypeHousehold
		if Apply([]Edit{e}).TimeUnsure {
			t.Error("a household has a time")
		}
	}
}
