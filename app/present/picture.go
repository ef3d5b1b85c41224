package present

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"iter"
	"slices"
)

// tooLarge reports whether a picture is more than a small device can open.
func tooLarge(c image.Config, head []byte) bool {
	if max(c.Width, c.Height) > readSide {
		return true
	}
	pixels := float64(c.Width) * float64(c.Height)
	return pixels > readPixels || pixels*perPixel(c, head) > readMemory
}

// perPixel returns how many bytes a pixel takes while a picture is opened.
func perPixel(c image.Config, head []byte) float64 {
	if _, ok := c.ColorModel.(color.Palette); ok {
		return 1
	}
	switch c.ColorModel {
	case color.GrayModel, color.YCbCrModel, color.CMYKModel:
		return samples(head)
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	return 4
}

// samples returns the bytes of a pixel in the frame that the head of a JPEG announces. One that becomes clearer while it
// loads is held a second time as numbers of four bytes.
func samples(head []byte) float64 {
	for marker, body := range segments(head) {
		if marker < 0xC0 || marker > 0xC2 || len(body) < 6 {
			continue
		}
		across, down, area := 1, 1, 0
		for _, part := range slices.Collect(slices.Chunk(body[6:], 3)) {
			if len(part) < 3 {
				break
			}
			h, v := int(part[1]>>4), int(part[1]&0xF)
			across, down, area = max(across, h), max(down, v), area+h*v
		}
		bytes := float64(area) / float64(across*down)
		if marker == 0xC2 {
			bytes *= 5
		}
		return bytes
	}
	return 3
}

// segments yields what stands before the picture in a JPEG: the marker and the body of each segment.
func segments(data []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		if len(data) < 4 || data[0] != 0xFF || data[1] != 0xD8 {
			return
		}
		for rest := data[2:]; len(rest) >= 4 && rest[0] == 0xFF && rest[1] != 0xDA; {
			length := int(binary.BigEndian.Uint16(rest[2:]))
			if length < 2 || 2+length > len(rest) || !yield(rest[1], rest[4:2+length]) {
				return
			}
			rest = rest[2+length:]
		}
	}
}

// upright is the orientation of a picture that is not to be turned.
const upright = 1

// orientation reads tag 0x0112 of the first directory of a JPEG's Exif segment; upright where there is none.
func orientation(head []byte) uint16 {
	tiff := exif(head)
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return upright
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == 0x0112 {
			return order.Uint16(entries[8:])
		}
		entries = entries[12:]
	}
	return upright
}

// exif returns the TIFF structure inside the first APP1 segment that is Exif.
func exif(head []byte) []byte {
	for marker, body := range segments(head) {
		if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && marker == 0xE1 {
			return tiff
		}
	}
	return nil
}

// turns says how a camera was held, by the orientation it noted: whether rows became columns, and which way each runs.
var turns = [9]struct{ across, left, up bool }{
	2: {left: true}, 3: {left: true, up: true}, 4: {up: true},
	5: {across: true}, 6: {across: true, up: true}, 7: {across: true, left: true, up: true}, 8: {across: true, left: true},
}

// turned puts a picture upright by the orientation a camera noted: 2, 4, 5 and 7 are seen in a mirror, as selfies are.
func turned(src *image.RGBA, orientation uint16) *image.RGBA {
	if orientation <= upright || int(orientation) >= len(turns) {
		return src
	}
	turn := turns[orientation]
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if turn.across {
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			sx, sy := x, y
			if turn.across {
				sx, sy = y, x
			}
			if turn.left {
				sx = w - 1 - sx
			}
			if turn.up {
				sy = h - 1 - sy
			}
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return dst
}

// pictures are how files of pictures begin, those that cannot be opened too: a picture is none of the files that are
// kept as they are, for a camera writes beside it where it was taken.
var pictures = [][]byte{
	{0xFF, 0xD8, 0xFF}, []byte("\x89PNG\r\n\x1a\n"), []byte("GIF8"), []byte("II*\x00"), []byte("MM\x00*"),
}

// isPicture reports whether a file is a picture, by how it begins.
func isPicture(head []byte) bool {
	begins := func(with []byte) bool { return bytes.HasPrefix(head, with) }
	return slices.ContainsFunc(pictures, begins) || isHEIC(head) || isBitmap(head) ||
		len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP"
}

// isBitmap reports whether a file is a Windows bitmap: the size of its second header is one of three.
func isBitmap(head []byte) bool {
	return len(head) >= 18 && string(head[:2]) == "BM" && binary.LittleEndian.Uint32(head[6:]) == 0 &&
		slices.Contains([]uint32{40, 108, 124}, binary.LittleEndian.Uint32(head[14:]))
}

// isHEIC reports whether a file is a picture in the box that newer cameras use.
func isHEIC(head []byte) bool {
	return len(head) >= 12 && string(head[4:8]) == "ftyp" && slices.Contains(
		[]string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"}, string(head[8:12]))
}
