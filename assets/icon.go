package assets

import _ "embed"

//go:embed icon/Icon.png
var iconPNG []byte

// Icon returns the product's icon as a PNG of 512 by 512 pixels. The caller must not change the bytes.
func Icon() []byte { return iconPNG }
