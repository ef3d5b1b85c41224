package assets

import _ "embed"

//go:embed fonts/NotoSansSC-Regular.subset.ttf
var fontRegular []byte

//go:embed fonts/NotoSansSC-Bold.subset.ttf
var fontBold []byte

// FontRegular returns the regular face of Noto Sans SC as a TrueType file: every character of the Table of General
// Standard Chinese Characters, of GB 2312, and the marks forms use. The caller must not change the bytes.
func FontRegular() []byte { return fontRegular }

// FontBold returns the bold face, which covers the same characters as the regular one. The caller must not change the
// bytes.
func FontBold() []byte { return fontBold }
