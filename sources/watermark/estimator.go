package watermark

import "time"

// An Estimator is the watermark estimator, as Beam knows them, of one partition
// of a source.
type Estimator struct{ source *Source }

// Estimator returns an estimator for a partition's restriction, whose state is
// what Watermark had said for it before.
func (s *Source) Estimator(state int64) *Estimator {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.published = max(s.published, state)
	return &Estimator{source: s}
}

// CurrentWatermark returns the watermark of the whole source.
func (e *Estimator) CurrentWatermark() time.Time { return time.UnixMilli(e.source.Watermark()) }

// State returns what the next estimator of the restriction begins with.
func (e *Estimator) State() int64 { return e.source.Published() }
