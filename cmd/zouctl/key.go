package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"slices"

	"zoucun/server/central"
	"zoucun/survey"
	"zoucun/sync/seal"
)

// recipientUses are the words for what a key opens.
var recipientUses = map[string]survey.RecipientUse{"envelope": survey.ForEnvelope, "recovery": survey.ForRecovery}

// useWords say in Chinese what a key opens.
var useWords = map[survey.RecipientUse]string{
	survey.ForEnvelope: "envelope 封存件（反映干部问题）", survey.ForRecovery: "recovery 恢复（忘记密码、设备丢失）",
}

// keyMake draws a key into a file that only its owner may read, and prints the public half.
func keyMake(*flag.FlagSet) action {
	return func(_ context.Context, s *session, args []string) error {
		identity, recipient, err := seal.NewIdentity()
		if err != nil {
			return err
		}
		if err := writeNew(args[0], []byte(identity+"\n")); err != nil {
			return err
		}
		s.tell("私钥已写入 %s。请只存在专用的U盘或保险柜里，丢了就打不开封存的内容，别人拿到就能打开。公钥：\n", args[0])
		return s.printf("%s\n", recipient)
	}
}

// writeNew writes a secret to a file that must not be there yet.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return refuse(survey.Conflicting, "key make", "已经有“"+path+"”这个文件，没有覆盖。请换一个文件名。", err)
	}
	if err != nil {
		return refuse(survey.Unavailable, "key make", "写不了“"+path+"”。请检查文件夹是否存在、是否可写。", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return refuse(survey.Full, "key make", "私钥没有写完，请检查磁盘空间后重做。", errors.Join(err, os.Remove(path)))
	}
	return nil
}

func keyList(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			list, err := c.Recipients(ctx)
			if err != nil {
				return err
			}
			if len(list.Listed) == 0 {
				s.tell("名单是空的。用 zouctl key add 加上收件单位和恢复钥匙。\n")
			}
			for _, r := range list.Listed {
				if err := s.printf("%s\t%s\t%s\n", useWords[r.Use], r.Name, r.Key); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func keyAdd(flags *flag.FlagSet) action {
	use := flags.String("use", "", "envelope 收反映干部问题的封存件，recovery 忘记密码或设备丢失时打开")
	name := flags.String("name", "", "收件单位，例如 县纪委监委；不要写人名")
	return func(ctx context.Context, s *session, args []string) error {
		as, ok := recipientUses[*use]
		if !ok {
			return &usageError{"-use 只能写 envelope 或 recovery。"}
		}
		if *name == "" {
			return &usageError{"请用 -name 写明收件单位。"}
		}
		added := survey.Recipient{Use: as, Name: *name, Key: args[0]}
		return s.changeRecipients(ctx, func(listed []survey.Recipient) ([]survey.Recipient, error) {
			if i := slices.IndexFunc(listed, func(r survey.Recipient) bool { return r.Use == as && r.Key == added.Key }); i >= 0 {
				return nil, refuse(survey.Conflicting, "key add", "名单里已经有这把公钥（"+listed[i].Name+"），没有改动。", nil)
			}
			return append(listed, added), nil
		})
	}
}

func keyRemove(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, args []string) error {
		return s.changeRecipients(ctx, func(listed []survey.Recipient) ([]survey.Recipient, error) {
			left := slices.DeleteFunc(slices.Clone(listed), func(r survey.Recipient) bool { return r.Key == args[0] })
			if len(left) == len(listed) {
				return nil, refuse(survey.NotFound, "key remove", "名单里没有这把公钥，没有改动。", nil)
			}
			return left, nil
		})
	}
}

// changeRecipients puts a changed list in force.
func (s *session) changeRecipients(ctx context.Context, change func([]survey.Recipient) ([]survey.Recipient, error)) error {
	return s.withCentral(ctx, func(c *central.Central) error {
		list, err := c.Recipients(ctx)
		if err != nil {
			return err
		}
		listed, err := change(list.Listed)
		if err != nil {
			return err
		}
		if err := c.SetRecipients(ctx, listed); err != nil {
			return err
		}
		s.tell("名单已更新，共 %d 项；各设备下次联网时收到。\n", len(listed))
		return nil
	})
}

// phones shows or sets the numbers that households are told.
func phones(flags *flag.FlagSet) action {
	township := flags.String("township", "", "查询、更正、删除的电话")
	county := flags.String("county-office", "", "对走访人有意见时打的县级电话")
	duty := flags.String("duty", "", "有危险时打的乡镇值班电话")
	return func(ctx context.Context, s *session, _ []string) error {
		return s.withCentral(ctx, func(c *central.Central) error {
			list, err := c.Recipients(ctx)
			if err != nil {
				return err
			}
			var now survey.Phones
			if list.Phones != nil {
				now = *list.Phones
			}
			set := survey.Phones{
				Township: cmp.Or(*township, now.Township), County: cmp.Or(*county, now.County), Duty: cmp.Or(*duty, now.Duty),
			}
			if set != now {
				if err := c.SetPhones(ctx, set); err != nil {
					return err
				}
				s.tell("电话已更新；各设备下次联网时收到，念告知时就用新的。\n")
			}
			return s.printf("查改删\t%s\n县级\t%s\n值班\t%s\n", set.Township, set.County, set.Duty)
		})
	}
}

// ciphers are the words for what devices seal with.
var ciphers = map[string]seal.Algorithm{"aes": seal.AES256GCM, "sm4": seal.SM4GCM}

// keyCipher says what devices have to seal with.
func keyCipher(*flag.FlagSet) action {
	return func(ctx context.Context, s *session, args []string) error {
		algorithm, ok := ciphers[args[0]]
		if !ok {
			return &usageError{"只能写 aes 或 sm4。"}
		}
		return s.withCentral(ctx, func(c *central.Central) error {
			if err := c.SetCipher(ctx, algorithm); err != nil {
				return err
			}
			s.tell("各设备下次联网后，新写的内容用 %s 加密；以前写的照样能读。\n", algorithm)
			return nil
		})
	}
}
