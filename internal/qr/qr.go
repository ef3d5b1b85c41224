// Package qr draws QR codes and reads them from photos.
package qr

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // photos
	_ "image/png"  // pictures of screens

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	goqr "github.com/skip2/go-qrcode"
	"golang.org/x/image/draw"

	"zoucun/survey"
)

// Limits of a picture that is read.
const (
	mostPixels = 64 << 20
	side       = 1400 // a larger picture is first read at this size: noise goes, and it takes a fraction of the time
)

// PNG returns a QR code as a picture to print or to show.
func PNG(text string) ([]byte, error) { return goqr.Encode(text, goqr.Medium, 640) }

// Modules returns a QR code with a dot for each of its modules, its white edge included, to be drawn at any size.
func Modules(text string) (image.Image, error) {
	code, err := goqr.New(text, goqr.Medium)
	if err != nil {
		return nil, err
	}
	return code.Image(-1), nil
}

// Text returns a QR code as lines for a terminal with a dark ground.
func Text(text string) (string, error) {
	code, err := goqr.New(text, goqr.Medium)
	if err != nil {
		return "", err
	}
	return code.ToSmallString(false), nil
}

// Read returns what the QR code in a picture says, whichever way it lies.
func Read(picture []byte) (text string, err error) {
	defer func() { // a picture is anybody's
		if cause := recover(); cause != nil {
			text, err = "", none(errors.New("the reader gave up"))
		}
	}()
	size, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err == nil && size.Width*size.Height > mostPixels {
		err = errors.New("too many pixels")
	}
	if err != nil {
		return "", none(err)
	}
	whole, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", none(err)
	}
	if text, err = read(shrink(whole)); err != nil {
		text, err = read(whole)
	}
	return text, none(err)
}

func read(picture image.Image) (string, error) {
	var failed error
	for _, binarize := range []func(gozxing.LuminanceSource) gozxing.Binarizer{gozxing.NewHybridBinarizer, gozxing.NewGlobalHistgramBinarizer} {
		bits, err := gozxing.NewBinaryBitmap(binarize(gozxing.NewLuminanceSourceFromImage(picture)))
		if err != nil {
			return "", err
		}
		found, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
		if err == nil {
			return found.GetText(), nil
		}
		failed = err
	}
	return "", failed
}

func shrink(picture image.Image) image.Image {
	b := picture.Bounds()
	longest := max(b.Dx(), b.Dy())
	if longest <= side {
		return picture
	}
	small := image.NewGray(image.Rect(0, 0, b.Dx()*side/longest, b.Dy()*side/longest))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), picture, b, draw.Src, nil)
	return small
}

func none(err error) error {
	if err == nil {
		return nil
	}
	return &survey.Error{
		Kind: survey.Invalid, Op: "qr.Read", Message: "照片里没有认出二维码。请把二维码拍正、拍满、拍清楚，再试一次；也可以直接输入地址。", Err: err,
	}
}
