package spell

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// find returns the character at which a query typed finds a name.
func find(b *Book, name, typed string) int {
	spelled := b.Spell(nil, Fold(name))
	q := b.Compile(Fold(typed))
	return q.Find(spelled)
}

// TestEveryNameIsFound types any name in any of the ways and expects to find it.
func TestEveryNameIsFound(t *testing.T) {
	b := NewBook()
	rapid.Check(t, func(t *rapid.T) {
		name := []rune(rapid.StringMatching(`[张单仇查尉迟吕𬱖𠮷㛃䶮欧阳]{1,4}`).Draw(t, "name"))
		begin := rapid.IntRange(0, len(name)-1).Draw(t, "begin")
		typed := ""
		for _, char := range name[begin:] {
			way := rapid.IntRange(0, 2).Draw(t, "way")
			said := rapid.SampledFrom(readings(char)).Draw(t, "reading")
			typed += []string{string(char), said, said[:1]}[way]
		}
		if at := find(b, string(name), typed); at < 0 || at > begin {
			t.Errorf("%q does not find %q from its character %d", typed, string(name), begin)
		}
	})
}

// TestSurnamesAndPlacesAreFoundAsTheyAreSaid types what people say, where the first reading in a dictionary is another.
func TestSurnamesAndPlacesAreFoundAsTheyAreSaid(t *testing.T) {
	b := NewBook()
	for name, typed := range map[string]string{
		"单雄信": "shan", "查良镛": "zha", "仇英": "qiu", "尉迟恭": "yuchi", "区寄": "ou", "解缙": "xie", "任弼时": "ren", "盖苏文": "ge",
		"种师道": "chong", "繁漪": "po", "朴正": "piao", "曾国": "zeng", "缪斌": "miao", "冼星海": "xian", "万俟卨": "moqi", "长孙无忌": "zhangsun",
		"澹台灭明": "tantai", "令狐冲": "linghu", "乐毅": "yue", "折可适": "she", "员半千": "yun", "黑": "he", "祭仲": "zhai", "召": "shao",
		"秘": "bi", "那英": "na", "宓": "fu", "隗嚣": "wei", "晟": "sheng", "覃": "qin", "燕": "yan", "华": "hua", "应": "ying",
		"六安": "luan", "铅山": "yanshan", "蚌埠": "bengbu", "丽水": "lishui", "台州": "taizhou", "番禺": "panyu", "浚县": "xunxian",
		"乐亭": "laoting", "东阿": "donge", "涡阳": "guoyang", "亳州": "bozhou", "歙县": "shexian", "枞阳": "zongyang", "大埔": "dabu",
		"莘县": "shenxian", "长子": "zhangzi", "洪洞": "hongtong", "蔚县": "yuxian", "犍为": "qianwei", "监利": "jianli", "渑池": "mianchi",
		"珲春": "hunchun", "泌阳": "biyang", "吴堡": "wubu", "十里堡": "shilipu", "百色": "bose", "婼羌": "ruoqiang", "荥阳": "xingyang",
		"荥经": "yingjing", "𬱖": "di", "㛃": "jie", "䶮": "yan", "𠮷": "ji", "𠅤": "huan", "𫍯": "xiao",
	} {
		if at := find(b, name, typed); at != 0 {
			t.Errorf("%s is not found by %s: %d", name, typed, at)
		}
	}
}

func TestLearnedReadingsHoldInTheirWord(t *testing.T) {
	ways, err := Readings("天长冲", "tiān zhǎng chòng、ten cang cong")
	if err != nil {
		t.Fatal(err)
	}
	b := NewBook(ways...)
	for _, typed := range []string{"tianchangchong", "tencangcong", "tcc", "tencc", "天cangcong", "cangcong"} {
		if find(b, "天长冲五号", typed) < 0 {
			t.Errorf("天长冲五号 is not found by %s", typed)
		}
	}
	if find(b, "天生", "ten") >= 0 {
		t.Error("a reading of 天长冲 is taken for one of 天 elsewhere")
	}
	single, _ := Readings("岙", "o")
	if b = NewBook(single...); find(b, "大岙里", "dao") != 0 || find(b, "大岙里", "o") != 1 {
		t.Error("a reading of a character does not hold everywhere")
	}
}

