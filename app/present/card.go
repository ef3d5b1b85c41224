package present

import "math"

// cardRatio is the shape of identity and bank cards: 85.6 by 54 millimetres.
const cardRatio = 85.6 / 54

// cardTolerance is how far a picture cut to a card may be off its shape.
const cardTolerance = 0.02

const (
	// AskForCards is what is asked about every photo before it is kept.
	AskForCards = "照片里有没有身份证、银行卡、户口簿？"
	cardShaped  = "看起来像身份证一类的证件，没有保存。本系统不收证件照片；需要核对证件的，请当面核对，不留照片。" +
		"不是证件的，请不要裁剪，换个远近重新拍一张。"
	cardSeen = "这张照片没有保存。本系统不收证件照片，一旦泄露会伤害群众；需要核对证件的，请当面核对，不留照片。"
)

// shapedLikeCard reports whether a picture has the shape of a card and of nothing else: what a scanner or an editor has
// cut to a card's edges. Screens of exactly 16:10 come near it and are asked about like any other.
func shapedLikeCard(width, height int) bool {
	long, short := float64(max(width, height)), float64(min(width, height))
	if long*10 == short*16 {
		return false
	}
	return math.Abs(long/short/cardRatio-1) <= cardTolerance
}
