package sim

import (
	"context"

	"zoucun/server"
	"zoucun/sync/client"
)

// Broken puts something that does not keep its promises in the place of a part of the product, to see whether the
// invariants notice. What is nil is whole.
type Broken struct {
	Central func(*World, server.Central) server.Central
	Blobs   func(*World, server.Blobs) server.Blobs
	Log     func(*World, client.Log) client.Log
	Between func(context.Context, *World) // after every step
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