func TestReadings(t *testing.T) {
	tests := []struct {
		word, said string
		want       []string // the ways, syllables with a space between
		fault      string
	}{
		{"六安", "lù ān", []string{"lu an"}, ""},
		{"六安", "lu4an1", []string{"lu an"}, ""},
		{"六安", "Lu'an / liu an", []string{"lu an", "liu an"}, ""},
		{"吕", "lǚ；lu:3", []string{"lv", "lv"}, ""},
		{"𬱖", "dí", []string{"di"}, ""},
		{"六安", "luan", nil, "一个字写一个音节"},
		{"六安", "", nil, "没有读音"},
		{"六安", "陆安", nil, "拼音字母"},
		{"六安", "ㄌㄨ ㄢ", nil, "拼音字母"},
		{"六安", strings.Repeat("a", 50) + " an", nil, "拼音字母"},
		{strings.Repeat("安", 13), "an", nil, "太长"},
	}
	for _, test := range tests {
		got, err := Readings(test.word, test.said)
		var ways []string
		for _, way := range got {
			ways = append(ways, strings.Join(way.Syllables, " "))
		}
		if !slices.Equal(ways, test.want) || (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("Readings(%q, %q) = %v, %v", test.word, test.said, ways, err)
		}
	}
}

// FuzzReadings reads anything as a reading. What is taken is learned, and finds its word.
func FuzzReadings(f *testing.F) {
	for _, seed := range [][2]string{{"六安", "lù ān"}, {"六安", "lu4an1、liu an"}, {"吕", "lü"}, {"", ""}, {"\xff", "a"}, {"A b", "a b c"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, word, said string) {
		ways, err := Readings(word, said)
		if err != nil {
			return
		}
		b := NewBook(ways...)
		folded := Fold(word)
		if len([]rune(folded)) != len([]rune(word)) {
			return
		}
		for _, way := range ways {
			typed := strings.Join(way.Syllables, "")
			if typed != "" && len(typed) <= maxTyped && find(b, word, typed) != 0 {
				t.Errorf("%q said %q is not found by %q", word, said, typed)
			}
		}
	})
}

func TestLikeness(t *testing.T) {
	tests := []struct {
		a, b string
		want Likeness
	}{
		{"张三", "张三", Same},
		{"張三", "张　三", Same},
		{"王𠮷", "王吉", Same},
		{"赵頔", "赵𬱖", Same},
		{"阿依古丽·买买提", "阿依古丽•买买提", Same},
		{"王芳", "王方", Homophone},
		{"单雄信", "单雄新", Homophone},
		{"尉迟恭", "郁迟公", Homophone},
		{"张建国", "张建园", OneOff},
		{"张建国", "李建国", OneOff},
		{"王〓", "王𬱖", OneOff},
		{"张三", "张四", Unlike},
		{"张三", "李三", Unlike},
		{"张三", "张三丰", Unlike},
		{"张建国", "李建园", Unlike},
		{"", "", Unlike},
		{"〓", "张", Unlike},
	}
	b := NewBook()
	for _, test := range tests {
		if got := b.Likeness(test.a, test.b); got != test.want {
			t.Errorf("Likeness(%s, %s) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}

func TestLikenessIsTheSameBothWays(t *testing.T) {
	b := NewBook()
	name := rapid.StringMatching(`[王汪张章三山建国园芳方〓𠮷吉𬱖頔·a]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		x, y := name.Draw(t, "x"), name.Draw(t, "y")
		if b.Likeness(x, y) != b.Likeness(y, x) {
			t.Errorf("%q and %q are not compared alike from both sides", x, y)
		}
		if Plain(x) != "" && b.Likeness(x, x) != Same {
			t.Errorf("%q is not like itself", x)
		}
	})
}
