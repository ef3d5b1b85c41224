package store

import (
	"context"
	"log/slog"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// said is what the server said about a revision it keeps apart.
type said struct {
	Kind    survey.Kind `cbor:"1,keyasint"`
	Message string      `cbor:"2,keyasint"`
}

// keepRejects notes which of this device's revisions the server keeps apart, and why. The note goes when the revision
// comes by its feed: then somebody has accepted it.
func (s *Store) keepRejects(ctx context.Context, t *tx, rejects []wire.Reject) error {
	for _, reject := range rejects {
		s.log.WarnContext(ctx, "server keeps a revision apart",
			slog.String("revision", reject.Revision.String()), slog.String("kind", reject.Kind.String()))
		kept, err := sealed(s.vault, said{reject.Kind, reject.Message}, placeOf("reject.said_sealed", reject.Revision[:]))
		if err != nil {
			return err
		}
		err = t.exec(ctx, `INSERT INTO reject (rev_id, said_sealed) SELECT rev_id, ?2 FROM revision WHERE rev_id = ?1
			ON CONFLICT (rev_id) DO UPDATE SET said_sealed = excluded.said_sealed`, reject.Revision[:], kept)
		if err != nil {
			return err
		}
	}
	return nil
}

// apart returns what the server said about the records of which it keeps a revision apart.
func (s *Store) apart(ctx context.Context) (map[survey.RecordID]string, error) {
	messages := map[survey.RecordID]string{}
	err := s.db.each(ctx, "SELECT j.rev_id, v.record_id, j.said_sealed FROM reject j JOIN revision v ON v.rev_id = j.rev_id", nil, func(row rowScan) error {
		var (
			id     survey.RevID
			record survey.RecordID
			kept   []byte
		)
		if err := row(&id, &record, &kept); err != nil {
			return err
		}
		place := placeOf("reject.said_sealed", id[:])
		what, err := open[said](s.vault, kept, place)
		if s.leaveOut(ctx, place, err) {
			return nil
		}
		messages[record] = what.Message
		return err
	})
	return messages, err
}
