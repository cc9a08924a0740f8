package replay

import (
	"sync/atomic"
	"time"
)

// Progress is how far a replay has come. The zero Progress is one that has not
// begun; its methods may be called while it runs.
type Progress struct {
	records, bytes, untimed, passes atomic.Int64
	lag                             atomic.Int64 // nanoseconds
	eventTime                       atomic.Int64 // milliseconds since the epoch
}

// Records is how many events were handed to the sink.
func (p *Progress) Records() int64 { return p.records.Load() }

// Bytes is how many bytes these have, without newlines and keys.
func (p *Progress) Bytes() int64 { return p.bytes.Load() }

// Untimed is how many events were to be paced or re-timed, but have no time that
// could be read: they were sent at once, as they are.
func (p *Progress) Untimed() int64 { return p.untimed.Load() }

// Passes is how often the files were played to their end.
func (p *Progress) Passes() int64 { return p.passes.Load() }

// Lag is how far behind its schedule the last event was sent; 0 without a speed.
func (p *Progress) Lag() time.Duration { return time.Duration(p.lag.Load()) }

// EventTime is the recorded time of the last event that was paced or re-timed,
// in UTC; the epoch where there was none yet.
func (p *Progress) EventTime() time.Time { return time.UnixMilli(p.eventTime.Load()).UTC() }
