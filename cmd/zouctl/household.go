package main

import (
	"cmp"
	"context"
	"flag"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"zoucun/report"
	"zoucun/server/central"
	"zoucun/survey"
)

// wanted says which household is meant, who asks and why. Every command that shows or changes what is held on a
// household takes it.
type wanted struct {
	household, village, reason, by string
}

func (w *wanted) declare(flags *flag.FlagSet) {
	flags.StringVar(&w.household, "household", "", "哪一户：户主姓名、户编号或记录编号")
	flags.StringVar(&w.village, "village", "", "哪个村；同名的户多时要写")
	flags.StringVar(&w.reason, "reason", "", "为什么，记入查看记录")
	flags.StringVar(&w.by, "by", "", "经办人，与工作人员表一致；不写就是服务器管理员")
}

func (w *wanted) check() error {
	switch {
	case w.household == "":
		return &hintError{&usageError{"请用 -household 写明哪一户。"}, "户主姓名、户编号或记录编号都可以"}
	case strings.TrimSpace(w.reason) == "":
		return &hintError{&usageError{"请用 -reason 写明原因，会记入查看记录。"}, "例如 -reason 本人要求查看"}
	}
	return nil
}

// asked is a household that somebody may now look at.
type asked struct {
	home   survey.Record
	person survey.PersonID
	held   []survey.Holding
}

// withHousehold finds the household that is wanted, notes who looks and why, and hands over what is held on it.
func (s *session) withHousehold(ctx context.Context, w wanted, act survey.Act, do func(*central.Central, asked) error) error {
	if err := w.check(); err != nil {
		return err
	}
	return s.withCentral(ctx, func(c *central.Central) error {
		var a asked
		var err error
		if w.by != "" {
			staff, err := staffNamed(ctx, c, w.by)
			if err != nil {
				return err
			}
			a.person = staff.ID
		}
		if a.home, err = householdNamed(ctx, c, w); err != nil {
			return err
		}
		err = c.LogAccess(ctx, survey.Access{
			Scope: a.home.Scope, Household: a.home.ID, Person: a.person, Act: act, Reason: strings.TrimSpace(w.reason),
			Where: survey.WhereConsole, At: survey.MillisOf(s.clock()),
		})
		if err != nil {
			return err
		}
		if a.held, err = c.Held(ctx, a.home.ID); err != nil {
			return err
		}
		return do(c, a)
	})
}

// householdNamed finds the one household that is meant.
func householdNamed(ctx context.Context, c *central.Central, w wanted) (survey.Record, error) {
	known, err := villagesNamed(ctx, c, w.village)
	if err != nil {
		return survey.Record{}, err
	}
	var found []survey.Record
	var where []string
	for _, village := range known {
		households, err := collect(ctx, c, central.Query{Scope: survey.VillageScope(village.ID), Type: survey.TypeHousehold})
		if err != nil {
			return survey.Record{}, err
		}
		for _, h := range households {
			names := []string{h.Fields[survey.HouseholdHead], h.Fields[survey.HouseholdCode]}
			if h.ID.String() == w.household || !h.Voided && slices.Contains(names, w.household) {
				found = append(found, h)
				where = append(where, village.Name+" "+h.Fields[survey.HouseholdCode]+"（"+h.ID.String()+"）")
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return survey.Record{}, &hintError{
			refuse(survey.NotFound, "household", "没有找到“"+w.household+"”这一户。", nil), "请核对村名、户主姓名或户编号；已删除的户不再有姓名",
		}
	}
	return survey.Record{}, &hintError{
		refuse(survey.Invalid, "household", "有几户都叫“"+w.household+"”，没有往下做。", nil), "请用记录编号指明哪一户：" + strings.Join(where, "、"),
	}
}

// dossier puts what is held on a household into words.
func (s *session) dossier(ctx context.Context, c *central.Central, a asked) (report.Dossier, error) {
	register, err := collect(ctx, c, central.Query{Scope: survey.RegisterScope(c.County())})
	if err != nil {
		return report.Dossier{}, err
	}
	forms, err := formsIn(register)
	if err != nil {
		return report.Dossier{}, err
	}
	d := report.DossierOf(a.held, report.Data{Forms: forms, Records: register}, s.clock())
	d.Township = c.Township()
	list, err := c.Recipients(ctx)
	if err != nil {
		return d, err
	}
	if list.Phones != nil {
		d.Phones = *list.Phones
	}
	rules, err := s.keeper(c, nil).Rules()
	d.Periods = report.Periods{IdentifiedYears: rules.IdentifiedYears, DispatchedYears: rules.DispatchedYears, PhotoDays: rules.PhotoDays}
	return d, err
}

func householdShow(flags *flag.FlagSet) action {
	var w wanted
	w.declare(flags)
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withHousehold(ctx, w, survey.ActShow, func(c *central.Central, a asked) error {
			d, err := s.dossier(ctx, c, a)
			if err != nil {
				return err
			}
			return s.printf("%s", dossierText(d))
		})
	}
}

// dossierText is a dossier as lines.
func dossierText(d report.Dossier) string {
	var b strings.Builder
	line := func(indent string, parts ...string) {
		b.WriteString(indent + strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " ") + "\n")
	}
	for _, p := range d.Parts {
		line("", p.Kind, p.Title, p.State)
		for _, said := range p.Said {
			line("  ", said.Label+"：", said.Value)
		}
		for _, file := range p.Files {
			line("  ", "附件：", file)
		}
		for _, step := range p.History {
			gone := ""
			if step.Gone {
				gone = "内容已删除"
			}
			line("  - ", step.When, step.Who, step.What, step.Note, gone)
			for _, said := range step.Earlier {
				line("    ", "当时 "+said.Label+"：", said.Value)
			}
		}
	}
	return b.String()
}

