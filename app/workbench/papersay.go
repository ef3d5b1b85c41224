package workbench

import (
	"errors"
	"fmt"
	"strings"

	"zoucun/survey"
)

// Sentence returns what a person is told of an error of 表册.
func Sentence(err error) string {
	if known := (*survey.Error)(nil); errors.As(err, &known) && known.Message != "" {
		return known.Message
	}
	return "没有做成，记录没有变。请再试一次；还不行，请把时间告诉维护的人。"
}

// Sheets says what was made.
func Sheets(p Paper) string {
	size := fmt.Sprintf("%d KB", (len(p.Data)+1023)/1024)
	if len(p.Data) > 10<<20 {
		size = fmt.Sprintf("%d MB", len(p.Data)>>20)
	}
	return fmt.Sprintf("做好了：%s，%d 份，%s。", p.Kind, p.Papers, size)
}

// fewMissing is how many characters without a glyph are named.
const fewMissing = 12

// MissingWords says which characters had no glyph and what to do, or nothing.
func MissingWords(p Paper) string {
	if len(p.Missing) == 0 {
		return ""
	}
	var codes []string
	for _, r := range p.Missing[:min(len(p.Missing), fewMissing)] {
		codes = append(codes, fmt.Sprintf("U+%04X", r))
	}
	more := ""
	if len(p.Missing) > fewMissing {
		more = fmt.Sprintf(" 等 %d 个字", len(p.Missing))
	}
	return "本机字库里没有这些字：" + strings.Join(codes, "、") + more +
		"。纸上印作〓，并注明“非正式件”。请照证件手写补上；或者把生僻字字体放进程序旁边的 fonts 文件夹，再生成一次。"
}
