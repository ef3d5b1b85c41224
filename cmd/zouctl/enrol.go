package main

import (
	"context"
	"flag"
	"os"
	"strings"
	"time"

	"zoucun/internal/qr"
	"zoucun/server"
	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/wire"
)

func enrolCode(flags *flag.FlagSet) action {
	person := flags.String("person", "", "工作人员姓名，与花名册的工作人员表一致")
	wanted := flags.String("villages", "", "可以看的村，用逗号隔开；不写就是全部")
	role := flags.String("role", "cadre", "cadre 走访人，township 乡镇工作人员，relay 乡镇接收点")
	var paper invitation
	flags.StringVar(&paper.file, "qr", "", "把登记用的二维码画成图片，写到这个文件（.png）")
	flags.StringVar(&paper.server, "server", "", "平板用来连接服务器的地址，写进二维码；与 -qr 一起用")
	flags.StringVar(&paper.near, "relay", "", "乡镇接收点的地址，写进二维码：平板连不上服务器时由它转交登记；与 -qr 一起用")
	valid := flags.Duration("valid", 72*time.Hour, "有效时间")
	return func(ctx context.Context, s *session, _ []string) error {
		as, ok := roles[*role]
		if !ok {
			return &usageError{"-role 只能写 cadre、township 或 relay。"}
		}
		if *valid <= 0 {
			return &usageError{"-valid 要大于零，例如 72h。"}
		}
		if (paper.file == "") != (paper.server == "") {
			return &usageError{"-qr 和 -server 要一起写：-qr 登记.png -server zc.example:8443。"}
		}
		if paper.near != "" && paper.file == "" {
			return &usageError{"-relay 是写进二维码的，要和 -qr 一起写。"}
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			who, err := staffNamed(ctx, c, *person)
			if err != nil {
				return err
			}
			allowed, err := villagesNamed(ctx, c, *wanted)
			if err != nil {
				return err
			}
			return s.issueCode(ctx, c, who, allowed, as, *valid, paper)
		})
	}
}

var roles = map[string]survey.Role{"cadre": survey.RoleCadre, "township": survey.RoleTownship, "relay": survey.RoleRelay}

// issueCode prints the code alone, so that a script can take it, and tells the person the rest.
func (s *session) issueCode(ctx context.Context, c *central.Central, who survey.Staff, allowed []survey.Place, as survey.Role, valid time.Duration, paper invitation) error {
	var granted []survey.ScopeID
	var names []string
	for _, village := range allowed {
		granted = append(granted, survey.VillageScope(village.ID))
		names = append(names, village.Name)
	}
	code, err := c.NewCode(ctx, who.ID, granted, []survey.Role{as}, valid)
	if err != nil {
		return err
	}
	s.tell("给%s（%s），%s前有效，只能用一次，不会再次显示：\n", who.Name, strings.Join(names, "、"),
		s.clock().Add(valid).Format("2006-01-02 15:04"))
	if err := s.printf("%s\n", code); err != nil || paper.file == "" {
		return err
	}
	return s.drawInvitation(paper, c.Township(), code)
}

// invitation is the QR code by which a tablet is enrolled.
type invitation struct{ file, server, near string }

// drawInvitation writes the QR code. It holds the one-time code: the file is its owner's alone.
func (s *session) drawInvitation(paper invitation, township, code string) error {
	folder, err := server.OpenFolder(s.place.data, s.clock())
	if err != nil {
		return err
	}
	picture, err := qr.PNG(wire.Invite{Address: paper.server, Pin: folder.Pin, Code: code, Near: paper.near, Township: township}.String())
	if err == nil {
		err = os.WriteFile(paper.file, picture, 0o600)
	}
	if err != nil {
		return refuse(survey.Unavailable, "enrol-code", "登记码有效，但二维码没有写成，请换一个位置。", err)
	}
	s.tell("二维码写在 %s，用过或过期后请删掉。\n", paper.file)
	return nil
}

// staffNamed finds a member of staff.
func staffNamed(ctx context.Context, c *central.Central, name string) (survey.Staff, error) {
	records, err := registered(ctx, c, survey.TypeStaff)
	if err != nil {
		return survey.Staff{}, err
	}
	var names []string
	for _, record := range records {
		staff := survey.StaffOf(record)
		switch {
		case record.Voided:
		case staff.Name == name:
			return staff, nil
		default:
			names = append(names, staff.Name)
		}
	}
	hint := "登记簿里有：" + strings.Join(names, "、")
	if len(names) == 0 {
		hint = "先用 zouctl roster import 导入带“姓名”“职务”的工作人员表"
	}
	if name == "" {
		return survey.Staff{}, &hintError{&usageError{"请用 -person 写明给谁。"}, hint}
	}
	return survey.Staff{}, &hintError{refuse(survey.NotFound, "enrol-code", "登记簿里没有叫“"+name+"”的工作人员。", nil), hint}
}

// villagesNamed finds villages by name, all of them where none is named.
func villagesNamed(ctx context.Context, c *central.Central, wanted string) ([]survey.Place, error) {
	known, err := villages(ctx, c)
	if err != nil {
		return nil, err
	}
	if wanted == "" {
		return known, nil
	}
	byName := map[string]survey.Place{}
	var names []string
	for _, village := range known {
		byName[village.Name] = village
		names = append(names, village.Name)
	}
	var found []survey.Place
	for _, name := range strings.FieldsFunc(wanted, func(r rune) bool { return strings.ContainsRune(",，、", r) }) {
		village, ok := byName[strings.TrimSpace(name)]
		if !ok {
			return nil, &hintError{
				refuse(survey.NotFound, "enrol-code", "登记簿里没有“"+strings.TrimSpace(name)+"”。", nil),
				"登记簿里有：" + strings.Join(names, "、"),
			}
		}
		found = append(found, village)
	}
	return found, nil
}
