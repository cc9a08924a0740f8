package kafka

import (
	"time"

	"crest/sources/watermark"
)

// free is the state of an estimator that holds nobody back: that of a
// restriction without partitions, where other restrictions are in other
// processes.
const free = -1

// An estimator tells a runner the watermark of a restriction.
type estimator struct {
	of   *watermark.Estimator
	free bool
}

func newEstimator(s *watermark.Source, state int64) *estimator {
	return &estimator{of: s.Estimator(max(state, 0)), free: state == free}
}

// CurrentWatermark returns the source's; the present time where it is free.
func (e *estimator) CurrentWatermark() time.Time {
	if e.free {
		return time.Now()
	}
	return e.of.CurrentWatermark()
}

// State returns what the next estimator of the restriction begins with.
func (e *estimator) State() int64 {
	if e.free {
		return free
	}
	return e.of.State()
}
