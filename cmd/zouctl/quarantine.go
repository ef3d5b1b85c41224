package main

import (
	"cmp"
	"context"
	"flag"
	"maps"
	"slices"
	"strings"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/wire"
)

func quarantineList(flags *flag.FlagSet) action {
	all := flags.Bool("all", false, "连同已决定不采用的")
	content := flags.Bool("content", false, "显示内容")
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			list, err := c.Apart(ctx, *all)
			if err != nil {
				return err
			}
			staff, err := staffNames(ctx, c)
			if err != nil {
				return err
			}
			if len(list) == 0 {
				s.tell("没有要核对的内容。\n")
			}
			for _, one := range list {
				if err := s.showApart(one, staff, *content); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func staffNames(ctx context.Context, c *central.Central) (map[survey.PersonID]string, error) {
	records, err := registered(ctx, c, survey.TypeStaff)
	names := map[survey.PersonID]string{}
	for _, record := range records {
		staff := survey.StaffOf(record)
		names[staff.ID] = staff.Name
	}
	return names, err
}

func (s *session) showApart(one central.Apart, staff map[survey.PersonID]string, content bool) error {
	h := one.Revision.Header
	state := one.Reason
	if one.Judged != 0 {
		state = "不采用：" + one.Judgement
	}
	err := s.printf("%s\t%s\t%s\t%s 写\t%s\n", one.Revision.ID, h.Type, cmp.Or(staff[h.Author], "不在名册的人"), s.day(h.Wall), state)
	if err != nil || !content {
		return err
	}
	body, err := wire.DecodeBody(one.Revision)
	if err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(body.Fields)) {
		if err := s.printf("  %s = %s\n", field, body.Fields[field]); err != nil {
			return err
		}
	}
	return nil
}

// apartNamed finds the revision kept apart whose identifier begins with what was typed, also one that was dropped.
func apartNamed(ctx context.Context, c *central.Central, typed string) (survey.RevID, error) {
	list, err := c.Apart(ctx, true)
	if err != nil {
		return survey.RevID{}, err
	}
	var found []survey.RevID
	for _, one := range list {
		if typed != "" && strings.HasPrefix(one.Revision.ID.String(), strings.ToLower(typed)) {
			found = append(found, one.Revision.ID)
		}
	}
	switch len(found) {
	case 0:
		return survey.RevID{}, &hintError{refuse(survey.NotFound, "quarantine", "没有编号以“"+typed+"”开头的待核对内容。", nil), "用 zouctl quarantine list 看有哪些"}
	case 1:
		return found[0], nil
	}
	return survey.RevID{}, refuse(survey.Conflicting, "quarantine", "编号以“"+typed+"”开头的不止一条，请多写几位。", nil)
}

func quarantineAccept(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, args []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			id, err := apartNamed(ctx, c, args[0])
			if err != nil {
				return err
			}
			if err := c.Accept(ctx, id); err != nil {
				return err
			}
			return s.printf("已收入 %s，各设备下次联网时看到。\n", id)
		})
	}
}

func quarantineDrop(flags *flag.FlagSet) action {
	reason := flags.String("reason", "", "为什么不采用；填写人再次送来时会看到")
	return func(ctx context.Context, s *session, args []string) error {
		if *reason == "" {
			return &usageError{"请用 -reason 写明为什么不采用。"}
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			id, err := apartNamed(ctx, c, args[0])
			if err != nil {
				return err
			}
			if err := c.Drop(ctx, id, *reason); err != nil {
				return err
			}
			return s.printf("没有采用 %s。它仍留在服务器上，需要时可以再收入。\n", id)
		})
	}
}
