// Package widgets asks: it holds the controls a survey's screens are made of, large enough for a thumb outdoors.
//
// A widget reports what the person did through the callbacks in the struct it was made from. It knows nothing of
// forms, storage or what an answer means, and it never rewrites text while it is being typed: an input method
// replays its own deltas on what it believes is there.
package widgets
