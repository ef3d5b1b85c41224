package central

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"zoucun/survey"
	"zoucun/sync/wire"
)

// Feed returns what lies behind a device's cursors in the scopes it is granted, and its grant. A cursor of another
// epoch, or beyond the feed's end, reads from the beginning: what the device has already is recognised by its hash.
func (c *Central) Feed(ctx context.Context, device survey.DeviceID, pull wire.Pull) (reply wire.PullReply, err error) {
	grant, err := c.currentGrant(ctx, device)
	if err != nil {
		return reply, fail("central.Feed", err)
	}
	reply, beyond, err := c.feed(ctx, device, pull, grant)
	if err == nil && beyond {
		if beyond, err = c.doubted(ctx, reply.Epoch, device); err == nil && beyond {
			reply, _, err = c.feed(ctx, device, pull, grant)
		}
	}
	for _, cursor := range pull.Cursors {
		if !slices.Contains(grant.grant.Scopes, cursor.Scope) {
			reply.Removed = append(reply.Removed, cursor.Scope)
		}
	}
	return reply, fail("central.Feed", err)
}

// feed reads a reply as of one moment, and reports whether a cursor lies beyond its feed's end.
func (c *Central) feed(ctx context.Context, id survey.DeviceID, pull wire.Pull, grant device) (reply wire.PullReply, beyond bool, err error) {
	err = c.read(ctx, func(ctx context.Context, tx *sql.Tx) error {
		reply, beyond = wire.PullReply{Grant: grant.signed, Time: survey.MillisOf(c.clock())}, false
		if err := c.words(ctx, tx, id, pull, &reply); err != nil {
			return err
		}
		room := &room{left: max(wire.MinPage, min(pull.MaxBytes, wire.MaxPage))}
		for _, scope := range grant.grant.Scopes {
			page, err := c.page(ctx, tx, wire.FeedPage{Scope: scope, Epoch: reply.Epoch}, pull.Cursors, room)
			if err != nil {
				return err
			}
			reply.More = reply.More || page.After+uint64(len(page.Items)) < page.Head
			beyond = beyond || slices.ContainsFunc(pull.Cursors, func(at survey.Cursor) bool {
				return at.Scope == scope && at.Epoch == page.Epoch && at.Seq > page.Head
			})
			if page, err = c.sign(page, pull.Signed, reply.Time); err != nil {
				return err
			}
			if len(page.Stamp)+len(page.Signature) > 0 {
				reply.Pages = append(reply.Pages, page)
			}
		}
		return nil
	})
	return reply, beyond, err
}

// sign signs a page that has something to say: items, or, to whoever will hand it down, that nothing lies behind.
func (c *Central) sign(page wire.FeedPage, handedDown bool, now survey.Millis) (wire.FeedPage, error) {
	var err error
	if len(page.Items) > 0 {
		if page, err = wire.SignPage(page, c.key); err != nil {
			return page, err
		}
	}
	if handedDown && (len(page.Items) > 0 || page.After == page.Head) {
		page.Time = now
		page, err = page.Sign(c.key)
	}
	return page, err
}

// words adds what the server has to say besides the feeds.
func (c *Central) words(ctx context.Context, tx *sql.Tx, id survey.DeviceID, pull wire.Pull, reply *wire.PullReply) (err error) {
	if reply.Epoch, err = c.presentEpoch(ctx, tx); err != nil {
		return err
	}
	if reply.Recipients, err = c.recipientsAfter(ctx, tx, pull.Recipients); err != nil {
		return err
	}
	if reply.Revocations, err = c.revocationsAfter(ctx, tx, pull.Revocations); err != nil {
		return err
	}
	reply.Holdings, err = c.holdings(ctx, tx, id, reply.Epoch)
	return err
}

// room is what is left of a reply's bytes.
type room struct {
	left int
	used bool
}

// take reports whether an item still fits; the first of a reply always does.
func (r *room) take(size int) bool {
	if r.used && size > r.left {
		r.left = 0
		return false
	}
	r.left, r.used = r.left-size, true
	return true
}

// page reads one feed after the device's cursor while there is room.
func (c *Central) page(ctx context.Context, tx *sql.Tx, page wire.FeedPage, cursors []survey.Cursor, room *room) (wire.FeedPage, error) {
	scope := page.Scope
	head, err := c.head(ctx, tx, scope)
	if err != nil {
		return page, err
	}
	page.Head = head
	for _, cursor := range cursors {
		if cursor.Scope == scope && cursor.Epoch == page.Epoch && cursor.Seq <= head {
			page.After = cursor.Seq
		}
	}
	if room.left <= 0 {
		return page, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT f.seq, f.op, `+revisionColumns+` FROM feed f
		JOIN revision r ON r.county = f.county AND r.rev_id = f.rev_id
		WHERE f.county = $1 AND f.scope_id = $2 AND f.seq > $3 AND f.seq <= $4 ORDER BY f.seq LIMIT $5`,
		int64(c.county), scope[:], int64(page.After), int64(head), wire.MaxItems)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		item, size, err := scanItem(rows)
		if err != nil {
			return page, err
		}
		if !room.take(size) {
			break
		}
		page.Items = append(page.Items, item)
	}
	return page, rows.Err()
}

func (c *Central) head(ctx context.Context, tx *sql.Tx, scope survey.ScopeID) (uint64, error) {
	var seq int64
	err := tx.QueryRowContext(ctx, `SELECT seq FROM scope_head WHERE county = $1 AND scope_id = $2`, int64(c.county), scope[:]).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return uint64(seq), err
}

func scanItem(rows *sql.Rows) (item wire.FeedItem, size int, err error) {
	var (
		seq, op int64
		stored  storedRevision
	)
	if err := rows.Scan(append([]any{&seq, &op}, stored.into()...)...); err != nil {
		return item, 0, err
	}
	item = wire.FeedItem{Seq: uint64(seq), Op: wire.FeedOp(op), HLC: survey.HLC(stored.ehlc)}
	item.Revision, err = stored.revision()
	if item.Op == wire.FeedLeave {
		item.Revision = wire.Erase(item.Revision) // the reader may not be allowed where the record went
	}
	return item, stored.size(), err
}
