package watermark

import "time"

// An Estimator is the watermark estimator, as Beam knows them, of one partition
// of a source.
type Estimator struct {
	source *Source
	began  int64
}

// Estimator returns an estimator for a partition's restriction, whose state is
// what Watermark had said for it before.
func (s *Source) Estimator(state int64) *Estimator {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.published = max(s.published, state)
	return &Estimator{source: s, began: state}
}

// CurrentWatermark returns the watermark of the whole source.
func (e *Estimator) CurrentWatermark() time.Time { return time.UnixMilli(e.source.Watermark()) }

// Began returns what had been said for the restriction when its bundle began. It
// is part of what a runner restores after a fault, as what this process has
// published is not.
func (e *Estimator) Began() int64 { return e.began }

// State returns what the next estimator of the restriction begins with.
func (e *Estimator) State() int64 { return e.source.Published() }
