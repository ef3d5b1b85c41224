package wire

import (
	"bytes"
	"testing"

	"zoucun/survey"
)

// errandSample is one of everything that errands brought.
type errandSample struct {
	ask    ErrandAsk
	reply  ErrandReply
	meet   Meet
	met    Met
	status Status
}

func (s sample) errands(tb testing.TB) errandSample {
	tb.Helper()
	key, err := SignErrandKey(ErrandKey{County: 990001, Recipient: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"}, s.server)
	if err != nil {
		tb.Fatal(err)
	}
	status := s.status
	status.Errands = &key
	return errandSample{
		ask: ErrandAsk{Errands: []ErrandName{{Sum: survey.Hash{0xa1}, Size: 4096}, {Sum: survey.Hash{0xa2}, Size: MaxErrand}}},
		reply: ErrandReply{Errands: []ErrandNews{
			{Sum: survey.Hash{0xa1}, State: ErrandTaken, Words: []Carried{s.carried}},
			{Sum: survey.Hash{0xa2}, State: ErrandRefused, Kind: survey.Damaged, Message: "数据包损坏了。"},
			{Sum: survey.Hash{0xa3}, State: ErrandComing, Held: 512},
		}},
		meet:   Meet{County: 990001, Device: id[survey.DeviceID](4), Nonce: bytes.Repeat([]byte{7}, 16), Proof: bytes.Repeat([]byte{8}, 32)},
		met:    Met{Device: id[survey.DeviceID](5), Token: bytes.Repeat([]byte{9}, 16), Room: 1 << 20, Errands: 3, Proof: bytes.Repeat([]byte{1}, 32), Words: []Carried{s.carried}},
		status: status,
	}
}

func (s sample) errandGoldens(tb testing.TB) []golden {
	tb.Helper()
	e := s.errands(tb)
	return []golden{
		goldenOf(tb, "errand_ask", e.ask, nil),
		goldenOf(tb, "errand_reply", e.reply, nil),
		goldenOf(tb, "meet", e.meet, nil),
		goldenOf(tb, "met", e.met, nil),
		goldenOf(tb, "status_with_errands", e.status, nil),
	}
}

func TestErrandKey(t *testing.T) {
	s := newSample(t)
	signed := *s.errands(t).status.Errands
	if key, err := signed.Open(publicOf(s.server)); err != nil || key.County != 990001 {
		t.Errorf("%+v, %v", key, err)
	}
	if _, err := signed.Open(publicOf(s.device)); err == nil {
		t.Error("a stranger's errand key was believed")
	}
}

// Whoever does not know the code, or sees another certificate, proves nothing.
func TestMeetingProofs(t *testing.T) {
	e, code := newSample(t).errands(t), Code("0123456789AB")
	pin := survey.Hash{1}
	good := e.meet.Proves(code.Key(), pin)
	if Proves(good, e.meet.Proves(Code("0123456789AC").Key(), pin)) || Proves(good, e.meet.Proves(code.Key(), survey.Hash{2})) {
		t.Error("a proof over another code or certificate is the same")
	}
	if Proves(e.met.Proves(code.Key(), e.meet.Nonce, pin), e.met.Proves(code.Key(), make([]byte, 16), pin)) {
		t.Error("a courier's proof answers any sender")
	}
}

func TestErrandMessagesHaveLimits(t *testing.T) {
	tests := map[string]Message{
		"too large":     &ErrandAsk{Errands: []ErrandName{{Size: MaxErrand + 1}}},
		"empty":         &ErrandAsk{Errands: []ErrandName{{}}},
		"too many":      &ErrandAsk{Errands: make([]ErrandName, MaxErrands+1)},
		"unknown state": &ErrandReply{Errands: []ErrandNews{{State: 9}}},
		"short nonce":   &Meet{Nonce: []byte{1}},
		"less than no":  &Met{Room: -1},
	}
	for name, m := range tests {
		if m.complete() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzErrandAsk(f *testing.F)   { fuzzMessage(f, newSample(f).errands(f).ask, ErrandAsk{}) }
func FuzzErrandReply(f *testing.F) { fuzzMessage(f, newSample(f).errands(f).reply, ErrandReply{}) }
func FuzzMeet(f *testing.F)        { fuzzMessage(f, newSample(f).errands(f).meet) }
func FuzzMet(f *testing.F)         { fuzzMessage(f, newSample(f).errands(f).met) }
