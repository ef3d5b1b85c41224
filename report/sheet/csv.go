package sheet

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

var byteOrderMark = []byte("\ufeff")

// text reads comma-separated text in UTF-8, with or without a mark at its beginning, or in GB 18030.
//
// The decoder of golang.org/x/text gives U+FFFD for some positions that GB 18030-2022 has filled and reports no error;
// so a file is refused as soon as one character cannot be told.
func (b *Book) text(ctx context.Context, data []byte, told func(int)) error {
	if bytes.IndexByte(data, 0) >= 0 {
		return refuse("这个文件不是 .xlsx 工作簿，也不是 UTF-8 或 GB 18030 的 CSV。请在表格软件里打开，另存为 .xlsx 后再导入。", nil)
	}
	plain, marked := bytes.CutPrefix(data, byteOrderMark)
	decode := decodeGB18030
	if marked || utf8.Valid(plain) {
		decode = decodeUTF8
	}
	r := csv.NewReader(bytes.NewReader(plain))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = delimiter(plain), -1, true, true
	t := Table{Name: "CSV", Broken: map[Place]string{}}
	var cells []string
	for number := 1; ; number++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return refuse(fmt.Sprintf("CSV 第 %d 行读不出来，引号可能不成对。请在表格软件里打开，另存为 .xlsx 后再导入。", number), err)
		}
		if number%1000 == 0 {
			told(len(t.Rows))
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("sheet.Read: %w", err)
			}
		}
		cells = slices.Grow(cells[:0], len(record))[:len(record)]
		for column, raw := range record {
			if cells[column], err = decode(raw); err != nil {
				return refuse(fmt.Sprintf("%s 里有一个字%s，整个文件没有导入。请用 WPS 或 Excel 打开原文件，把这个字重新输入，另存为 .xlsx 后再导入。", Place{number, column}, err), err)
			}
		}
		if err := t.add(number, cells); err != nil {
			return err
		}
	}
	if len(t.Rows) == 0 {
		return refuse("文件里一个字也没有。请看看是不是选错了文件。", nil)
	}
	b.Tables = append(b.Tables, t)
	return nil
}

// Why a character cannot be taken.
var (
	errUnreadable = errors.New("读不出来，导入会丢字")
	errPrivate    = errors.New("是旧系统的自造字，别的电脑显示不出来")
)

func decodeUTF8(raw string) (string, error) {
	if !utf8.ValidString(raw) {
		return "", errUnreadable
	}
	return raw, checkRunes(raw)
}

func decodeGB18030(raw string) (string, error) {
	text, err := simplifiedchinese.GB18030.NewDecoder().String(raw)
	if err != nil {
		return "", errUnreadable
	}
	return text, checkRunes(text)
}

func checkRunes(text string) error {
	for _, r := range text {
		switch {
		case r == utf8.RuneError:
			return errUnreadable
		case unicode.Is(unicode.Co, r):
			return errPrivate
		}
	}
	return nil
}

// delimiter returns what parts the cells of the first line: a comma, or a tab where there are more of those.
func delimiter(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.Count(line, []byte("\t")) > bytes.Count(line, []byte(",")) {
		return '\t'
	}
	return ','
}
