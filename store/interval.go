package store

import (
	"errors"
	"fmt"
	"slices"

	"crest/table"
)

// An Interval is the windows of one size and one segment that lie between two
// times.
type Interval struct {
	Job     string
	Segment string
	// Path is table.Fast or table.Exact. Of lists it may be empty: the best there
	// is (the view topk_best). Counts are exact, whatever it is.
	Path string
	// WindowSeconds is the size of the windows, above 0.
	WindowSeconds int64
	// From and To bound the windows: none starts before From or ends after To.
	From, To table.Time
}

// Validate reports what is wrong with an interval whose lists, sketches or counts
// are asked for. An interval that has no room for a window is empty, not wrong.
func (in Interval) Validate(of table.ID) error { return in.validate(of, 1) }

// ValidateWindows is Validate for Windows, which knows windows of all sizes.
func (in Interval) ValidateWindows(of table.ID) error { return in.validate(of, 0) }

func (in Interval) validate(of table.ID, least int64) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch of {
	case table.TopKTable, table.SketchTable, table.CountTable:
	default:
		wrong("the table %v has no windows that lie in an interval", of)
	}
	if in.Job == "" {
		wrong("an interval without a job")
	}
	switch {
	case in.Path == table.Fast, in.Path == table.Exact, in.Path == "" && of != table.SketchTable:
	default:
		wrong("an interval of the path %q: %s or %s", in.Path, table.Fast, table.Exact)
	}
	if in.WindowSeconds < least || in.WindowSeconds > maxSeconds {
		wrong("an interval of windows of %d seconds: %d to %d", in.WindowSeconds, least, maxSeconds)
	}
	for _, t := range []table.Time{in.From, in.To} {
		if t < table.MinTime || t > table.MaxTime {
			wrong("an interval with the time %d ms, which is not in the years 1 to 9999", int64(t))
		}
	}
	return errors.Join(errs...)
}

// maxSeconds is how long the years 1 to 9999 are.
const maxSeconds = int64(table.MaxTime-table.MinTime) / 1000

// Starts returns the bounds of the windows' starts: the first that may be and the
// first that may not, in whole seconds, as starts are. Where WindowSeconds is 0 a
// window that starts between them may end after To.
func (in Interval) Starts() (from, before table.Time) {
	size := table.Time(max(in.WindowSeconds, 1)) * 1000
	return min(-floorSecond(-in.From), table.MaxTime), max(floorSecond(in.To)-size+1000, table.MinTime)
}

func floorSecond(t table.Time) table.Time { return t - ((t%1000)+1000)%1000 }

// Window is a tumbling window that a table has rows of.
type Window struct {
	Path          string
	WindowSeconds int64
	WindowStart   table.Time
	Total         uint64 // weight of the segment in the window
}

// End is the first instant after the window.
func (w Window) End() table.Time { return w.WindowStart + table.Time(w.WindowSeconds)*1000 }

// Tumbling says whether the window is one of those that lie end to end from the
// epoch on: a sliding window that starts with one holds the same events.
func (w Window) Tumbling() bool {
	return w.WindowSeconds > 0 && int64(w.WindowStart)%(w.WindowSeconds*1000) == 0
}

// TumblingOf returns the tumbling ones of windows, in their order; more than
// MaxWindows windows are an error.
func TumblingOf(windows []Window) ([]Window, error) {
	if len(windows) > MaxWindows {
		return nil, fmt.Errorf("there are more than %d windows: ask for a shorter interval, or for larger windows", MaxWindows)
	}
	return slices.DeleteFunc(windows, func(w Window) bool { return !w.Tumbling() }), nil
}

// ValidateItems says whether so many items can be asked for.
func ValidateItems(k int) error {
	if k < 1 || k > MaxItems {
		return fmt.Errorf("%d items can't be asked for: 1 to %d", k, MaxItems)
	}
	return nil
}

// Counts are the exact counts of an interval.
type Counts struct {
	Total    uint64
	Distinct int64 // items
	Items    []ItemCount
}

// ItemCount is an item with its exact weight. They are ranked by it, then by
// item.
type ItemCount struct {
	Item  string
	Count uint64
}
