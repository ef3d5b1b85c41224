package widgets

// onActivity is called whenever a finger, a pointer or a key does something in the window.
var onActivity = func() {}

// OnActivity names what is to hear of every touch, pointer movement and key, whatever it is meant for: a device locks
// itself when there was none for a while. It is called on the screen's goroutine.
func OnActivity(f func()) { onActivity = f }
