package wire

import (
	"encoding/json"
	"fmt"

	"zoucun/survey"
)

// View returns a message as JSON for people: identifiers in hexadecimal, bodies opened. It is for reading only; nothing
// decodes it.
func View(m any) ([]byte, error) {
	seen, err := viewOf(m)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(seen, "", "  ")
}

type revisionView struct {
	ID     survey.RevID
	Header survey.Header
	Erased bool `json:",omitempty"`
	Body   survey.Body
}

type entryView struct {
	N        uint64
	Revision revisionView
}

type segmentView struct {
	Header    SegmentHeader
	Entries   []entryView
	Signature []byte
}

type pushView struct {
	ID       survey.PushID
	Nonce    []byte
	Segments []segmentView
}

type itemView struct {
	Seq      uint64
	Op       FeedOp
	HLC      survey.HLC
	Revision revisionView
}

type pageView struct {
	FeedPage
	Items []itemView
}

type pullView struct {
	PullReply
	Pages []pageView
}

func viewOf(m any) (any, error) {
	switch m := m.(type) {
	case Push:
		segments, err := each(m.Segments, viewSegment)
		return pushView{ID: m.ID, Nonce: m.Nonce, Segments: segments}, err
	case Segment:
		return viewSegment(m)
	case PullReply:
		pages, err := each(m.Pages, viewPage)
		return pullView{PullReply: m, Pages: pages}, err
	case FeedPage:
		return viewPage(m)
	case survey.Revision:
		return viewRevision(m)
	}
	return m, nil
}

func viewSegment(s Segment) (segmentView, error) {
	entries, err := each(s.Entries, func(e survey.Entry) (entryView, error) {
		r, err := viewRevision(e.Revision)
		return entryView{N: e.N, Revision: r}, err
	})
	return segmentView{Header: s.Header, Entries: entries, Signature: s.Signature}, err
}

func viewPage(p FeedPage) (pageView, error) {
	items, err := each(p.Items, func(i FeedItem) (itemView, error) {
		r, err := viewRevision(i.Revision)
		return itemView{Seq: i.Seq, Op: i.Op, HLC: i.HLC, Revision: r}, err
	})
	return pageView{FeedPage: p, Items: items}, err
}

func viewRevision(r survey.Revision) (revisionView, error) {
	body, err := DecodeBody(r)
	return revisionView{ID: r.ID, Header: r.Header, Erased: Erased(r), Body: body}, err
}

func each[A, B any](list []A, view func(A) (B, error)) ([]B, error) {
	seen := make([]B, len(list))
	for i, item := range list {
		v, err := view(item)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		seen[i] = v
	}
	return seen, nil
}
