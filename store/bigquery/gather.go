package bigquerystore

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/dustin/go-humanize"

	"crest/table"
)

// maxGathered bounds the summaries that are held at once, in bytes.
const maxGathered = 128 << 20

// rowBytes is about what a row takes beside its summary.
const rowBytes = 256

// A gathering holds, of the rows of a span of windows, those that count: of each
// window the rows of its newest eligible run, of each shard the greatest revision.
// Where they are too many it gives up the latest windows.
type gathering struct {
	runs map[string]table.Time // from which start on each eligible run counts
	// The windows that start at from or later and before before are gathered.
	// before falls when windows are given up.
	from, before table.Time
	limit        int // of bytes
	bytes        int
	windows      map[table.Time]*window
}

type window struct {
	run    string
	bytes  int
	shards map[int64]table.Sketch
}

// add takes a row in, or not.
func (g *gathering) add(k table.Sketch) error {
	counts, eligible := g.runs[k.Run]
	if !eligible || k.WindowStart < counts || k.WindowStart < g.from || k.WindowStart >= g.before {
		return nil
	}
	w := g.windows[k.WindowStart]
	if w == nil || k.Run > w.run {
		if w != nil {
			g.bytes -= w.bytes
		}
		w = &window{run: k.Run, shards: make(map[int64]table.Sketch)}
		g.windows[k.WindowStart] = w
	}
	if k.Run < w.run {
		return nil
	}
	have, again := w.shards[k.Shard]
	if again && (k.Revision < have.Revision || k.Revision == have.Revision && k.WrittenAt <= have.WrittenAt) {
		return nil
	}
	more := len(k.Summary) + rowBytes
	if again {
		more -= len(have.Summary) + rowBytes
	}
	w.shards[k.Shard] = k
	w.bytes += more
	if g.bytes += more; g.bytes > g.limit {
		return g.shed()
	}
	return nil
}

// shed gives up the latest windows, until half of the room is free again.
func (g *gathering) shed() error {
	starts := slices.Sorted(maps.Keys(g.windows))
	for g.bytes > g.limit/2 && len(starts) > 1 {
		last := starts[len(starts)-1]
		starts = starts[:len(starts)-1]
		g.bytes -= g.windows[last].bytes
		delete(g.windows, last)
		g.before = last
	}
	if g.bytes > g.limit {
		return fmt.Errorf("the summaries of the window at %v are over %s, which is the most that is read at once", starts[0], humanize.IBytes(uint64(g.limit)))
	}
	return nil
}

// inOrder gives the rows that were gathered, by window and shard, and lets go of
// each.
func (g *gathering) inOrder() iter.Seq[table.Sketch] {
	return func(yield func(table.Sketch) bool) {
		for _, start := range slices.Sorted(maps.Keys(g.windows)) {
			w := g.windows[start]
			delete(g.windows, start)
			for _, shard := range slices.Sorted(maps.Keys(w.shards)) {
				if !yield(w.shards[shard]) {
					return
				}
			}
		}
	}
}
