package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zoucun/survey"
)

// comesBack checks that what is packed is unpacked as it was.
func comesBack[T any, P interface {
	*T
	Message
}](t *rapid.T, want T) {
	t.Helper()
	body, err := Pack(P(&want))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unpack[T, P](body)
	if err != nil {
		t.Fatalf("%T: %v", want, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%T (-want +got):\n%s", want, diff)
	}
}

func drawBytes(t *rapid.T, least, most int) []byte {
	return rapid.SliceOfN(rapid.Byte(), least, most).Draw(t, "bytes")
}

func draw16[I ~[16]byte](t *rapid.T) I { return I(drawBytes(t, 16, 16)) }

func drawText(t *rapid.T) string { return rapid.StringN(0, 30, 100).Draw(t, "text") }

func drawPage(t *rapid.T, op FeedOp) FeedPage {
	page := FeedPage{Scope: draw16[survey.ScopeID](t), Epoch: draw16[survey.Epoch](t), After: rapid.Uint64Range(0, 1<<40).Draw(t, "after")}
	for i := range rapid.IntRange(0, 4).Draw(t, "items") {
		item := FeedItem{Seq: page.After + uint64(i) + 1, Op: op, HLC: survey.HLC(rapid.Uint64().Draw(t, "hlc")), Revision: drawRevision(t)}
		if op == FeedLeave {
			item.Revision = Erase(item.Revision)
		}
		page.Items = append(page.Items, item)
	}
	page.Head = page.After + uint64(len(page.Items)) + rapid.Uint64Range(0, 9).Draw(t, "more")
	return page
}

// TestEveryMessageComesBack packs and unpacks one of every message but the push, which has a test of its own.
func TestEveryMessageComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grant := SignedGrant{Grant: drawBytes(t, 0, 90), Signature: drawBytes(t, 0, 64)}
		receipt := Receipt{
			Push: draw16[survey.PushID](t), Request: survey.Hash(drawBytes(t, 32, 32)), Epoch: draw16[survey.Epoch](t),
			Nonce: drawBytes(t, 0, 32), Time: survey.Millis(rapid.Int64().Draw(t, "time")), Signature: drawBytes(t, 0, 64),
		}
		for range rapid.IntRange(0, 4).Draw(t, "replicas") {
			receipt.Replicas = append(receipt.Replicas, ReplicaState{
				draw16[survey.ReplicaID](t), rapid.Uint64().Draw(t, "received"), rapid.Uint64().Draw(t, "durable"), rapid.Bool().Draw(t, "fork"),
			})
			receipt.Rejects = append(receipt.Rejects, Reject{survey.RevID(drawBytes(t, 32, 32)), survey.Kind(rapid.IntRange(0, 8).Draw(t, "kind")), drawText(t)})
		}
		comesBack(t, receipt)
		pull := Pull{MaxBytes: rapid.Int().Draw(t, "bytes"), Recipients: rapid.Uint64().Draw(t, "serial")}
		reply := PullReply{Epoch: receipt.Epoch, Grant: grant, More: rapid.Bool().Draw(t, "more"), Time: receipt.Time}
		for range rapid.IntRange(0, 3).Draw(t, "scopes") {
			pull.Cursors = append(pull.Cursors, survey.Cursor{Epoch: receipt.Epoch, Scope: draw16[survey.ScopeID](t), Seq: rapid.Uint64().Draw(t, "seq")})
			reply.Removed = append(reply.Removed, draw16[survey.ScopeID](t))
			reply.Pages = append(reply.Pages, drawPage(t, FeedPut), drawPage(t, FeedLeave))
		}
		if rapid.Bool().Draw(t, "recipients") {
			reply.Recipients = &SignedRecipients{List: drawBytes(t, 0, 90), Signature: drawBytes(t, 0, 64)}
		}
		comesBack(t, pull)
		comesBack(t, reply)
		comesBack(t, Enrol{
			Device: draw16[survey.DeviceID](t), SignKey: drawBytes(t, 32, 32), SealKey: drawBytes(t, 32, 32), Proof: drawBytes(t, 32, 32),
			CodeID: drawBytes(t, CodeIDSize, CodeIDSize), Challenge: drawBytes(t, 0, 90),
		})
		comesBack(t, Enrolled{Proof: drawBytes(t, 32, 32), ServerKey: drawBytes(t, 32, 32), Epoch: receipt.Epoch, Grant: grant})
		comesBack(t, Status{Version: rapid.Int().Draw(t, "version"), Oldest: rapid.Int().Draw(t, "oldest"), Software: drawText(t), Epoch: receipt.Epoch, Time: receipt.Time})
		comesBack(t, Failure{Kind: survey.Kind(rapid.IntRange(0, 8).Draw(t, "kind")), Message: drawText(t), RetryAfter: rapid.Int64().Draw(t, "wait")})
	})
}
