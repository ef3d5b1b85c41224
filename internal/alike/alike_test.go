package alike

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoucun/internal/spell"
	"zoucun/survey"
)

func TestCompare(t *testing.T) {
	one := survey.Household{Head: "王芳", Door: "3组12号", Phone: "13800000001", Members: "王强、王丽", Code: "QC-001"}
	tests := []struct {
		fact  string
		other survey.Household
		asks  bool
		why   string
		not   string
	}{
		{"a name written by its sound, at the same door", survey.Household{Head: "王方", Door: "3组12号"}, true, "同音 · 同门牌", ""},
		{"the same name and nothing else known", survey.Household{Head: "王芳"}, true, "同名", ""},
		{"the same name elsewhere", survey.Household{Head: "王芳", Door: "5组2号"}, false, "同名", "门牌不同"},
		{"the same name, moved with the family", survey.Household{Head: "王芳", Door: "5组2号", Members: "王丽、王强"}, true, "同名 · 有同名的家人", "门牌不同"},
		{"two rows of one roster", survey.Household{Head: "王芳", Code: "QC-002"}, false, "同名", "编号不同"},
		{"two rows of one roster at one door with one phone", survey.Household{Head: "王方", Door: "3组12号", Phone: "138-0000-0001", Code: "QC-002"}, true, "同音 · 同门牌 · 同电话", "编号不同"},
		{"a new phone at the same door", survey.Household{Head: "王方", Door: "3组12号", Phone: "13900000002"}, true, "同音 · 同门牌", "电话不同"},
		{"the son who is head elsewhere", survey.Household{Head: "王强", Door: "7组1号"}, false, "与家人同名", "门牌不同"},
		{"the son at the same door", survey.Household{Head: "王强", Door: "3组12号"}, true, "与家人同名 · 同门牌", ""},
		{"a neighbour", survey.Household{Head: "赵四", Door: "3组12号", Phone: "13800000001"}, false, "同门牌 · 同电话", ""},
		{"a rare character and its stopgap, with the phone", survey.Household{Head: "王〓", Phone: "13800000001"}, true, "名字只差一个字 · 同电话", ""},
	}
	for _, test := range tests {
		t.Run(test.fact, func(t *testing.T) {
			e := Compare(spell.NewBook(), one, test.other)
			if e.Asks() != test.asks || e.For() != test.why || e.Against() != test.not {
				t.Errorf("asks %v (%d points): for %q, against %q", e.Asks(), e.Weight(), e.For(), e.Against())
			}
			back := Compare(spell.NewBook(), test.other, one)
			if back.Weight() != e.Weight() || back.For() != e.For() || back.Against() != e.Against() {
				t.Errorf("the other way round it says %+v, not %+v", back, e)
			}
		})
	}
}

// villager draws a household of a village in which names, doors and phones are few.
func villager(t *rapid.T, id byte) survey.Household {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	return survey.Household{
		ID: survey.RecordID{id}, Head: pick("head", "王芳", "王方", "王强", "赵大四", "赵小四", "𠮷田", "吉田", ""),
		Members: pick("members", "", "王芳", "王强、王丽", "王丽、王强"), Door: pick("door", "", "12号", "3组12号", "5组12号", "1号"),
		Phone: pick("phone", "", "13800000001", "138 0000 0001", "13900000002"), Code: pick("code", "", "QC-001", "QC-002"),
	}
}

// TestIndexFindsWhatComparingAllFinds changes a register again and again and wants of the index what comparing every
// household with every other says.
func TestIndexFindsWhatComparingAllFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		book := spell.NewBook()
		x := NewIndex(book)
		register := map[byte]survey.Household{}
		for range rapid.IntRange(1, 4).Draw(t, "times") {
			for range rapid.IntRange(1, 8).Draw(t, "changes") {
				id := rapid.ByteRange(1, 12).Draw(t, "id")
				if rapid.IntRange(0, 4).Draw(t, "goes") == 0 {
					delete(register, id)
				} else {
					register[id] = villager(t, id)
				}
			}
			var homes []survey.Household
			for _, h := range register {
				homes = append(homes, h)
			}
			x.Set(homes, func(survey.RecordID) string { return "" })
			want := map[Pair]string{}
			for i, a := range register {
				for j, b := range register {
					if e := Compare(book, a, b); i < j && e.Asks() {
						want[Pair{a.ID, b.ID}] = e.For() + e.Against()
					}
				}
			}
			got := map[Pair]string{}
			for p, e := range x.Pairs() {
				got[p] = e.For() + e.Against()
			}
			if !maps.Equal(got, want) {
				t.Fatalf("the index finds %v, comparing all %v", got, want)
			}
		}
	})
}

// TestIndexComparesFew holds a large village to a few comparisons for each household, and one change to those of one.
func TestIndexComparesFew(t *testing.T) {
	homes := bigVillage(3000)
	x := NewIndex(spell.NewBook())
	group := func(survey.RecordID) string { return "" }
	x.Set(homes, group)
	if x.compared > 20*len(homes) {
		t.Errorf("%d households took %d comparisons", len(homes), x.compared)
	}
	x.compared = 0
	homes[77].Phone = homes[78].Phone
	x.Set(homes, group)
	if x.compared > 200 {
		t.Errorf("one change took %d comparisons", x.compared)
	}
}

// BenchmarkIndex measures the first look through a village of 30,000 households with 90,000 names, and a look after one
// change.
func BenchmarkIndex(b *testing.B) {
	homes := bigVillage(30_000)
	group := func(survey.RecordID) string { return "" }
	for b.Loop() {
		x := NewIndex(spell.NewBook())
		begun := time.Now()
		x.Set(homes, group)
		first := time.Since(begun)
		homes[77].Phone = homes[78].Phone
		begun = time.Now()
		x.Set(homes, group)
		b.ReportMetric(float64(first.Milliseconds()), "first-ms")
		b.ReportMetric(float64(time.Since(begun).Microseconds())/1000, "change-ms")
	}
}

// bigVillage makes a register with the names a village has: few surnames, many given names.
func bigVillage(n int) []survey.Household {
	r := rand.New(rand.NewPCG(1, 2))
	surnames, given := []rune("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林"), []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉萍红建国志文海波鹏飞春梅")
	name := func() string {
		s := string(surnames[r.IntN(len(surnames))]) + string(given[r.IntN(len(given))])
		if r.IntN(3) > 0 {
			s += string(given[r.IntN(len(given))])
		}
		return s
	}
	homes := make([]survey.Household, n)
	for i := range homes {
		homes[i] = survey.Household{
			ID: survey.DerivedID[survey.RecordID](survey.ScopeID{}, fmt.Sprint(i)), Head: name(), Members: name() + "、" + name(),
			Code: fmt.Sprintf("QC-%05d", i), Door: fmt.Sprintf("%d组%d号", 1+i/150, 1+i%150), Phone: fmt.Sprintf("13%09d", r.IntN(1_000_000_000)),
		}
	}
	return homes
}

func TestTexts(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"村口路灯不亮，晚上看不见", "村口的路灯不亮，晚上看不见路", true},
		{"路灯不亮", "路灯不亮。", true},
		{"村口路灯不亮", "自来水压力太低", false},
		{"", "", false},
		{"水", "路", false},
	} {
		if got := Texts(test.a, test.b); got != Texts(test.b, test.a) || (got >= 0.6) != test.want {
			t.Errorf("%q and %q are alike by %.2f", test.a, test.b, got)
		}
	}
}
