package store

import (
	"context"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// recently is what a courier was given not so long ago that it is to be given again.
const recently = "SELECT what, n FROM entrusted WHERE courier = ? AND at > ?"

// Unentrusted returns the segments of this device's logs that the server has not signed for and a courier was not given
// lately, in the order of each log. What is not cut into segments yet is cut now, and will be pushed as it was cut.
func (s *Store) Unentrusted(ctx context.Context, courier survey.DeviceID) ([]wire.Segment, error) {
	if _, err := s.cutAll(ctx); err != nil {
		return nil, err
	}
	var segments []wire.Segment
	err := s.update(ctx, "store.Unentrusted", "", func(ctx context.Context, t *tx) error {
		t.quiet, segments = true, nil
		runs, err := cutRuns(ctx, t, `g.replica_id = ? AND g.first_n + g.count - 1 > max(r.acked_n, coalesce(
			(SELECT e.n FROM entrusted e WHERE e.what = g.replica_id AND e.courier = ? AND e.at > ?), 0))`,
			s.self.replica[:], courier[:], t.now.Add(-entrustedCounts).UnixMilli())
		if err != nil {
			return err
		}
		for _, r := range runs {
			segment, err := s.buildSegment(ctx, t, r)
			if err != nil {
				return err
			}
			segments = append(segments, segment)
		}
		return nil
	})
	return segments, err
}

// UnentrustedBlobs returns the attachments of finished records that the server does not hold and a courier was not given
// lately, the smallest first.
func (s *Store) UnentrustedBlobs(ctx context.Context, courier survey.DeviceID) ([]survey.Kept, error) {
	given := map[survey.Hash]bool{}
	since := s.clock().Add(-entrustedCounts).UnixMilli()
	err := s.db.each(ctx, recently, []any{courier[:], since}, func(row rowScan) error {
		var what []byte
		var n int64
		err := row(&what, &n)
		if len(what) == len(survey.Hash{}) {
			given[survey.Hash(what)] = true
		}
		return err
	})
	if err != nil {
		return nil, opError("store.UnentrustedBlobs", "", err)
	}
	all, err := s.UnheldBlobs(ctx)
	var left []survey.Kept
	for _, blob := range all {
		if !given[blob.SHA256] {
			left = append(left, blob)
		}
	}
	return left, err
}

// Entrust notes what a courier has been given and says it has on its disk. It moves no watermark.
func (s *Store) Entrust(ctx context.Context, courier survey.DeviceID, segments []wire.Segment, blobs []survey.Hash) error {
	return s.update(ctx, "store.Entrust", "", func(ctx context.Context, t *tx) error {
		note := func(what []byte, n uint64) error {
			return t.exec(ctx, `INSERT INTO entrusted (courier, what, n, at) VALUES (?, ?, ?, ?)
				ON CONFLICT (courier, what) DO UPDATE SET n = max(n, excluded.n), at = excluded.at`, courier[:], what, int64(n), t.now.UnixMilli())
		}
		for _, segment := range segments {
			if err := note(segment.Header.Replica[:], segment.Last()); err != nil {
				return err
			}
		}
		for _, blob := range blobs {
			if err := note(blob[:], 0); err != nil {
				return err
			}
		}
		return t.exec(ctx, "DELETE FROM entrusted WHERE at <= ?", t.now.Add(-entrustedCounts).UnixMilli())
	})
}

// Errands says how it stands with what this device carries for others, and has given to others.
func (s *Store) Errands(ctx context.Context) (survey.Errands, error) {
	var e survey.Errands
	known, err := s.errands(ctx)
	if err != nil {
		return e, opError("store.Errands", "", err)
	}
	devices := map[survey.DeviceID]bool{}
	for _, one := range known {
		switch {
		case one.done == 0:
			devices[one.Device] = true
			e.Files, e.Bytes = e.Files+1, e.Bytes+one.Size
			if one.Message != "" {
				e.Trouble = one.Message
			}
		case one.State == wire.ErrandTaken:
			e.Taken++
		default:
			e.Refused++
		}
	}
	if m := s.member.Load(); m != nil {
		e.KeyKnown = m.enrolment.ErrandKey != ""
	}
	e.Devices = len(devices)
	err = s.db.reader.QueryRowContext(ctx, `SELECT coalesce(max(0, max(min(d.n, r.last_n)) - r.acked_n), 0), coalesce(max(d.at), 0)
		FROM installation i JOIN replica r ON r.replica_id = i.replica_id JOIN entrusted d ON d.what = r.replica_id AND d.n > r.acked_n`).
		Scan(&e.Given, &e.GivenAt)
	return e, opError("store.Errands", "", err)
}
