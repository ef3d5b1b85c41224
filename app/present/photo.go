package present

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the first picture of a moving one
	"image/jpeg"
	_ "image/png" // photos that are pictures of screens
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // what messengers make of photos

	"zoucun/survey"
)

const (
	photoPixels = 1600    // of the longer side, at most; a form may ask for less
	photoBytes  = 300_000 // of what is kept, at most
	readBytes   = 40 << 20
	// A picture of a few kilobytes can be one of thousands of megapixels: its size is looked at before its first pixel.
	readPixels = 100_000_000
	readSide   = 1<<16 - 1
	readMemory = 256 << 20
)

// Photo makes a picture fit to be kept and sent: upright, no larger than asked, a JPEG of at most 300 kB without anything
// a camera writes beside the picture (where it was taken, with what, by whom). It reads no more than it needs to refuse
// what is no picture, too large, or the picture of an identity card.
func Photo(r io.Reader, longest int) ([]byte, error) {
	limited := &io.LimitedReader{R: r, N: readBytes}
	in := bufio.NewReaderSize(limited, 64<<10)
	var head bytes.Buffer
	config, _, err := image.DecodeConfig(io.TeeReader(in, &head))
	switch {
	case err != nil:
		return nil, unreadable(head.Bytes(), limited, err)
	case tooLarge(config, head.Bytes()):
		return nil, refused(fmt.Sprintf("这张照片太大（%d×%d），没有保存。请在相机设置里把照片尺寸改小，重新拍一张。",
			config.Width, config.Height), nil)
	case shapedLikeCard(config.Width, config.Height):
		return nil, refused(cardShaped, nil)
	}
	orientation := orientation(head.Bytes())
	picture, _, err := image.Decode(io.MultiReader(&head, in))
	if err != nil {
		return nil, incomplete(limited, err)
	}
	return encoded(turned(shrunk(picture, within(longest)), orientation)), nil
}

// within bounds what a form asks for by what is ever kept.
func within(longest int) int {
	if longest <= 0 {
		return photoPixels
	}
	return min(longest, photoPixels)
}

func refused(message string, err error) error {
	return &survey.Error{Kind: survey.Invalid, Op: "present.Photo", Message: message, Err: err}
}

// unreadable says why the head of a file is not that of a picture.
func unreadable(head []byte, rest *io.LimitedReader, err error) error {
	switch {
	case unread(err):
		return err
	case rest.N == 0:
		return refused(tooLong, err)
	case isHEIC(head):
		return refused("这是 HEIC 格式的照片，本机打不开，没有保存。请在相机设置里把照片格式改成 JPG（有的叫“兼容性最佳”），重新拍一张。", err)
	}
	return refused("这个文件不是能用的照片（只收 JPG、PNG、WEBP、GIF），没有保存。请另选一张。", err)
}

const tooLong = "这张照片超过 40 MB，没有保存。请在相机设置里把照片尺寸改小，重新拍一张。"

// incomplete says why a file that began as a picture did not go on as one.
func incomplete(rest *io.LimitedReader, err error) error {
	switch {
	case unread(err):
		return err
	case rest.N == 0:
		return refused(tooLong, err)
	}
	return refused("这张照片不完整或者已经损坏，没有保存。请另选一张，或重新拍。", err)
}

// encoded writes the best JPEG that is no larger than may be kept.
func encoded(picture *image.RGBA) []byte {
	for {
		for quality := 85; quality >= 45; quality -= 10 {
			out := atMost{left: photoBytes}
			if jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality}) == nil {
				return out.data
			}
		}
		size := picture.Bounds().Size()
		picture = scaled(picture, max(1, size.X*4/5), max(1, size.Y*4/5))
	}
}

// atMost takes bytes until there are too many.
type atMost struct {
	data []byte
	left int
}

var errTooMany = errors.New("too many bytes")

// Write implements io.Writer.
func (w *atMost) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errTooMany
	}
	w.data = append(w.data, p...)
	return len(p), nil
}

// shrunk returns a picture on white that is no longer than asked. Whole factors are averaged band by band, so that no
// second picture of the first one's size is ever held.
func shrunk(src image.Image, longest int) *image.RGBA {
	size := src.Bounds().Size()
	most := max(size.X, size.Y)
	small := averaged(src, max(1, most/longest))
	if most <= longest {
		return small
	}
	side := func(n int) int { return max(1, int(int64(n)*int64(longest)/int64(most))) }
	return scaled(small, side(size.X), side(size.Y))
}

func scaled(src *image.RGBA, width, height int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.ApproxBiLinear.Scale(dst, dst.Rect, src, src.Rect, draw.Src, nil)
	return dst
}

// averaged makes one pixel of each n by n.
func averaged(src image.Image, n int) *image.RGBA {
	b := src.Bounds()
	across, down := min(n, b.Dx()), min(n, b.Dy())
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx()/across, b.Dy()/down))
	band := image.NewRGBA(image.Rect(0, 0, b.Dx(), down))
	for y := range dst.Rect.Dy() {
		draw.Draw(band, band.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(band, band.Rect, src, image.Pt(b.Min.X, b.Min.Y+y*down), draw.Over)
		row := dst.Pix[y*dst.Stride:][:dst.Stride]
		for at := range row {
			row[at] = average(band, at/4*across*4+at%4, across)
		}
	}
	return dst
}

// average returns the mean of one colour over a band's whole height, from an offset in its first row.
func average(band *image.RGBA, from, across int) uint8 {
	sum, rows := 0, band.Rect.Dy()
	for y := range rows {
		row := band.Pix[y*band.Stride+from:]
		for x := range across {
			sum += int(row[x*4])
		}
	}
	return uint8(sum / (across * rows)) //nolint:gosec // a mean of bytes is a byte
}
