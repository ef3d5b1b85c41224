package form

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sketch writes runs as <element>…</element>.
func sketch(runs []Run) string {
	var b strings.Builder
	for _, r := range runs {
		if r.Element == "" {
			b.WriteString(r.Text)
			continue
		}
		b.WriteString("<" + r.Element)
		if r.URL != "" {
			b.WriteString(" " + r.URL)
		}
		for name, value := range r.Style {
			b.WriteString(" " + name + ":" + value)
		}
		b.WriteString(">" + sketch(r.Children) + "</" + r.Element + ">")
	}
	return b.String()
}

func TestMarkdown(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"plain text":                {"姓名", "姓名"},
		"emphasis":                  {"*轻*和**重**，_轻_和__重__", "<em>轻</em>和<strong>重</strong>，<em>轻</em>和<strong>重</strong>"},
		"underscores at word ends":  {"_轻_ 和 __重__", "<em>轻</em> 和 <strong>重</strong>"},
		"underscores within a word": {"a_b_c", "a_b_c"},
		"three marks":               {"***a***", "<strong><em>a</em></strong>"},
		"nested":                    {"*a **b** c*", "<em>a <strong>b</strong> c</em>"},
		"a lone star":               {"3 * 4 = 12", "3 * 4 = 12"},
		"escapes":                   {`\# \*a\* 1\.`, "# *a* 1."},
		"a heading":                 {"## 家庭", "<h2>家庭</h2>"},
		"seven marks":               {"####### x", "####### x"},
		"a heading and a paragraph": {"# 一\n二", "<h1>一</h1><p>二</p>"},
		"a line break":              {"一\n二", "一<br></br>二"},
		"paragraphs":                {"一\n\n二", "<p>一</p><p>二</p>"},
		"lists":                     {"1. 甲\n2. 乙\n\n- 丙", "<ol><li><p>甲</p></li><li><p>乙</p></li></ol><ul><li><p>丙</p></li></ul>"},
		"a link":                    {"[县里](https://example.cn/a_b)", "<a https://example.cn/a_b>县里</a>"},
		"a link that runs":          {"[x](javascript:alert)", "x"},
		"a colour":                  {`<span style="color:red;position:fixed">红</span>`, "<span color:red>红</span>"},
		"a style that reaches out":  {`<span style="background-color:url(//e)">x</span>`, "<span>x</span>"},
		"other elements":            {"<script>x</script>", "<script>x</script>"},
		"an element left open":      {"<b>x", "<b>x"},
		"elements within":           {"<div><u>x</u><div>y</div></div>", "<div><u>x</u><div>y</div></div>"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, sketch(Markdown(test.text))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMarkdownReadsNoMarkupInAnswers(t *testing.T) {
	got := Markdown("**你好，\uFFFC** \uFFFC", "*张三*", "[x](https://e.cn)")
	if diff := cmp.Diff("<strong>你好，<span>*张三*</span></strong> <span>[x](https://e.cn)</span>", sketch(got)); diff != "" {
		t.Error(diff)
	}
	if got := PlainText(got); got != "你好，*张三* [x](https://e.cn)" {
		t.Errorf("plain text %q", got)
	}
}

// FuzzMarkdown reads anything: no letter is lost but those of markup, and every answer stays whole.
func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n\n- *b* <b>c</b> \uFFFC [d](e)", "f")
	f.Add(strings.Repeat("*", 1000), "")
	f.Add(strings.Repeat("<b>", 1000), "x")
	f.Add("[a\uFFFC](b)\uFFFC", "*")
	f.Fuzz(func(t *testing.T, text, answer string) {
		runs := Markdown(text, answer)
		if strings.Count(text, "\uFFFC") == 0 || strings.ContainsAny(text, "<[(") {
			return // an answer within an address or a tag is not shown
		}
		if answer != "" && !strings.Contains(sketch(runs), answer) {
			t.Fatalf("Markdown(%q, %q) = %q", text, answer, sketch(runs))
		}
	})
}
