package sim

import (
	"context"

	"zoucun/form"
	"zoucun/server"
	"zoucun/survey"
	"zoucun/sync/client"
	"zoucun/sync/errand"
)

// Broken puts something that does not keep its promises in the place of a part of the product, to see whether the
// invariants notice. What is nil is whole.
type Broken struct {
	Central func(*World, server.Central) server.Central
	Blobs   func(*World, server.Blobs) server.Blobs
	Log     func(*World, client.Log) client.Log
	Errands func(*World, server.Errands) server.Errands
	Courier func(*World, errand.Keeper) errand.Keeper
	Relay   func(*World, server.Central) server.Central
	Edit    func(survey.RecordID, *form.Submission) // what a visit writes, before it is written
	Import  bool                                    // bundles are answered for and not stored
	Between func(context.Context, *World)           // after every step
}

func (b Broken) central(w *World, whole server.Central) server.Central {
	if b.Central == nil {
		return whole
	}
	return b.Central(w, whole)
}

func (b Broken) blobs(w *World, whole server.Blobs) server.Blobs {
	if b.Blobs == nil {
		return whole
	}
	return b.Blobs(w, whole)
}

func (b Broken) log(w *World, _ *tablet, whole client.Log) client.Log {
	if b.Log == nil {
		return whole
	}
	return b.Log(w, whole)
}

func (b Broken) errands(w *World, whole server.Errands) server.Errands {
	if b.Errands == nil {
		return whole
	}
	return b.Errands(w, whole)
}

func (b Broken) courier(w *World, whole errand.Keeper) errand.Keeper {
	if b.Courier == nil {
		return whole
	}
	return b.Courier(w, whole)
}

func (b Broken) relay(w *World, whole server.Central) server.Central {
	if b.Relay == nil {
		return whole
	}
	return b.Relay(w, whole)
}
