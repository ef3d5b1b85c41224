package scenario

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zoucun/form"
)

// verb is what a line can say. It gets the line's words followed by empty ones.
type verb func(p *player, w []string) error

// before are the verbs that set the scene, before the form begins.
var before = map[string]verb{
	"property": (*player).property, "已知": (*player).property,
	"today": (*player).today, "今天": (*player).today,
}

// vocabulary is every verb: the Chinese name, the English one, and what it does.
var vocabulary = []struct {
	chinese, english string
	do               verb
}{
	{"填", "answer", (*player).answer},
	{"加一条", "add", (*player).add},
	{"删去", "remove", (*player).remove},
	{"问", "shown", func(p *player, w []string) error { return p.visible(w[0], true) }},
	{"不问", "hidden", func(p *player, w []string) error { return p.visible(w[0], false) }},
	{"值是", "value", (*player).valueIs},
	{"题目是", "label", func(p *player, w []string) error {
		return p.holds(w[0], func(q form.Question) string { return differs(q.Label, w[1]) })
	}},
	{"写着", "says", (*player).says},
	{"必填", "required", func(p *player, w []string) error { return p.is(w[0], "不是必填", isRequired) }},
	{"选填", "optional", func(p *player, w []string) error { return p.is(w[0], "是必填", not(isRequired)) }},
	{"不能改", "readonly", func(p *player, w []string) error { return p.is(w[0], "可以改", isReadOnly) }},
	{"可以改", "editable", func(p *player, w []string) error { return p.is(w[0], "不能改", not(isReadOnly)) }},
	{"选项有", "offers", (*player).offers},
	{"各条是", "instances", (*player).instances},
	{"不合格", "violates", (*player).violates},
	{"合格", "accepts", (*player).accepts},
	{"可以完成", "finishes", func(p *player, _ []string) error { _, err := p.submission(); return err }},
	{"不能完成", "unfinished", (*player).unfinished},
	{"保存", "submits", (*player).submits},
	{"不保存", "omits", (*player).omits},
	{"登记", "saves", (*player).saves},
	{"登记成", "entity", (*player).entity},
	{"不登记", "noentity", (*player).noEntity},
	{"重新打开", "restart", (*player).restart},
}

// verbs finds a verb by either name; chinese lists the Chinese names.
var verbs, chinese = func() (map[string]verb, []string) {
	byName := map[string]verb{}
	var names []string
	for _, one := range vocabulary {
		byName[one.chinese], byName[one.english] = one.do, one.do
		names = append(names, one.chinese)
	}
	return byName, names
}()

func (p *player) property(w []string) error {
	p.env.Properties[w[0]] = w[1]
	return nil
}

func (p *player) today(w []string) error {
	day, err := time.ParseInLocation(time.DateOnly, w[0], noon.Location())
	if err != nil {
		return fmt.Errorf("“%s”不是日期，请写成 2026-11-22", w[0])
	}
	p.env.Now = func() time.Time { return day.Add(12 * time.Hour) }
	return nil
}

func (p *player) answer(w []string) error {
	q, err := p.question(w[0])
	if err != nil {
		return err
	}
	_, err = p.s.Set(q.Path, p.value(q, w[1]))
	return err
}

func (p *player) add(w []string) error {
	path, err := p.path(w[0])
	if err != nil {
		return err
	}
	key := w[1]
	if key == "" {
		key = p.draw()
	}
	_, _, err = p.s.AddRepeat(path, key)
	return err
}

func (p *player) remove(w []string) error {
	path, err := p.path(w[0])
	if err != nil {
		return err
	}
	_, err = p.s.RemoveRepeat(path)
	return err
}

func (p *player) visible(written string, want bool) error {
	path, err := p.path(written)
	if err != nil {
		return err
	}
	switch got := slices.Contains(shownPaths(p.s.Outline()), path); {
	case got == want:
		return nil
	case got:
		return errors.New("现在问了")
	default:
		return errors.New("现在没有问")
	}
}

// holds asks about a question; the test returns what is wrong.
func (p *player) holds(written string, test func(form.Question) string) error {
	q, err := p.question(written)
	if err != nil {
		return err
	}
	if wrong := test(q); wrong != "" {
		return errors.New(wrong)
	}
	return nil
}

func differs(got, want string) string {
	if got == want {
		return ""
	}
	if got == "" {
		return "是空的"
	}
	return "是“" + got + "”"
}

func (p *player) is(written, otherwise string, test func(form.Question) bool) error {
	return p.holds(written, func(q form.Question) string {
		if test(q) {
			return ""
		}
		return otherwise
	})
}

func isRequired(q form.Question) bool { return q.Required }

func isReadOnly(q form.Question) bool { return q.ReadOnly }

func not(test func(form.Question) bool) func(form.Question) bool {
	return func(q form.Question) bool { return !test(q) }
}

func (p *player) valueIs(w []string) error {
	return p.holds(w[0], func(q form.Question) string { return differs(q.Value, p.value(q, w[1])) })
}

