package survey

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestIDText(t *testing.T) {
	id := NewID[RecordID]()
	text, _ := id.MarshalText()
	var back RecordID
	if err := back.UnmarshalText(text); err != nil || back != id {
		t.Errorf("UnmarshalText(%s) = %v, %v; want the same id", text, back, err)
	}
	if err := back.Scan(id[:5]); err == nil {
		t.Error("Scan took 5 bytes for an id")
	}
}

func TestDerivedIDIsStable(t *testing.T) {
	space := ScopeID{1}
	first, again := DerivedID[RecordID](space, "QT-1-001"), DerivedID[RecordID](space, "QT-1-001")
	other := DerivedID[RecordID](space, "QT-1-002")
	if first != again || first == other {
		t.Errorf("DerivedID: %v, %v, %v; want equal, equal, different", first, again, other)
	}
}

func TestHLCNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := HLC(0)
		for range 20 {
			now := time.UnixMilli(rapid.Int64Range(0, 1<<46).Draw(t, "now"))
			next := h.Next(now)
			if next <= h {
				t.Fatalf("%d.Next = %d", h, next)
			}
			h = next
		}
	})
}

func TestErrorHasTwoReaders(t *testing.T) {
	inner := &Error{Kind: Full, Op: "sqlite.commit", Message: "存储空间已满，刚才的内容还没有存下。", Err: errors.New("disk full")}
	err := fmt.Errorf("round: %w", &Error{Op: "store.SaveStep", Subject: "draft 1", Err: inner})
	if got := KindOf(err); got != Full {
		t.Errorf("KindOf = %v, want %v", got, Full)
	}
	if got := MessageOf(err); got != inner.Message {
		t.Errorf("MessageOf = %q", got)
	}
	if got, want := err.Error(), "round: store.SaveStep draft 1: sqlite.commit: disk full"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
	if KindOf(errors.New("other")) != Internal {
		t.Error("KindOf of a foreign error is not Internal")
	}
}