func householdPage(flags *flag.FlagSet) action {
	var w wanted
	w.declare(flags)
	out := flags.String("out", "", "写到哪个 .html 文件；默认在当前文件夹，文件名里没有姓名")
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withHousehold(ctx, w, survey.ActPage, func(c *central.Central, a asked) error {
			d, err := s.dossier(ctx, c, a)
			if err != nil {
				return err
			}
			name := cmp.Or(*out, "本户信息-"+s.clock().Format("20060102-150405")+".html")
			if err := writeFile(name, func(to io.Writer) error { return report.WritePage(to, d) }); err != nil {
				return err
			}
			s.tell("文件里有个人信息，打印交给本人后请删除。\n")
			return s.printf("%s\n", filepath.ToSlash(name))
		})
	}
}

// correctable are the fields of a household that may be corrected, by the words a roster uses.
var correctable = map[string]survey.FieldPath{
	"户主": survey.HouseholdHead, "户编号": survey.HouseholdCode, "门牌方位": survey.HouseholdDoor, "电话": survey.HouseholdPhone,
	"常住": survey.HouseholdResident, "外出": survey.HouseholdAway,
}

func householdCorrect(flags *flag.FlagSet) action {
	var w wanted
	w.declare(flags)
	field := flags.String("field", "", "更正哪一项：户主、户编号、门牌方位、电话、常住、外出；走访或问题的字段写字段名")
	record := flags.String("record", "", "更正这一户的哪次走访或哪个问题：记录编号；不写就是户本身")
	value := flags.String("value", "", "改成什么；空着就是去掉这一项")
	return func(ctx context.Context, s *session, _ []string) error {
		if *field == "" {
			return &usageError{"请用 -field 写明更正哪一项。"}
		}
		return s.withHousehold(ctx, w, survey.ActCorrect, func(c *central.Central, a asked) error {
			of := a.home
			if *record != "" {
				at := slices.IndexFunc(a.held, func(h survey.Holding) bool { return h.Record.ID.String() == *record })
				if at < 0 || a.held[at].Record.Type == survey.TypeAccess {
					return refuse(survey.NotFound, "household", "这一户没有编号为“"+*record+"”的走访或问题，没有改动。", nil)
				}
				of = a.held[at].Record
			}
			return s.correct(ctx, c, a, of, *field, *value, w.reason)
		})
	}
}

// correct writes one field anew. What it said before stays in the record's history.
func (s *session) correct(ctx context.Context, c *central.Central, a asked, of survey.Record, field, value, reason string) error {
	path, known := correctable[field]
	switch {
	case of.Type == survey.TypeHousehold && !known:
		return refuse(survey.Invalid, "household", "户没有“"+field+"”这一项，没有改动。", nil)
	case of.Type != survey.TypeHousehold:
		if path = survey.FieldPath(field); of.Fields[path] == "" {
			return refuse(survey.NotFound, "household", "这条记录里没有“"+field+"”这一项，没有改动。", nil)
		}
	}
	n, err := c.Write(ctx, a.person, []central.Write{{
		Record: of.ID, Type: of.Type, Scope: of.Scope, Form: of.Form, FormVersion: of.FormVersion, Note: reason,
		Fields: survey.Fields{path: value},
	}})
	if err != nil {
		return err
	}
	if n == 0 {
		return s.printf("本来就是这样，没有改动\n")
	}
	return s.printf("已更正：%s。原来的内容留在历史里。\n", field)
}
