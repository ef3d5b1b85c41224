package grams

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestOf(t *testing.T) {
	gram := func(chars string) Gram {
		var g Gram
		for _, char := range chars {
			g = g<<charBits | Gram(char)
		}
		return g
	}
	for text, want := range map[string][]string{
		"":              nil,
		"路":             nil,
		"路灯":            {"路灯"},
		"路灯路灯":          {"灯路", "路灯"},
		"路，灯":           nil,
		"12":            nil,
		"0012":          {"001", "012"},
		"a1路":           {"1路"},
		"3号楼12":         {"3号", "号楼", "楼1"},
		"qz-1":          {"qz-", "z-1"},
		"𬱖氏":            {"𬱖氏"},
		"路\x00灯\uFFFD坏": nil,
	} {
		var wanted []Gram
		for _, w := range want {
			wanted = append(wanted, gram(w))
		}
		slices.Sort(wanted)
		if diff := cmp.Diff(wanted, Of(nil, text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

var anyText = rapid.StringOfN(rapid.RuneFrom([]rune("路灯坏了不亮水管漏修好123abc- ，。𬱖\u2FFF")), 0, 40, -1)

// A text that holds another has all of its grams.
func TestPartsHaveTheGramsOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []rune(anyText.Draw(t, "text"))
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		to := rapid.IntRange(from, len(text)).Draw(t, "to")
		whole := Of(nil, string(text))
		for _, gram := range Of(nil, string(text[from:to])) {
			if !slices.Contains(whole, gram) {
				t.Fatalf("%q has a gram that %q has not", string(text[from:to]), string(text))
			}
		}
	})
}

// Pages say what the index said.
func TestPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x Index
		seen := map[Gram]bool{}
		number := 0
		for _, text := range rapid.SliceOfN(anyText, 0, 60).Draw(t, "texts") {
			list := Of(nil, text)
			for _, gram := range list {
				seen[gram] = true
			}
			x.Add(uint16(number), list)
			number += rapid.IntRange(1, 900).Draw(t, "step")
		}
		pages := x.Pages(rapid.IntRange(1, 200).Draw(t, "size"))
		var firsts []Gram
		for _, p := range pages {
			firsts = append(firsts, p.First)
		}
		seen[Gram(rapid.Uint64().Draw(t, "other"))] = true
		for gram := range seen {
			want, _ := x.Texts(gram)
			var got []uint16
			if at := PageOf(firsts, gram); at >= 0 {
				var err error
				if got, err = Texts(pages[at].Bytes, gram); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%x: %v, want %v", gram, got, want)
			}
		}
	})
}

func TestBoth(t *testing.T) {
	if got := Both([]uint16{1, 3, 5, 7}, []uint16{0, 3, 4, 7, 9}); !slices.Equal(got, []uint16{3, 7}) {
		t.Error(got)
	}
	if got := Both(nil, []uint16{1}); len(got) != 0 {
		t.Error(got)
	}
}

// FuzzTexts reads pages that are none: no panic, no number beyond what there is, no list out of order.
func FuzzTexts(f *testing.F) {
	var x Index
	x.Add(3, Of(nil, "路灯坏了三个月"))
	x.Add(700, Of(nil, "路灯修好了"))
	for _, p := range x.Pages(1 << 10) {
		f.Add(p.Bytes, uint64(p.First))
	}
	f.Fuzz(func(t *testing.T, page []byte, gram uint64) {
		texts, err := Texts(page, Gram(gram))
		if err == nil && !slices.IsSorted(texts) {
			t.Error("out of order")
		}
	})
}
