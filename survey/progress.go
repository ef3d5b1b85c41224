package survey

import "time"

// Activity is what the agent that carries records to the server is doing.
type Activity uint8

// Activities.
const (
	Idle       Activity = iota // nothing to send, or not enrolled
	Connecting                 // looking for the server
	Sending                    // Done of Total records
	Fetching                   // Done of Total, where the total is known
	Uploading                  // attachments, Done of Total bytes
	Backoff                    // waiting until Until before the next try
	Stopped                    // the server refuses this device; a person must act
	Relaying                   // handing over to the township's receiving point
	Carrying                   // handing over what is carried for others
)

// Progress is what the agent is doing, as a value a screen or a log can show.
type Progress struct {
	Activity Activity
	Done     int64
	Total    int64
	Until    Millis        // with Backoff: when it tries again
	Err      error         // why the last try ended, nil when it succeeded
	LastSync Millis        // when the last exchange succeeded, zero for never
	Skew     time.Duration // how far the device's clock was ahead of the server's then
}
