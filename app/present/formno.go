package present

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"zoucun/survey"
)

// FormNumber is the number a paper copy carries and a household is given, made without network:
//
//	QZ-421122-2026-KTHM-0012-T
//	form, division code, year, device, running number on the device, check letter
//
// The device stands in four characters where a paper form would have two: two would be shared by some pair of twenty
// tablets in one township of six. The check letter finds any one wrong digit or letter and any two neighbours swapped.
func FormNumber(form survey.FormID, grant survey.Grant, now time.Time, running int) string {
	body := fmt.Sprintf("%s-%06d-%d-%s-%04d", prefix(form), grant.County, now.Year(), deviceMark(grant.Device), running)
	return body + "-" + string(checkLetter(body))
}

// prefix is the form's name up to its number ("QZ-01" gives "QZ").
func prefix(form survey.FormID) string {
	for i, r := range form {
		if r == '-' || r == '_' {
			return string(form[:i])
		}
	}
	return string(form)
}

func deviceMark(id survey.DeviceID) string {
	sum := sha256.Sum256(id[:])
	var mark [4]byte
	for i := range mark {
		mark[i] = letters[int(sum[i])%len(letters)]
	}
	return string(mark[:])
}

// CheckFormNumber reports whether a number read out or typed is one that was given.
func CheckFormNumber(number string) bool {
	cut := len(number) - 2
	return cut > 0 && number[cut] == '-' && number[cut+1] == checkLetter(number[:cut])
}

// letters are those that cannot be mistaken for a digit. There are 23, a prime, so that weights and differences below
// it never cancel out.
const letters = "ABCDEFGHJKLMNPQRSTUVWXY"

func checkLetter(body string) byte {
	sum := 0
	for i, r := range []byte(body) {
		sum += (i%22 + 1) * symbol(r)
	}
	return letters[sum%len(letters)]
}

func symbol(b byte) int {
	if b >= '0' && b <= '9' {
		return int(b - '0')
	}
	return max(0, strings.IndexByte(letters, b))
}
