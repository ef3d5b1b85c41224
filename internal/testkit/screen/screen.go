// Package screen lets a test see what the app's window shows, so that it can act on it by real pointer and key events.
//
// The part that looks into the window is built only with the tag e2e; no released program holds it.
package screen

// View is what the window shows at a moment.
type View struct {
	Width   int      `json:"width"` // of the window's content, in pixels
	Height  int      `json:"height"`
	Objects []Object `json:"objects"`
}

// Object is something in sight that has words, or that words are typed into.
type Object struct {
	Kind    string `json:"kind"` // "text", "button", "option", "row", "field", "pad"
	Text    string `json:"text"`
	X       int    `json:"x"` // of the part in sight, in pixels of the window's content
	Y       int    `json:"y"`
	W       int    `json:"w"`
	H       int    `json:"h"`
	Focused bool   `json:"focused,omitempty"`
	Chosen  bool   `json:"chosen,omitempty"`
}
