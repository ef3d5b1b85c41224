package spare

import (
	"errors"
	"io/fs"
	"slices"

	"zoucun/survey"
)

// errReadBack says that a medium does not give back what was written to it.
var errReadBack = errors.New("what was read back is not what was written")

// What is in the way, and what to do about it. Each sentence begins by saying that nothing is lost.
const (
	intact         = "第二份没有存上，内容在本机是全的。"
	messageFull    = intact + "存储卡（文件夹）满了，请清理出空间，或换一张卡。"
	messageGone    = intact + "找不到存储卡（文件夹），请把卡插好，插好后会自动再存。"
	messageLocked  = intact + "存储卡（文件夹）不让写入，请检查卡上的锁定开关，或另选一个位置。"
	messageFaulty  = intact + "写进去的内容读出来不一样，这张卡可能坏了，请换一张。"
	messageUnknown = intact + "存储卡（文件夹）读写出错，请把卡重新插好；如果总是这样，请换一张。"
)

// trouble says to a person why a second copy could not be kept.
func trouble(err error) error {
	kind, message := survey.Unavailable, messageUnknown
	switch {
	case errors.Is(err, errReadBack):
		kind, message = survey.Damaged, messageFaulty
	case isAny(err, full):
		kind, message = survey.Full, messageFull
	case errors.Is(err, fs.ErrPermission), isAny(err, locked):
		kind, message = survey.Denied, messageLocked
	case errors.Is(err, fs.ErrNotExist), isAny(err, gone):
		kind, message = survey.NotFound, messageGone
	case survey.MessageOf(err) != "":
		kind, message = survey.KindOf(err), intact+survey.MessageOf(err)
	}
	return &survey.Error{Kind: kind, Op: "spare", Message: message, Err: err}
}

func isAny(err error, these []error) bool {
	return slices.ContainsFunc(these, func(one error) bool { return errors.Is(err, one) })
}
