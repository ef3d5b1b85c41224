package widgets

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
)

// SealedSpec describes a box whose words are sealed where they are typed.
type SealedSpec struct {
	Recipients func() []Item // the offices there are now, in the county's order
	// OnSeal seals the words for one of the recipients, and reports whether it is done: only then does the box let go of
	// them.
	OnSeal   func(to, text, reply string) bool
	OnPaper  func() // the household writes itself, on paper
	OnResize func() // the box is higher or lower than it was
}

// SealedBox asks who is to read what a household says about a cadre, and takes it down. What is typed is nowhere but in
// its two fields until it is sealed. Each time they are emptied they are made anew, for the toolkit's entry remembers
// what stood in it.
type SealedBox struct {
	Object *fyne.Container // what is laid out
	spec   SealedSpec
	to     string // the value of the chosen recipient, paper, or nothing
	text   *Field
	reply  *Field
	said   string // what was last said beside the fields
}

// paper is chosen in place of a recipient.
const paper = "paper"

// Words of the box.
const (
	sealedBefore = "框里的字点“封存”才留下。离开这一页、锁屏、切到别的程序，没封存的字就清掉。封存以后谁也打不开，包括本机；登记簿上只有件数。"
	sealedWho    = "想让谁受理？请让反映的人自己定；反映的人就在那个单位的，不要选那个单位。"
	sealedPaper  = "把信封交给反映的人，请他自己写、自己封，不用告诉您写了什么。他愿意自己寄最好；让您带回的，不要拆，不要写上是谁给的，原样交到县里。这件事不在本机留任何记录。"
	sealedNobody = "县里的收件名单还没有发到本机，现在只能带回纸质信封，或请反映的人自己打县级电话。"
	sealedAhead  = "这里的字还没有封存：请点“封存”，或点“清掉”再走。"
	sealedGone   = "刚才没封存的字已经清掉，没有留下。"
)

// NewSealedBox returns an empty box.
func NewSealedBox(spec SealedSpec) *SealedBox {
	s := &SealedBox{spec: spec, Object: Column()}
	s.empty()
	s.layOut()
	return s
}

// Warn reports whether words wait to be sealed, and then says so in the box.
func (s *SealedBox) Warn() bool {
	if !s.written() {
		return false
	}
	s.say(sealedAhead)
	return true
}

// Clear lets go of everything typed. Where there was something, the box says that it is gone.
func (s *SealedBox) Clear() {
	if s.written() {
		s.empty()
		s.say(sealedGone)
	}
}

func (s *SealedBox) written() bool { return strings.TrimSpace(s.text.Typed()+s.reply.Typed()) != "" }

// empty makes the fields anew.
func (s *SealedBox) empty() {
	s.text = NewField(FieldSpec{Prompt: "什么事、什么时候、在哪里，照他说的写", Rows: 6})
	s.reply = NewField(FieldSpec{Prompt: "电话、写信、不用回复……不想说就空着"})
}

func (s *SealedBox) say(words string) {
	s.said = words
	s.layOut()
	s.spec.OnResize()
}

// layOut stacks what the box consists of now.
func (s *SealedBox) layOut() {
	objects := []fyne.CanvasObject{NewNote(sealedBefore)}
	recipients := s.spec.Recipients()
	if len(recipients) == 0 {
		objects = append(objects, NewText(sealedNobody, Plain))
	}
	objects = append(objects, NewText(sealedWho, Plain), s.choices(append(recipients, Item{Value: paper, Label: "带回纸质信封"})))
	switch s.to {
	case "":
	case paper:
		done := NewButton(ButtonSpec{Text: "信封已留下，去掉这一条", Weight: Main, OnTap: s.spec.OnPaper})
		objects = append(objects, NewNote(sealedPaper), Bar(0, NewText("", Plain), done))
	default:
		objects = append(objects, s.text, Tight(NewText("希望怎样得到回复（可不写，写了只有受理的单位看得到）", Hint), s.reply))
	}
	if s.said != "" {
		objects = append(objects, NewWarning(s.said))
	}
	if s.to != "" && s.to != paper {
		clear := NewButton(ButtonSpec{Text: "清掉", OnTap: s.Clear})
		seal := NewButton(ButtonSpec{Text: "封存", Weight: Main, OnTap: s.seal})
		objects = append(objects, Bar(0, NewText("", Plain), clear, seal))
	}
	s.Object.Objects = objects
}

// choices are the recipients, and paper. A recipient that is on the list no more is chosen no more.
func (s *SealedBox) choices(items []Item) fyne.CanvasObject {
	if !slices.ContainsFunc(items, func(i Item) bool { return i.Value == s.to }) {
		s.to = ""
	}
	return NewChoiceButtons(ChoiceSpec{Items: items, Chosen: []string{s.to}, OnChange: func(chosen []string) {
		s.to = strings.Join(chosen, "")
		s.say("")
	}})
}

// seal hands the words over to be sealed.
func (s *SealedBox) seal() {
	if s.spec.OnSeal(s.to, s.text.Typed(), s.reply.Typed()) {
		s.empty()
	}
	s.say("")
}
