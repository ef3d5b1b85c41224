package retention

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zoucun/survey"
)

// Rules are how long what speaks of a person is kept. A township may shorten the first and the third, and lengthen the
// second where its archive rules ask for it.
type Rules struct {
	IdentifiedYears int `json:"identified_years"` // after the last open problem of the household was closed, or after the visit
	DispatchedYears int `json:"dispatched_years"` // after a problem that was handed on was closed
	PhotoDays       int `json:"photo_days"`       // after closing
	AccessYears     int `json:"access_years"`     // after the look
}

// DefaultRules are those of the form's own paper, QZ-01.
var DefaultRules = Rules{IdentifiedYears: 2, DispatchedYears: 5, PhotoDays: 90, AccessYears: 3}

// Check refuses periods that the law or the promise read out to the person does not allow.
func (r Rules) Check() error {
	for _, period := range []struct {
		name            string
		value, min, max int
	}{
		{"走访记录里的个人信息", r.IdentifiedYears, 1, DefaultRules.IdentifiedYears},
		{"交办的问题", r.DispatchedYears, 1, 30},
		{"照片", r.PhotoDays, 1, DefaultRules.PhotoDays},
		{"查看记录", r.AccessYears, 1, 30},
	} {
		if period.value < period.min || period.value > period.max {
			return &survey.Error{
				Kind: survey.Invalid, Op: "retention.Check", Err: fmt.Errorf("%d", period.value),
				Message: fmt.Sprintf("%s的保存期限只能是 %d 到 %d，没有改动。", period.name, period.min, period.max),
			}
		}
	}
	return nil
}

// Rules returns the township's periods, or the usual ones where it has set none.
func (k Keeper) Rules() (Rules, error) {
	raw, err := os.ReadFile(k.rulesFile())
	if errors.Is(err, fs.ErrNotExist) {
		return DefaultRules, nil
	}
	rules := DefaultRules
	if err == nil {
		err = json.Unmarshal(raw, &rules)
	}
	if err != nil {
		return rules, &survey.Error{
			Kind: survey.Damaged, Op: "retention.Rules", Err: err,
			Message: "保存期限的设置文件读不出来，什么也没有删。请用 zouctl retention rules 重新设置。",
		}
	}
	return rules, rules.Check()
}

// SetRules keeps the township's periods.
func (k Keeper) SetRules(rules Rules) error {
	if err := rules.Check(); err != nil {
		return err
	}
	return k.writeFile(k.rulesFile(), rules)
}

func (k Keeper) rulesFile() string { return filepath.Join(k.Folder, "rules.json") }

// writeFile writes a value as JSON, whole or not at all.
func (k Keeper) writeFile(name string, value any) error {
	raw, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		err = os.MkdirAll(k.Folder, 0o700)
	}
	if err == nil {
		err = replace(name, append(raw, '\n'))
	}
	if err != nil {
		return &survey.Error{
			Kind: survey.Unavailable, Op: "retention.writeFile", Err: err,
			Message: "文件夹“" + k.Folder + "”写不进去，请检查权限和空间。",
		}
	}
	return nil
}

func replace(name string, raw []byte) error {
	file, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(raw)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}
