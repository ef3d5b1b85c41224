package present

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	_ "image/png" // photos that are pictures of screens

	"golang.org/x/image/draw"

	"zoucun/survey"
)

// photoPixels bounds the longer side of a photo where the form does not say.
const photoPixels = 1600

// Photo makes a picture fit to be kept and sent: upright, no larger than asked, a JPEG without anything a camera writes
// beside the picture (where it was taken, with what, by whom).
func Photo(data []byte, longest int) ([]byte, error) {
	if longest <= 0 {
		longest = photoPixels
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, &survey.Error{
			Kind: survey.Invalid, Op: "present.Photo", Err: err,
			Message: "这个文件不是能用的照片（只收 JPG 和 PNG），请另选一张。",
		}
	}
	upright := turned(shrunk(picture, longest), orientation(data))
	var out bytes.Buffer
	if err := jpeg.Encode(&out, upright, &jpeg.Options{Quality: 82}); err != nil {
		return nil, &survey.Error{Kind: survey.Internal, Op: "present.Photo", Err: err}
	}
	return out.Bytes(), nil
}

func shrunk(src image.Image, longest int) image.Image {
	size := src.Bounds().Size()
	most := max(size.X, size.Y)
	if most <= longest {
		return src
	}
	dst := image.NewRGBA(image.Rect(0, 0, max(1, size.X*longest/most), max(1, size.Y*longest/most)))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// turned puts a picture upright by the orientation a camera noted: 1 upright, 3 upside down, 6 and 8 on a side. The
// mirrored ones no camera writes.
func turned(src image.Image, orientation uint16) image.Image {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	var dst *image.RGBA
	var from func(x, y int) (int, int)
	switch orientation {
	case 3:
		dst = image.NewRGBA(image.Rect(0, 0, w, h))
		from = func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }
	case 6:
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
		from = func(x, y int) (int, int) { return y, h - 1 - x }
	case 8:
		dst = image.NewRGBA(image.Rect(0, 0, h, w))
		from = func(x, y int) (int, int) { return w - 1 - y, x }
	default:
		return src
	}
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			sx, sy := from(x, y)
			dst.Set(x, y, src.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return dst
}

// orientation reads tag 0x0112 of the first directory of a JPEG's Exif segment; 1 where there is none.
func orientation(data []byte) uint16 {
	const upright = 1
	tiff := exif(data)
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 0 || at+2 > len(tiff) {
		return upright
	}
	for entry := range int(order.Uint16(tiff[at:])) {
		field := at + 2 + entry*12
		if field+12 > len(tiff) {
			break
		}
		if order.Uint16(tiff[field:]) == 0x0112 {
			return order.Uint16(tiff[field+8:])
		}
	}
	return upright
}

// exif returns the TIFF structure inside the first APP1 segment that is Exif.
func exif(data []byte) []byte {
	if len(data) < 4 || data[0] != 0xFF || data[1] != 0xD8 {
		return nil
	}
	for at := 2; at+4 <= len(data) && data[at] == 0xFF && data[at+1] != 0xDA; {
		end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if end > len(data) {
			return nil
		}
		if body, ok := bytes.CutPrefix(data[at+4:max(at+4, end)], []byte("Exif\x00\x00")); ok && data[at+1] == 0xE1 {
			return body
		}
		at = end
	}
	return nil
}
