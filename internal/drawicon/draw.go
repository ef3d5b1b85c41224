package main

import (
	"image"
	"image/color"
)

// side is the width and height the drawing is laid out on; every size is a scaling of it.
const side = 512

var (
	sky   = color.NRGBA{0x0F, 0x76, 0x5F, 0xFF}
	hill  = color.NRGBA{0x0C, 0x62, 0x50, 0xFF}
	field = color.NRGBA{0x0A, 0x4F, 0x41, 0xFF}
	sun   = color.NRGBA{0xF6, 0xB9, 0x3B, 0xFF}
	wall  = color.NRGBA{0xFF, 0xFB, 0xF2, 0xFF}
	roof  = color.NRGBA{0xE2, 0x56, 0x3A, 0xFF}
	door  = color.NRGBA{0x0A, 0x4F, 0x41, 0xFF}
	road  = color.NRGBA{0xF3, 0xDF, 0xB4, 0xFF}
)

// icon returns the icon, size pixels square, with transparent corners.
func icon(size int) image.Image {
	c := newCanvas(size)
	c.fill(sky, rounded(0, 0, side, side, 0))
	c.fill(sun, rounded(344, 84, 84, 84, 42))
	c.fill(hill, curve(-20, 330, 120, 250, 330, 300, 532, 232, 532, 540, -20, 540))
	c.fill(field, curve(-20, 384, 160, 336, 350, 396, 532, 338, 532, 540, -20, 540))
	c.fill(road, footpath)
	c.fill(wall, polygon(156, 240, 356, 240, 356, 368, 156, 368))
	c.fill(wall, polygon(256, 160, 356, 240, 156, 240))
	c.fill(sun, rounded(180, 272, 40, 40, 6), rounded(292, 272, 40, 40, 6))
	c.fill(door, rounded(234, 284, 44, 60, 8), polygon(234, 330, 278, 330, 278, 368, 234, 368))
	c.fill(road, rounded(262, 324, 8, 8, 4))
	c.fill(roof, polygon(256, 124, 412, 246, 390, 274, 256, 169, 122, 274, 100, 246))
	return c.within(rounded(0, 0, side, side, 112))
}

// footpath winds from the lower edge to the door, wide below and narrow above.
func footpath(p *pen) {
	p.move(234, 368)
	p.curve(226, 420, 320, 418, 300, 452)
	p.curve(288, 476, 170, 470, 150, 520)
	p.line(318, 520)
	p.curve(330, 482, 398, 482, 392, 440)
	p.curve(386, 406, 282, 410, 278, 368)
}
