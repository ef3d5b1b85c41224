package sim

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"

	"zoucun/form"
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

// trusting is a log that takes what a receiving point has for received.
type trusting struct {
	client.Log
	w *World
}

func (l trusting) Relayed(ctx context.Context, hash survey.Hash) error {
	change(1, false, "UPDATE replica SET acked_n = last_n")(ctx, l.w)
	return l.Log.Relayed(ctx, hash)
}

// careless is an intake that takes every errand as stored, and signs for the sender's log as far as it goes.
type careless struct {
	server.Errands
	w *World
}

func (c *careless) Ask(ctx context.Context, _ survey.DeviceID, ask wire.ErrandAsk) (reply wire.ErrandReply, err error) {
	sender := c.w.tablets[0]
	segments, err := sender.store.Unentrusted(ctx, survey.DeviceID{9})
	if err != nil || len(segments) == 0 {
		return reply, err
	}
	last := segments[len(segments)-1]
	hash, err := last.Hash()
	if err != nil {
		return reply, err
	}
	word, err := c.w.office.central.Vouch(sender.device, []wire.HeldLog{{Replica: last.Header.Replica, Last: last.Last(), Hash: hash}}, nil)
	for _, e := range ask.Errands {
		reply.Errands = append(reply.Errands, wire.ErrandNews{Sum: e.Sum, State: wire.ErrandTaken, Words: []wire.Carried{word}})
	}
	return reply, err
}

// hoarder is a log that never notes what became of an errand.
type hoarder struct{ client.Log }

func (hoarder) JudgeErrand(context.Context, wire.ErrandNews) error { return nil }

// known is how a script begins in which two tablets have read what there is.
func known(more ...Step) Script {
	s := Script{Seed: 1, Tablets: 2}
	for range 9 {
		s.Steps = append(s.Steps, Step{Advance, 0, 0, 50}, Step{Advance, 1, 0, 50})
	}
	return Script{Seed: 1, Tablets: 2, Steps: append(s.Steps, more...)}
}

// byStickHome is a visit that goes to the office on a stick, and the reply that comes home.
func byStickHome() Script {
	return known(Step{Dark, 0, 1, 0}, Step{Visit, 0, 0, 0}, Step{Stick, 0, 0, 0}, Step{Stick, 0, 0, 0}, Step{Stick, 0, 0, 0})
}

// byNeighbour is a visit that another tablet carries, and the word that it brings home.
func byNeighbour() Script {
	s := known(Step{Dark, 0, 1, 0}, Step{Visit, 0, 0, 0}, Step{Give, 0, 1, wholeMeeting}, Step{Wake, 1, 0, 0})
	for range 20 {
		s.Steps = append(s.Steps, Step{Advance, 1, 0, 50})
	}
	s.Steps = append(s.Steps, Step{Give, 0, 1, wholeMeeting})
	return s
}

// byPoint is a visit that goes to the receiving point while the county is out of reach.
func byPoint() Script {
	s := known(Step{Dark, 0, 1, 0}, Step{Visit, 0, 0, 0}, Step{Wake, 0, 0, 0})
	for range 12 {
		s.Steps = append(s.Steps, Step{Advance, 0, 0, 50})
	}
	s.Steps = append(s.Steps, Step{Forward, 0, wholeRound, 0})
	return s
}

// lostPicture is a visit with a picture, in whose delivery the app is killed after so many steps.
func lostPicture(after int) Script {
	s := known(Step{Photo, 0, 0, 30}, Step{Wake, 0, 0, 0})
	for range after {
		s.Steps = append(s.Steps, Step{Advance, 0, 0, 50})
	}
	s.Steps = append(s.Steps, Step{Kill, 0, 0, 0})
	return s
}

// newerAndOlder is a household that a newer form writes and an older one after it.
func newerAndOlder() Script {
	return known(Step{Newer, 0, 0, 0}, Step{Edit, 0, 0, 0})
}

// TestTheRoadsLeadThere lives through the scripts of the roads, and wants what was written at the county before the
// network is back.
func TestTheRoadsLeadThere(t *testing.T) {
	for name, script := range map[string]Script{"stick": byStickHome(), "neighbour": byNeighbour(), "point": byPoint()} {
		arrived := 0
		result := live(t, script, Broken{Between: func(ctx context.Context, w *World) {
			if len(w.wrote) == 0 || w.steps < len(script.Steps) || arrived > 0 {
				return
			}
			if _, err := w.office.central.Record(ctx, w.wrote[0].record); err != nil {
				t.Errorf("%s: the visit is not at the county: %v", name, err)
			}
			left, err := w.tablets[0].store.Unsigned(ctx)
			if arrived++; name != "point" && (err != nil || left > 0) {
				t.Errorf("%s: the county's word is not home: %d wait, %v", name, left, err)
			}
		}})
		if len(result.Violations) > 0 || arrived == 0 {
			t.Errorf("%s: %v", name, result.Violations)
		}
	}
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
		{"a receiving point's word that is taken for the county's", "I9", func() Broken {
			return Broken{Log: func(w *World, l client.Log) client.Log { return trusting{l, w} }}
		}},
		{"an import that answers for what it does not store", "I9", func() Broken { return Broken{Import: true} }},
		{"a county that calls an errand taken and stores nothing", "I9", func() Broken {
			return Broken{Errands: func(w *World, e server.Errands) server.Errands { return &careless{Errands: e, w: w} }}
		}},
		{"a courier that cannot get rid of what it carries", "I11", func() Broken {
			return Broken{Log: func(_ *World, l client.Log) client.Log { return hoarder{l} }}
		}},
		{"an older form that empties what it does not know", "F18", func() Broken {
			return Broken{Edit: func(home survey.RecordID, sub *form.Submission) {
				for _, change := range sub.Entities {
					if change.Dataset == string(survey.TypeHousehold) && change.Properties[string(newerField)] == "" {
						sub.Entities = append(sub.Entities, form.EntityChange{
							Dataset: change.Dataset, ID: home.String(), Update: true, Properties: map[string]string{string(newerField): ""},
						})
						return
					}
				}
			}}
		}},
		{"a queue that gets stuck", "I11", func() Broken {
			return Broken{Log: func(_ *World, l client.Log) client.Log { return &silent{Log: l} }}
		}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			for _, script := range append([]Script{apart(), withdrawn()}, byStickHome(), byNeighbour(), byPoint(), newerAndOlder(), lostPicture(4), lostPicture(5), lostPicture(6), Drawn(1), Drawn(2), Drawn(3), Drawn(4)) {
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
