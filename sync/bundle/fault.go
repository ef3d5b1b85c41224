package bundle

import (
	"errors"
	"fmt"

	"zoucun/survey"
)

// What can be wrong with a bundle. Every error of this package is one of them, or comes from the disk.
var (
	ErrDamaged    = errors.New("bundle is damaged")
	ErrIncomplete = errors.New("bundle is incomplete")
	ErrForeign    = errors.New("bundle is of another county or device")
	ErrNotForKey  = errors.New("bundle is not for this key")
	ErrNewer      = errors.New("bundle is of a newer version")
	ErrNone       = errors.New("not a bundle")
)

// faults is what each of them means for the person.
var faults = map[error]struct {
	kind    survey.Kind
	message string
}{
	ErrDamaged:    {survey.Damaged, "这个数据包损坏了，没有采用其中任何内容。请从原来的设备或存储卡重新拷一份。"},
	ErrIncomplete: {survey.Damaged, "这个数据包不完整，没有拷完，没有采用其中任何内容。请重新拷一份完整的。"},
	ErrForeign:    {survey.Denied, "这个数据包不是本县的，没有采用。请交给它所属的县。"},
	ErrNotForKey:  {survey.Denied, "这把钥匙打不开这个数据包，它是加密给别人的。请换用名单上恢复钥匙的私钥。"},
	ErrNewer:      {survey.Newer, "这个数据包是更新的版本写的，请先升级本程序。文件没有改动。"},
	ErrNone:       {survey.Invalid, "这不是走村的数据包。请选择扩展名为 .zcb 的文件。"},
}

// fault says what is wrong with a bundle.
func fault(what error, format string, args ...any) error {
	said := faults[what]
	return &survey.Error{
		Kind: said.kind, Op: "bundle", Message: said.message,
		Err: fmt.Errorf("%w: "+format, append([]any{what}, args...)...),
	}
}