func (p *player) says(w []string) error {
	return p.holds(w[0], func(q form.Question) string {
		if strings.Contains(q.Label, w[1]) {
			return ""
		}
		return "写的是“" + q.Label + "”"
	})
}

func (p *player) offers(w []string) error {
	path, err := p.path(w[0])
	if err != nil {
		return err
	}
	var names, labels []string
	for _, c := range p.s.Choices(path, "", 0) {
		names, labels = append(names, c.Name), append(labels, c.Label)
	}
	want := strings.Join(strings.FieldsFunc(w[1], func(r rune) bool { return r == ',' || r == '、' }), ",")
	if want != strings.Join(names, ",") && want != strings.Join(labels, ",") {
		return errors.New("选项是 " + strings.Join(names, ","))
	}
	return nil
}

func (p *player) instances(w []string) error {
	path, err := p.path(w[0])
	if err != nil {
		return err
	}
	var keys []string
	for _, one := range shownPaths(p.s.Outline()) {
		key, below := strings.CutPrefix(string(one), string(path)+"[")
		if below && !strings.Contains(key, "/") {
			keys = append(keys, strings.TrimSuffix(key, "]"))
		}
	}
	if got := strings.Join(keys, ","); got != w[1] {
		return errors.New("是 " + got)
	}
	return nil
}

func (p *player) violates(w []string) error {
	return p.holds(w[0], func(q form.Question) string {
		switch {
		case q.Violation == nil:
			return "没有说不合格"
		case !strings.Contains(q.Violation.Message, w[1]):
			return "说的是“" + q.Violation.Message + "”"
		case !slices.Contains(p.s.Violations(), *q.Violation):
			return "没有列在全部不合格里"
		}
		return ""
	})
}

func (p *player) accepts(w []string) error {
	return p.holds(w[0], func(q form.Question) string {
		if q.Violation == nil {
			return ""
		}
		return q.Violation.Message
	})
}

func (p *player) submission() (form.Submission, error) {
	sub, err := p.s.Finish()
	if unfinished := (*form.Unfinished)(nil); errors.As(err, &unfinished) {
		var wrong []string
		for _, v := range unfinished.Violations {
			wrong = append(wrong, string(v.Path)+"："+v.Message)
		}
		return sub, errors.New("不能完成，" + strings.Join(wrong, "；"))
	}
	return sub, err
}

func (p *player) unfinished([]string) error {
	if _, err := p.submission(); err == nil {
		return errors.New("可以完成")
	}
	return nil
}

func (p *player) submits(w []string) error {
	sub, err := p.submission()
	if err != nil {
		return err
	}
	q, err := p.question(w[0])
	if err != nil {
		return err
	}
	if wrong := differs(sub.Fields[q.Path], p.value(q, w[1])); wrong != "" {
		return errors.New("记录里" + wrong)
	}
	return nil
}

func (p *player) omits(w []string) error {
	sub, err := p.submission()
	if err != nil {
		return err
	}
	path, err := p.path(w[0])
	if err != nil {
		return err
	}
	if value, there := sub.Fields[path]; there {
		return fmt.Errorf("记录里是“%s”", value)
	}
	return nil
}

// saves looks for an entity of a list that gets the property: 登记 problem title '水沟堵了'.
func (p *player) saves(w []string) error {
	sub, err := p.submission()
	if err != nil {
		return err
	}
	var seen []string
	for _, change := range sub.Entities {
		if change.Dataset != w[0] {
			continue
		}
		properties := maps.Clone(change.Properties)
		properties["label"] = change.Label
		if properties[w[1]] == w[2] {
			return nil
		}
		seen = append(seen, fmt.Sprint(properties))
	}
	return errors.New("登记的是：" + strings.Join(seen, "；"))
}

// entity looks for exactly one entity: entity people create 'Ann' age=7.
func (p *player) entity(w []string) error {
	sub, err := p.submission()
	if err != nil {
		return err
	}
	want := map[string]string{}
	for _, pair := range w[3:] {
		if name, value, ok := strings.Cut(pair, "="); ok {
			want[name] = value
		}
	}
	create := w[1] == "create" || w[1] == "新建"
	for _, e := range sub.Entities {
		if e.Dataset == w[0] && e.Create == create && e.Label == w[2] && e.ID != "" && maps.Equal(e.Properties, want) {
			return nil
		}
	}
	return fmt.Errorf("登记的是：%+v", sub.Entities)
}

func (p *player) noEntity(w []string) error {
	sub, err := p.submission()
	if err == nil && slices.ContainsFunc(sub.Entities, func(e form.EntityChange) bool { return e.Dataset == w[0] }) {
		err = fmt.Errorf("登记了：%+v", sub.Entities)
	}
	return err
}

// restart saves the draft and takes it up again.
func (p *player) restart([]string) error {
	data, err := p.s.State().MarshalBinary()
	if err != nil {
		return err
	}
	var st form.State
	if err := st.UnmarshalBinary(data); err != nil {
		return err
	}
	p.s, err = form.Restore(p.form, p.env, st)
	return err
}

var _ form.Table = (*table)(nil)
