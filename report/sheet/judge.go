package sheet

import "bytes"

// Limits of a file. A roster of 100,000 households is about 6 MB in the file and 80 MB unpacked.
const (
	MaxFile     = 32 << 20  // bytes
	MaxUnzipped = 256 << 20 // bytes
)

// First bytes of files that carry the name .xlsx.
var (
	zipMagic       = []byte("PK")
	oleMagic       = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
	encryptedEntry = []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
)

// NotWorkbook judges a file by its first bytes; it returns an empty string where they are those of an .xlsx.
func NotWorkbook(data []byte) string {
	switch {
	case len(data) == 0:
		return "文件是空的。请重新复制一份花名册。"
	case len(data) > MaxFile:
		return "文件超过 32 MB。请删去图片和无关的工作表，或按村分成几个文件。"
	case bytes.HasPrefix(data, oleMagic) && bytes.Contains(data, encryptedEntry):
		return "文件设了打开密码。请在表格软件里去掉密码，另存后再导入。"
	case bytes.HasPrefix(data, oleMagic):
		return "这是旧的 .xls 格式，改了扩展名也读不了。请在表格软件里另存为 .xlsx。"
	case !bytes.HasPrefix(data, zipMagic):
		return "这不是 .xlsx 工作簿。请在表格软件里打开，另存为 .xlsx 后再导入。"
	}
	return ""
}
