package columns

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"
)

var deterministic, _ = cbor.CoreDetEncOptions().EncMode()

func encoded(tb testing.TB, v any) []byte {
	tb.Helper()
	data, err := deterministic.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// drawn is any value of the kinds that travel.
func drawn(t *rapid.T, depth int) any {
	kinds := 8
	if depth > 3 {
		kinds = 5
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.Int64().Draw(t, "int")
	case 1:
		return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
	case 2:
		return rapid.SampledFrom([]string{"", "clear", "路灯坏了", "a[1]/b", "a[", "]["}).Draw(t, "text")
	case 3:
		return rapid.SampledFrom([]any{true, false, nil, 1.5}).Draw(t, "simple")
	case 4:
		return rapid.SliceOf(rapid.SampledFrom([]string{"ask", "hear/worry", "p[1]/a", "p[1]/b", "p[22]/a", "p[]/a", "q[1]/b[2]/c", "[", "]", "x]y[z"})).Draw(t, "texts")
	case 5:
		list := []any{}
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			list = append(list, drawn(t, depth+1))
		}
		return list
	case 6:
		pairs := map[any]any{}
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			pairs[rapid.SampledFrom([]any{"hear", "see", int64(1), int64(2), int64(-1), "a much longer key than the others"}).Draw(t, "key")] = drawn(t, depth+1)
		}
		return pairs
	default:
		data, err := deterministic.Marshal(drawn(t, depth+1)) // bytes that hold CBOR
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// TestDecodeIsTheReverse lays anything out and puts it together again.
func TestDecodeIsTheReverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []any
		for range rapid.IntRange(1, 6).Draw(t, "rows") {
			list = append(list, drawn(t, 0))
		}
		data, err := deterministic.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		laid, err := Encode(data)
		if err != nil {
			t.Fatalf("%x: %v", data, err)
		}
		back, err := Decode(laid, len(data))
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%x became %x, %v", data, back, err)
		}
		if _, err := Decode(laid, len(data)-1); err == nil {
			t.Fatal("more bytes than are allowed")
		}
	})
}

// TestAQuestionHasAColumn lays out visits of which some lack an answer: like stands beside like.
func TestAQuestionHasAColumn(t *testing.T) {
	var visits []any
	for i := range 40 {
		v := map[string]any{"knows": "clear", "worry": fmt.Sprint("worry ", i)}
		if i%2 == 0 {
			v["light"] = "broken"
		}
		visits = append(visits, v)
	}
	laid, err := Encode(encoded(t, visits))
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{strings.Repeat("eclear", 40), strings.Repeat("fbroken\xf7", 20)} {
		if !bytes.Contains(laid, []byte(run)) {
			t.Errorf("no column %q", run)
		}
	}
	if bytes.Count(laid, []byte("knows")) != 1 {
		t.Error("a key more than once")
	}
}

// TestAnInstanceIsNotAName has choices among the questions of instances that nobody can foresee.
func TestAnInstanceIsNotAName(t *testing.T) {
	var lists []any
	for i := range 60 {
		list := []string{"ask"}
		for q := range 30 {
			list = append(list, fmt.Sprintf("issues[%030d]/question_%02d", i, q))
		}
		lists = append(lists, append(list, "say"))
	}
	data := encoded(t, lists)
	laid, err := Encode(data)
	if err != nil || len(laid) > len(data)/10 || bytes.Count(laid, []byte("question_07")) != 1 {
		t.Errorf("%d bytes became %d, %v", len(data), len(laid), err)
	}
	if back, err := Decode(laid, len(data)); err != nil || !bytes.Equal(back, data) {
		t.Errorf("Decode = %v", err)
	}
}

// TestWhatHasLittleInCommon would be many cells that say that something is not there.
func TestWhatHasLittleInCommon(t *testing.T) {
	var maps, lists []any
	for i := range 2000 {
		maps = append(maps, map[string]int{fmt.Sprint("key of one alone ", i): i})
		lists = append(lists, []string{fmt.Sprint("text of one alone ", i)})
	}
	if _, err := Encode(encoded(t, maps)); err == nil {
		t.Error("maps without a key in common are laid out")
	}
	data := encoded(t, lists)
	laid, err := Encode(data)
	if err != nil || len(laid) > len(data)*5/4 {
		t.Fatalf("%d bytes became %d, %v", len(data), len(laid), err)
	}
	if back, err := Decode(laid, len(data)); err != nil || !bytes.Equal(back, data) {
		t.Errorf("Decode = %v", err)
	}
}

func TestWhatIsNotLaidOut(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing": {}, "a tag": {0xc1, 0x00}, "undefined": {0xf7}, "an indefinite length": {0x9f, 0xff},
		"a longer head than needed": {0x18, 0x05}, "keys out of order": {0xa2, 0x02, 0x00, 0x01, 0x00}, "a key twice": {0xa2, 0x01, 0x00, 0x01, 0x00},
		"an end before the end": {0x82, 0x00}, "something behind": {0x00, 0x00}, "a length beyond all": {0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"too deep": append(bytes.Repeat([]byte{0x81}, 2*maxDepth), 0x00),
	} {
		if laid, err := Encode(data); err == nil {
			t.Errorf("%s: %x", name, laid)
		}
	}
}

// FuzzDecode puts together what was never laid out.
func FuzzDecode(f *testing.F) {
	for _, v := range []any{
		[]any{map[string]any{"a": 1, "b": []string{"x", "p[1]/y"}}, map[string]any{"a": []byte{0xa1, 0x01, 0x02}}},
		[]string{"a", "b"},
		nil, "路灯",
		map[string]any{},
	} {
		laid, err := Encode(encoded(f, v))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(laid)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 1 << 16
		if back, err := Decode(data, most); err == nil && len(back) > most {
			t.Errorf("%d bytes", len(back))
		}
	})
}

// FuzzEncode lays out whatever can be, and wants it back.
func FuzzEncode(f *testing.F) {
	f.Add(encoded(f, []any{map[string]any{"a": 1, "b": []string{"x", "p[1]/y"}}, []byte{0xa1, 0x01, 0x02}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		laid, err := Encode(data)
		if err != nil {
			return
		}
		if back, err := Decode(laid, len(data)); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%x became %x, %v", data, back, err)
		}
	})
}
