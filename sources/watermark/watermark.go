// Package watermark keeps the event time of a live source: up to where it has
// been read, for all of its partitions that this process reads.
//
// The watermark is a promise, so it is the slowest partition's. A runner would
// take that minimum itself, over what the estimator of each partition says, but
// the local runner takes the last word of a bundle instead. So every partition's
// estimator says what is true of all of them.
//
// All times are event times in milliseconds since the epoch; 0 means that
// nothing is known.
package watermark

import (
	"sync"
	"time"
)

// Config says how a source's event time runs.
type Config struct {
	// Disorder is how far behind the highest time that was seen the watermark
	// stays, in each partition.
	Disorder time.Duration
	// IdleAfter is how long a partition that has been read to its end holds the
	// others back. 0 is forever.
	IdleAfter time.Duration
	// Forget is how long a partition that nobody reads here holds the others
	// back: on runners that move partitions between processes. 0 is forever.
	Forget time.Duration
	// Step is how far the watermark moves while a bundle is read and committed,
	// and half of how far ahead of it a partition is read; 0 is without limit. It
	// bounds the windows that are open while a long past is caught up with: what
	// one costs the local runner grows with their number.
	Step time.Duration
}

// A Source is the event time of one source in this process. It is safe for
// goroutines.
type Source struct {
	cfg Config
	now func() time.Time

	mu         sync.Mutex
	partitions map[string]*partition
	published  int64
	earliest   int64 // event time of all that was read; 0 before
}

// A partition is one that is read here.
type partition struct {
	highest int64
	began   int64     // what had been published when its last bundle began
	ended   bool      // there was nothing more to read
	active  time.Time // when it last had something, or was registered
	polled  time.Time
}

var sources struct {
	sync.Mutex
	byID map[string]*Source
}

// Of returns the source of that id in this process; the first call decides its
// Config.
func Of(id string, cfg Config) *Source {
	sources.Lock()
	defer sources.Unlock()
	s := sources.byID[id]
	if s == nil {
		s = newSource(cfg, time.Now)
		if sources.byID == nil {
			sources.byID = make(map[string]*Source)
		}
		sources.byID[id] = s
	}
	return s
}

func newSource(cfg Config, now func() time.Time) *Source {
	return &Source{cfg: cfg, now: now, partitions: make(map[string]*partition)}
}

// Register adds a partition, which holds the watermark back until it is read. It
// must be called before any partition is read that it could be overtaken by.
// restored is the watermark that the partition had when its reading was
// interrupted, 0 where it starts.
func (s *Source) Register(name string, restored int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.published = max(s.published, restored)
	if s.partitions[name] == nil {
		now := s.now()
		s.partitions[name] = &partition{active: now, polled: now}
	}
}

// Observe tells what reading a partition gave: the highest event time, 0 where
// there was nothing, and whether its end was reached. Times in the future count
// as now: a producer whose clock is wrong does not close everybody's windows.
func (s *Source) Observe(name string, highest int64, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	p := s.partitions[name]
	if p == nil {
		p = &partition{active: now}
		s.partitions[name] = p
	}
	p.polled, p.ended = now, ended
	if highest > 0 {
		p.active = now
		p.highest = max(p.highest, min(highest, now.UnixMilli()))
	}
}

// Began tells the earliest event time of what was read. The watermark begins
// there, so that it moves by steps from the first.
func (s *Source) Began(earliest int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if earliest > 0 && (s.earliest == 0 || earliest < s.earliest) {
		s.earliest = earliest
	}
}

// Ahead tells whether a partition was read so far ahead of the watermark that it
// should wait: for the watermark to step on, or for slower partitions. So the
// windows that are open are bounded, whatever there is to catch up with.
func (s *Source) Ahead(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[name]
	if s.cfg.Step <= 0 || p == nil || p.highest == 0 {
		return false
	}
	from := s.since(s.published)
	return p.highest > from+2*s.cfg.Step.Milliseconds()
}

// since is where a watermark stands: before anything was said at the earliest
// event.
func (s *Source) since(published int64) int64 {
	if published == 0 {
		return s.earliest
	}
	return published
}

// Done removes a partition: it is read to its end, or no longer here.
func (s *Source) Done(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publish()
	delete(s.partitions, name)
}

// Watermark returns the watermark, and publishes it: from now on it has been
// said. It never falls.
func (s *Source) Watermark() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publish()
	return s.published
}

// Begin begins a bundle of a partition, which tells what is late by what has been
// published: it returns that. The bundle before it has been committed, or the
// partition would not be read on: until then the watermark goes no further than a
// step, so that what the runner has not got yet does not come too late for it.
func (s *Source) Begin(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partitions[name]
	if p == nil {
		p = &partition{active: s.now()}
		s.partitions[name] = p
	}
	p.polled, p.began = s.now(), s.published
	return s.published
}

// Published returns the highest watermark that was ever said. What is behind it
// may come too late for who listened.
func (s *Source) Published() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.published
}

// publish takes the minimum of the partitions that hold the others back; where
// none does, the highest of all.
func (s *Source) publish() {
	now := s.now()
	lowest, highest := int64(-1), int64(0)
	for name, p := range s.partitions {
		if s.cfg.Forget > 0 && now.Sub(p.polled) > s.cfg.Forget {
			delete(s.partitions, name)
			continue
		}
		at := max(p.highest-s.cfg.Disorder.Milliseconds(), 0)
		highest = max(highest, at)
		if idle := s.cfg.IdleAfter > 0 && p.ended && now.Sub(p.active) >= s.cfg.IdleAfter; !idle && (lowest < 0 || at < lowest) {
			lowest = at
		}
	}
	if lowest < 0 {
		lowest = highest
	}
	if s.cfg.Step > 0 && lowest > 0 {
		from := s.since(s.published)
		for _, p := range s.partitions {
			from = min(from, s.since(p.began))
		}
		lowest = min(lowest, from+s.cfg.Step.Milliseconds())
	}
	s.published = max(s.published, lowest)
}
