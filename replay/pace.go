package replay

import (
	"context"
	"time"
)

// A clock tells the time and waits: the wall clock, or that of a test.
type clock interface {
	now() time.Time
	// sleep waits, or returns the context's error when it ends first.
	sleep(ctx context.Context, d time.Duration) error
}

type wallClock struct{}

func (wallClock) now() time.Time { return time.Now() }

func (wallClock) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A pacer says when events are due. Their times are those of the recording, in
// which an event may come later than younger ones: it is due at once.
type pacer struct {
	clock clock
	speed float64 // 0: everything is due at once

	started time.Time // when the first event was due
	first   time.Time // the time of the first event
	newest  time.Time // the latest time so far
}

// restart makes the next event the first.
func (p *pacer) restart() { p.started = time.Time{} }

// wait returns how long it is until an event is due; below 0 how much too late
// it is.
func (p *pacer) wait(at time.Time) time.Duration {
	if p.started.IsZero() {
		p.started, p.first, p.newest = p.clock.now(), at, at
	}
	if p.speed == 0 {
		return 0
	}
	if at.After(p.newest) {
		p.newest = at
	}
	return p.started.Add(p.since(p.newest)).Sub(p.clock.now())
}

// since is how long after the first event another one is played.
func (p *pacer) since(at time.Time) time.Duration {
	d := at.Sub(p.first)
	if p.speed == 0 {
		return d
	}
	return time.Duration(float64(d) / p.speed)
}

// moved is the time of an event for which the first one happened when it was due.
func (p *pacer) moved(at time.Time) time.Time { return p.started.Add(p.since(at)) }
