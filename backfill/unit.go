// Package backfill finds the hours of an archive that changed since their last
// exact run, and has them run again. It is for cron: where nothing changed it does
// nothing, and twice at once does no harm, since a run replaces the rows of the
// windows that it makes and of no others.
//
// An archive is cut into units: spans of event time that no window crosses. What a
// unit's files were when it last ran is kept in the archive, under
// PREFIX/_exact/JOB/.
package backfill

import (
	"fmt"
	"time"
)

// A Window is a kind of window that the job makes lists for.
type Window struct {
	// Size is how long it is; 0 is the window over everything.
	Size time.Duration
	// Period is how often one starts: Size for tumbling windows, less for sliding
	// ones.
	Period time.Duration
}

// maxUnit bounds a unit: one run reads all of it.
const maxUnit = 10_000 * 24 * time.Hour

// Unit returns the shortest span, a whole number of hours, that windows of all
// kinds fit into without crossing its ends. There is none where windows slide or
// are over everything.
func Unit(windows []Window) (time.Duration, error) {
	unit := time.Hour
	for _, w := range windows {
		switch {
		case w.Size == 0:
			return 0, fmt.Errorf("the window over everything has no part that can be run again: leave all out, or run the job over the whole archive")
		case w.Size < 0 || w.Period != w.Size:
			return 0, fmt.Errorf("the windows of %s every %s slide over each other, so that no part of them can be run again: leave them out, or run the job over the whole archive", w.Size, w.Period)
		}
		if unit = leastMultiple(unit, w.Size); unit > maxUnit {
			return 0, fmt.Errorf("windows of %s and the others fit into no span of less than %d days", w.Size, maxUnit/(24*time.Hour))
		}
	}
	return unit, nil
}

// leastMultiple returns the least common multiple of two spans, or something over
// maxUnit.
func leastMultiple(a, b time.Duration) time.Duration {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	if b/x > maxUnit/a {
		return maxUnit + 1
	}
	return b / x * a
}

// floor returns the beginning of the unit that a time is in. Units are aligned to
// the epoch, as windows are.
func floor(t time.Time, unit time.Duration) time.Time {
	ms := t.UnixMilli()
	return time.UnixMilli(ms - ms%unit.Milliseconds()).UTC()
}
