package sim

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"zoucun/server"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/wire"
)

// TestSameScriptSameCourse lives through some scripts twice.
func TestSameScriptSameCourse(t *testing.T) {
	for _, seed := range []uint64{3, 17, 29, 64} {
		script := Drawn(seed)
		one, two := live(t, script, Broken{}), live(t, script, Broken{})
		if one.Course != two.Course {
			for i := range min(len(one.Log), len(two.Log)) {
				if one.Log[i] != two.Log[i] {
					t.Errorf("seed %d parts at line %d: %q and %q", seed, i, one.Log[i], two.Log[i])
					break
				}
			}
		}
	}
}

// liar is a server that signs for a push without storing it, once in a while.
type liar struct {
	server.Central
	w      *World
	pushes int
}

func (l *liar) Receive(ctx context.Context, push wire.Push) (wire.Receipt, error) {
	if l.pushes++; l.pushes%2 == 1 {
		return l.Central.Receive(ctx, push)
	}
	request, err := push.Digest()
	if err != nil {
		return wire.Receipt{}, err
	}
	last := push.Segments[0]
	return wire.Receipt{
		Push: push.ID, Request: request, Epoch: l.Epoch(), Nonce: make([]byte, 16), Time: survey.MillisOf(l.w.now),
		Replicas: []wire.ReplicaState{{Replica: last.Header.Replica, Received: last.Last()}},
	}.Sign(l.w.office.key)
}

// hider is a server whose feed lacks an item now and then and counts as if it had never been.
type hider struct {
	server.Central
	hidden map[survey.ScopeID]survey.RevID
}

func (h *hider) Feed(ctx context.Context, device survey.DeviceID, pull wire.Pull) (wire.PullReply, error) {
	reply, err := h.Central.Feed(ctx, device, pull)
	for i := range reply.Pages {
		page := &reply.Pages[i]
		if _, done := h.hidden[page.Scope]; !done && len(page.Items) > 2 {
			h.hidden[page.Scope] = page.Items[1].Revision.ID
		}
		page.Items = slices.DeleteFunc(page.Items, func(item wire.FeedItem) bool { return item.Revision.ID == h.hidden[page.Scope] })
		for j := range page.Items {
			page.Items[j].Seq = page.After + uint64(j) + 1
		}
	}
	return reply, err
}

// teller is a server that shows everybody everything.
type teller struct {
	server.Central
	w *World
}

func (l *teller) Feed(ctx context.Context, device survey.DeviceID, pull wire.Pull) (wire.PullReply, error) {
	reply, err := l.Central.Feed(ctx, device, pull)
	for _, other := range l.w.tablets {
		more, otherErr := l.Central.Feed(ctx, other.device, wire.Pull{Cursors: pull.Cursors})
		if err != nil || otherErr != nil {
			continue
		}
		for _, page := range more.Pages {
			if !slices.ContainsFunc(reply.Pages, func(p wire.FeedPage) bool { return p.Scope == page.Scope }) {
				reply.Pages = append(reply.Pages, page)
			}
		}
	}
	return reply, err
}

// silent is a log that has nothing to hand over once a push has failed.
type silent struct {
	client.Log
	pushes int
}

func (s *silent) NextPush(ctx context.Context, entries, bytes int) (wire.Push, bool, error) {
	if s.pushes++; s.pushes > 1 {
		return wire.Push{}, false, nil
	}
	return s.Log.NextPush(ctx, entries, bytes)
}

// hopeful is a log that takes a picture as handed over once it has been asked for.
type hopeful struct{ client.Log }

func (h hopeful) Blob(ctx context.Context, hash survey.Hash) ([]byte, error) {
	if err := h.BlobDelivered(ctx, hash); err != nil {
		return nil, err
	}
	return h.Log.Blob(ctx, hash)
}

// change runs a statement in a node's database behind its back, every so many steps.
func change(every int, server bool, query string) func(context.Context, *World) {
	step := 0
	return func(ctx context.Context, w *World) {
		if step++; step%every != 0 {
			return
		}
		file, d := w.office.dir+"/central.db", w.office.disk
		if !server {
			file, d = w.tablets[0].dir+"/zoucun.db", w.tablets[0].disk
		}
		db, err := sql.Open("sqlite", "file:"+file+"?vfs="+d.VFS()+"&_pragma=busy_timeout(5000)")
		if err == nil {
			_, err = db.ExecContext(ctx, query)
			err = errors.Join(err, db.Close())
		}
		if err != nil {
			w.violated("audit", "%v", err)
		}
	}
}

// apart is a script in which two tablets change one field of one household apart.
func apart() Script {
	s := Script{Seed: 1, Tablets: 2}
	for range 8 {
		s.Steps = append(s.Steps, Step{Advance, 0, 0, 50}, Step{Advance, 1, 0, 50})
	}
	return Script{Seed: 1, Tablets: 2, Steps: append(s.Steps, Step{Edit, 0, homes, 0}, Step{Edit, 1, 0, 0})}
}

// withdrawn is a script in which a household is edited whose village has been withdrawn meanwhile.
func withdrawn() Script {
	s := apart()
	return Script{Seed: 1, Tablets: 2, Steps: append(s.Steps, Step{Regrant, 0, 1, 0})}
}

