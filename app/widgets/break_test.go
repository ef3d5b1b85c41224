package widgets

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// square is a face in which every character is as wide as the next.
func square(rune) float32 { return 1 }

func TestBreakLines(t *testing.T) {
	for _, test := range []struct {
		text  string
		width float32
		want  []string
	}{
		{"门前的路灯不亮了", 4, []string{"门前的路", "灯不亮了"}},
		{"路灯不亮。换一个", 4, []string{"路灯不", "亮。换一", "个"}},
		{"他说（不用）了", 3, []string{"他说", "（不", "用）了"}},
		{"打 110 电话", 5, []string{"打 110", "电话"}},
		{"一行\n两行", 9, []string{"一行", "两行"}},
		{"", 5, []string{""}},
		{"abcdefgh", 3, []string{"abc", "def", "gh"}},
	} {
		if got := breakLines(test.text, test.width, square); !slices.Equal(got, test.want) {
			t.Errorf("breakLines(%q, %v) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestBreakingLosesNothing(t *testing.T) {
	alphabet := []rune("村民说路灯不亮。，（）“”、！ab 12\n𠮷")
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 40).Draw(t, "text"))
		width := float32(rapid.IntRange(1, 12).Draw(t, "width"))
		lines := breakLines(text, width, square)
		bare := strings.NewReplacer(" ", "", "\n", "")
		if got := bare.Replace(strings.Join(lines, "")); got != bare.Replace(text) {
			t.Fatalf("lines %q hold %q", lines, got)
		}
		for _, line := range lines {
			if measure(line, square) > width {
				t.Fatalf("line %q is wider than %v", line, width)
			}
		}
	})
}

func TestClosingMarksDoNotBeginLines(t *testing.T) {
	words := []string{"村", "路灯", "不亮。", "（东头）", "他说：", "“不用”，"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 20).Draw(t, "words"), "")
		for _, line := range breakLines(text, 8, square) {
			runes := []rune(line)
			if strings.ContainsRune("。，：）”", runes[0]) || strings.ContainsRune("（“", runes[len(runes)-1]) {
				t.Fatalf("%q breaks as it should not", line)
			}
		}
	})
}
