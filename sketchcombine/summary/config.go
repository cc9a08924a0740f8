package summary

import (
	"errors"
	"fmt"
)

// Config sizes a Summary. All summaries that are to be merged have one Config.
type Config struct {
	// Seed keys the hash of items.
	Seed Seed
	// Budget is how many items are counted exactly before the summary is
	// sketched, fewer where they are half as long again as ItemBytes; 0 is no
	// budget: always exact.
	Budget int
	// Counters is how many candidates the heavy table keeps when it is full. It
	// holds an eighth more before it is pruned.
	Counters int
	// ItemBytes is the mean length of an item that the heavy table has room
	// for. With longer ones it keeps fewer candidates, down to a quarter of
	// Counters, so that memory stays bounded whatever the items are.
	ItemBytes int
	// Width and Depth are the columns, an even number, and the rows of the light
	// count-min sketch, of 4 bytes a cell. While its counts fit into 2 bytes, or
	// into 1, it has twice, or four times, the columns in the same memory.
	Width, Depth int
}

// The bounds of a Config, which are also what a decoder accepts.
const (
	maxCounters = 1 << 22
	maxCells    = 1 << 26
)

// ForMemory returns the Config whose summaries hold at most about the given
// memory, in bytes, from 16 KiB. Five eighths of it go to candidates:
// docs/benchmarks.md has the measurements behind the division.
func ForMemory(bytes int) Config {
	perCounter := (float64(headOf(narrow, true)+itemBytes) + slotBytes) * (1 + 1./slack)
	heavy := bytes / 8 * 5
	cells := (bytes - heavy) / 4
	heavy -= spare
	return Config{
		Budget:    int(float64(bytes) / (2 * (float64(headOf(narrow, false)+itemBytes) + 2*slotBytes))),
		Counters:  int(float64(heavy) / perCounter),
		ItemBytes: itemBytes,
		Width:     cells / lightDepth &^ 1,
		Depth:     lightDepth,
	}
}

const (
	itemBytes  = 24
	lightDepth = 2
	// slack: the heavy table holds 1/slack more than Counters before it is pruned.
	slack = 8
)

// exact tells whether n items, of so many bytes with their counters, are counted
// exactly.
func (c *Config) exact(n, bytes int) bool {
	return c.Budget == 0 || n <= c.Budget && bytes <= min(c.Budget*(headOf(narrow, false)+c.ItemBytes)*3/2, maxArena/2)
}

// capacity is how many candidates stand in the heavy table at most.
func (c *Config) capacity() int { return c.Counters + max(1, c.Counters/slack) }

// arena is how many bytes the heavy table's records take at most, before they
// are pruned.
func (c *Config) arena() int {
	return min(c.capacity()*(headOf(narrow, true)+c.ItemBytes), maxArena-spare)
}

// kept is how many bytes of records are left by pruning.
func (c *Config) kept() int { return c.arena() / c.capacity() * c.Counters }

// spare is the room for one record more than the heavy table may hold, so that
// the one that makes it too large has a place.
const spare = countAt + 2*wide + MaxItem

// floor is how many candidates are kept however long their items are.
func (c *Config) floor() int { return max(1, c.Counters/4) }

// Validate reports every setting that is out of range.
func (c *Config) Validate() error {
	var errs []error
	check := func(name string, v, lo, hi int) {
		if v < lo || v > hi {
			errs = append(errs, fmt.Errorf("%s is %d: it must be from %d to %d", name, v, lo, hi))
		}
	}
	check("budget", c.Budget, 0, maxCounters)
	if c.Budget == 0 {
		return errors.Join(errs...)
	}
	check("counters", c.Counters, 1, maxCounters)
	check("item bytes", c.ItemBytes, 1, MaxItem)
	check("sketch width", c.Width, 2, maxCells)
	check("sketch depth", c.Depth, 1, maxDepth)
	if c.Width%2 != 0 {
		errs = append(errs, fmt.Errorf("sketch width is %d: it must be even", c.Width))
	}
	if c.Width > 0 && c.Depth > maxCells/c.Width {
		errs = append(errs, fmt.Errorf("the sketch is %d×%d cells: %d are the most", c.Depth, c.Width, maxCells))
	}
	return errors.Join(errs...)
}

// Kept is how many items a summary that has become too large for its budget
// still lists, however long they are.
func (c *Config) Kept() int { return c.floor() }
