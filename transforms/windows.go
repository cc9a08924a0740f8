package transforms

import (
	"fmt"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"

	"crest/sketchcombine"
)

// A Window is a kind of window that lists are made for. Windows are aligned to
// the epoch, in UTC.
type Window struct {
	// Size is how long a window is; 0 is the window over everything.
	Size time.Duration
	// Period is how often a window starts: Size for tumbling windows, less for
	// sliding ones.
	Period time.Duration
}

// Tumbling returns windows that stand side by side.
func Tumbling(size time.Duration) Window { return Window{Size: size, Period: size} }

// Sliding tells whether the windows overlap.
func (w Window) Sliding() bool { return w.Period != w.Size }

func (w Window) String() string {
	if w.Size == 0 {
		return "all"
	}
	if w.Sliding() {
		return fmt.Sprintf("%s/%s", w.Size, w.Period)
	}
	return w.Size.String()
}

// within tells whether every window is made of whole windows of the tumbling
// kind below.
func (w Window) within(below Window) bool {
	return below.Size > 0 && !below.Sliding() && w.Size%below.Size == 0 && w.Period%below.Size == 0
}

// A Level is the summaries of all windows of one kind.
type Level struct {
	Window Window
	// Summaries is a PCollection<KV<sketchcombine.Key, sketchcombine.Summary>>
	// in those windows.
	Summaries beam.PCollection
}

// Plan is the order in which windows of the given kinds are made from panes:
// each kind with the place, in what is returned, of the kind that it is merged
// from; the panes themselves are first and have the place -1. A kind is merged
// from the largest tumbling kind that it is made of, so that as little as
// possible is merged.
func Plan(pane time.Duration, windows []Window) (kinds []Window, from []int, err error) {
	if pane == 0 {
		for _, w := range windows {
			if w.Size > 0 {
				return nil, nil, fmt.Errorf("windows of %s cannot be made without a pane", w)
			}
		}
		return []Window{{}}, []int{-1}, nil
	}
	kinds = []Window{Tumbling(pane)}
	from = []int{-1}
	rest := slices.Clone(windows)
	slices.SortStableFunc(rest, func(a, b Window) int { return order(a) - order(b) })
	for _, w := range rest {
		if slices.Contains(kinds, w) {
			continue
		}
		best := -1
		for i, k := range kinds {
			if w.within(k) && (best < 0 || k.Size > kinds[best].Size) {
				best = i
			}
		}
		if best < 0 {
			return nil, nil, fmt.Errorf("windows of %s are not made of whole panes of %s", w, pane)
		}
		kinds = append(kinds, w)
		from = append(from, best)
	}
	return kinds, from, nil
}

// order sorts kinds by size, the window over everything last.
func order(w Window) int {
	if w.Size == 0 {
		return int(^uint(0) >> 1)
	}
	return int(w.Size)
}

// RollUp makes the summaries of windows from partial ones: the panes by merging
// partials, the larger and the sliding windows by merging the windows below,
// never by adding an event twice. The levels are returned as Plan orders them;
// an impossible plan panics.
func RollUp(s beam.Scope, merge *sketchcombine.MergeFn, pane time.Duration, windows []Window, partials beam.PCollection) []Level {
	s = s.Scope("transforms.RollUp")
	kinds, from, err := Plan(pane, windows)
	if err != nil {
		panic(fmt.Sprintf("transforms.RollUp: %v", err))
	}
	levels := make([]Level, len(kinds))
	for i, w := range kinds {
		below := partials
		if from[i] >= 0 {
			below = levels[from[i]].Summaries
		}
		s := s.Scope(w.String())
		windowed := beam.WindowInto(s, w.fn(), below)
		levels[i] = Level{Window: w, Summaries: beam.CombinePerKey(s, merge, windowed)}
	}
	return levels
}

func (w Window) fn() *window.Fn {
	switch {
	case w.Size == 0:
		return window.NewGlobalWindows()
	case w.Sliding():
		return window.NewSlidingWindows(w.Period, w.Size)
	default:
		return window.NewFixedWindows(w.Size)
	}
}
