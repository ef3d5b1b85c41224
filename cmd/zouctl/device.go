package main

import (
	"context"
	"flag"
	"strings"

	"zoucun/server/central"
	"zoucun/survey"
)

func deviceList(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			devices, err := c.Devices(ctx)
			if err != nil {
				return err
			}
			names, err := villageNames(ctx, c)
			if err != nil {
				return err
			}
			if len(devices) == 0 {
				s.tell("还没有设备登记。用 zouctl enrol-code 发登记码。\n")
			}
			for _, d := range devices {
				if err := s.showDevice(d, names); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// villageNames returns the names of the villages by their scopes.
func villageNames(ctx context.Context, c *central.Central) (map[survey.ScopeID]string, error) {
	known, err := villages(ctx, c)
	names := map[survey.ScopeID]string{}
	for _, village := range known {
		names[survey.VillageScope(village.ID)] = village.Name
	}
	return names, err
}

func (s *session) showDevice(d central.Installation, names map[survey.ScopeID]string) error {
	var allowed []string
	for _, scope := range d.Grant.Scopes {
		if name, ok := names[scope]; ok {
			allowed = append(allowed, name)
		}
	}
	state := "授权到 " + s.day(d.Grant.NotAfter)
	switch {
	case d.Revoked != 0:
		state = "已收回（" + s.day(d.Revoked) + "）"
	case d.Grant.NotAfter < survey.MillisOf(s.clock()):
		state = "已到期（" + s.day(d.Grant.NotAfter) + "）"
	}
	var received, durable uint64
	for _, r := range d.Replicas {
		received, durable = received+r.Received, durable+r.Durable
	}
	return s.printf("%s\t%s\t%s\t%s\t已收 %d 条，已备份 %d 条\n", d.Grant.Device, d.Grant.Name, strings.Join(allowed, "、"), state, received, durable)
}

func (s *session) day(at survey.Millis) string {
	return at.Time().In(s.clock().Location()).Format("2006-01-02")
}

// deviceNamed finds the device whose identifier begins with what was typed.
func deviceNamed(ctx context.Context, c *central.Central, typed string) (central.Installation, error) {
	devices, err := c.Devices(ctx)
	if err != nil {
		return central.Installation{}, err
	}
	var found []central.Installation
	for _, d := range devices {
		if typed != "" && strings.HasPrefix(d.Grant.Device.String(), strings.ToLower(typed)) {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return central.Installation{}, &hintError{refuse(survey.NotFound, "device", "没有编号以“"+typed+"”开头的设备。", nil), "用 zouctl device list 看有哪些设备"}
	case 1:
		return found[0], nil
	}
	return central.Installation{}, refuse(survey.Conflicting, "device", "编号以“"+typed+"”开头的设备不止一台，请多写几位。", nil)
}

func deviceRevoke(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, args []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			d, err := deviceNamed(ctx, c, args[0])
			if err != nil {
				return err
			}
			if err := c.Revoke(ctx, d.Grant.Device); err != nil {
				return err
			}
			s.tell("从现在起它看不到任何内容。以前写的照常收，以后写的用 zouctl quarantine list 核对。\n")
			return s.printf("已收回 %s 的设备 %s。\n", d.Grant.Name, d.Grant.Device)
		})
	}
}

func deviceRegrant(flags *flag.FlagSet) action {
	wanted := flags.String("villages", "", "可以看的村，用逗号隔开；不写就照原来的")
	role := flags.String("role", "", "cadre 走访人，township 乡镇工作人员；不写就照原来的")
	return func(ctx context.Context, s *session, args []string) error {
		as, ok := roles[*role]
		if !ok && *role != "" {
			return &usageError{"-role 只能写 cadre 或 township。"}
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			d, err := deviceNamed(ctx, c, args[0])
			if err != nil {
				return err
			}
			scopes, allowed := d.Grant.Scopes, d.Grant.Roles
			if *wanted != "" {
				if scopes, err = scopesNamed(ctx, c, *wanted); err != nil {
					return err
				}
			}
			if ok {
				allowed = []survey.Role{as}
			}
			if err := c.Regrant(ctx, d.Grant.Device, scopes, allowed); err != nil {
				return err
			}
			return s.printf("已重新授权 %s 的设备 %s，它下次联网时生效。\n", d.Grant.Name, d.Grant.Device)
		})
	}
}

func scopesNamed(ctx context.Context, c *central.Central, wanted string) ([]survey.ScopeID, error) {
	places, err := villagesNamed(ctx, c, wanted)
	var scopes []survey.ScopeID
	for _, village := range places {
		scopes = append(scopes, survey.VillageScope(village.ID))
	}
	return scopes, err
}