// TestTheInvariantsHaveTeeth breaks one promise after the other, and wants each caught by the invariant that is there
// for it.
func TestTheInvariantsHaveTeeth(t *testing.T) {
	tests := []struct {
		what   string
		caught string
		broken func() Broken
	}{
		{"a server that signs for what it does not store", "I9", func() Broken {
			return Broken{Central: func(w *World, c server.Central) server.Central { return &liar{Central: c, w: w} }}
		}},
		{"an agent that takes its push as received without a receipt", "I9", func() Broken {
			return Broken{Between: change(5, false, "UPDATE replica SET acked_n = last_n")}
		}},
		{"a feed from which an item is missing", "I3", func() Broken {
			return Broken{Central: func(_ *World, c server.Central) server.Central {
				return &hider{c, map[survey.ScopeID]survey.RevID{}}
			}}
		}},
		{"a feed whose numbers have a gap", "I2", func() Broken {
			return Broken{Between: change(20, true, "UPDATE feed SET seq = seq + 1000 WHERE rowid = (SELECT max(rowid) FROM feed)")}
		}},
		{"a revision twice in a feed", "I2", func() Broken {
			return Broken{Between: change(20, true, `INSERT INTO feed SELECT county, scope_id, seq + 5000, rev_id, op FROM feed ORDER BY rowid DESC LIMIT 1`)}
		}},
		{"the last writer wins", "I5", func() Broken {
			return Broken{Between: change(1, true, `DELETE FROM record_head WHERE rev_id IN (SELECT h.rev_id FROM record_head h
				JOIN revision r ON r.rev_id = h.rev_id WHERE EXISTS (SELECT 1 FROM record_head o JOIN revision n ON n.rev_id = o.rev_id
				WHERE o.record_id = h.record_id AND n.ehlc > r.ehlc))`)}
		}},
		{"a tablet that keeps only the latest of what was written apart", "I4", func() Broken {
			return Broken{Between: change(1, false, `DELETE FROM record_head WHERE rev_id IN (SELECT h.rev_id FROM record_head h
				JOIN revision r ON r.rev_id = h.rev_id WHERE EXISTS (SELECT 1 FROM record_head o JOIN revision n ON n.rev_id = o.rev_id
				WHERE o.record_id = h.record_id AND n.hlc > r.hlc))`)}
		}},
		{"conflicts that nobody is shown", "I12", func() Broken {
			return Broken{Between: change(1, false, "DELETE FROM conflict")}
		}},
		{"a server that shows what is not granted", "I7", func() Broken {
			return Broken{Central: func(w *World, c server.Central) server.Central { return &teller{c, w} }}
		}},
		{"a picture taken as handed over when it is not", "I8", func() Broken {
			return Broken{Log: func(_ *World, l client.Log) client.Log { return hopeful{l} }}
		}},
		{"a server that throws away what it does not admit", "I1", func() Broken {
			return Broken{Between: change(1, true, "DELETE FROM revision WHERE refused >= 0")}
		}},
		{"a tablet that prunes what is received but not durable", "I13", func() Broken {
			return Broken{Between: change(1, false, "DELETE FROM rlog WHERE n <= (SELECT p.acked_n FROM replica p WHERE p.replica_id = rlog.replica_id)")}
		}},
		{"a hybrid clock that follows the wall clock back", "I10", func() Broken {
			return Broken{Between: change(30, false, "UPDATE installation SET hlc = hlc - 65536 * 1000")}
		}},
		{"a queue that gets stuck", "I11", func() Broken {
			return Broken{Log: func(_ *World, l client.Log) client.Log { return &silent{Log: l} }}
		}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			for _, script := range append([]Script{apart(), withdrawn()}, Drawn(1), Drawn(2), Drawn(3), Drawn(4)) {
				if live(t, script, test.broken()).Caught(test.caught) {
					return
				}
			}
			t.Errorf("not caught by %s", test.caught)
		})
	}
}

// TestAFailingScriptIsShrunk has scripts fail in which a picture is taken before the server is killed.
func TestAFailingScriptIsShrunk(t *testing.T) {
	fails := func(s Script) bool {
		photo := slices.IndexFunc(s.Steps, func(step Step) bool { return step.Kind == Photo && step.B >= 7 })
		return photo >= 0 && s.Tablets > 1 && slices.ContainsFunc(s.Steps[photo:], func(step Step) bool { return step.Kind == KillServer })
	}
	script := Script{Seed: 1, Tablets: 4}
	for range 30 {
		script.Steps = append(script.Steps, Step{Wake, 1, 0, 0}, Step{Visit, 3, 1, 1}, Step{Pass, 0, 60, 0})
	}
	script.Steps = slices.Insert(script.Steps, 40, Step{Photo, 3, 5, 30})
	script.Steps = slices.Insert(script.Steps, 80, Step{KillServer, 2, 9, 9})
	want := Script{Seed: 1, Tablets: 2, Steps: []Step{{Photo, 3, 5, 30}, {KillServer, 0, 0, 0}}}
	got := Shrink(script, attempts, fails)
	if got.String() != want.String() {
		t.Errorf("shrunk to\n%s, want\n%s", got, want)
	}
	again, err := Read(strings.NewReader(got.String()))
	if err != nil || again.String() != got.String() {
		t.Errorf("read back as\n%s, %v", again, err)
	}
}
