// Package summary holds the one mergeable summary of weighted items that all
// of Crest counts with.
//
// A Summary is exact, a table of every item's count, until it has more items
// than its budget. Then it is sketched: a heavy table of candidates, and beside
// it a light count-min sketch of all weight that no candidate counts. It is a
// count-min sketch with its heavy hitters taken out of it; its relatives are the
// Augmented Sketch (Roy, Khan and Alonso, 2016), Elastic Sketch (Yang et al.,
// 2018) and Filtered Space-Saving (Homem and Carvalho, 2010). What it adds to
// them is merging, with two-sided bounds that hold for every input, every order
// and every tree of merges: nothing about them is probable. docs/summary.md
// proves it.
//
// The package knows neither Beam nor any service, so that whoever reads stored
// summaries can use it.
package summary

import (
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// MaxItem is the longest item that a Summary takes, in bytes.
const MaxItem = 1 << 10

// The errors of this package. Callers act on them with errors.Is.
var (
	// ErrOverflow: the total weight would pass 2^63-1.
	ErrOverflow = errors.New("the total weight is over 2^63-1")
	// ErrTooLarge: the items of an exact summary are over 4 GiB. More shards help.
	ErrTooLarge = errors.New("the items of one summary are over 4 GiB: use more shards")
	// ErrItemTooLong: an item is longer than MaxItem.
	ErrItemTooLong = fmt.Errorf("the item is longer than %d bytes", MaxItem)
	// ErrIncompatible: two summaries have other seeds or other light parts.
	ErrIncompatible = errors.New("the summaries are of different seeds or sizes")
	// ErrUnbound: a decoded summary was used before Bind.
	ErrUnbound = errors.New("the summary is not bound to its settings yet")
	// ErrCorrupt: bytes are not those of a summary.
	ErrCorrupt = errors.New("corrupt summary")
)

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// A Summary counts weighted items. The zero value is not usable: see New and
// Decode. It is not safe for concurrent use.
type Summary struct {
	// cfg is nil until a decoded summary is bound.
	cfg *Config
	// fingerprint is that of the seed under which light was filled.
	fingerprint uint64

	total uint64
	table table
	// light is nil while the summary is exact.
	light *light
	// threshold is what no absent item's count exceeds (τ in docs/summary.md).
	threshold uint64
}

// New returns an empty Summary. cfg must be valid and must not change any more.
func New(cfg *Config) *Summary {
	s := &Summary{cfg: cfg, table: newTable(0, false)}
	s.table.bounded = cfg.Budget > 0
	return s
}

// Total is the weight of everything added.
func (s *Summary) Total() uint64 { return s.total }

// Exact tells whether every count is known.
func (s *Summary) Exact() bool { return s.light == nil }

// Items is the number of items that are counted one by one: all of them where
// the summary is exact.
func (s *Summary) Items() int { return s.table.n }

// Threshold is the largest count that an item can have without being among the
// candidates; 0 where the summary is exact.
func (s *Summary) Threshold() uint64 { return s.threshold }

// Size is the memory that the summary holds, in bytes: keys, counters, index,
// light part, and the room they have to grow into.
func (s *Summary) Size() int {
	return int(unsafe.Sizeof(*s)) + s.table.size() + s.light.size()
}

// Add counts w more of the item; it copies the item. A weight of 0 adds nothing.
func (s *Summary) Add(item []byte, w uint64) error {
	if s.cfg == nil {
		return ErrUnbound
	}
	return s.AddHashed(s.cfg.Seed.Hash(item), item, w)
}

// AddHashed is Add for who has the item's hash under the summary's seed already.
func (s *Summary) AddHashed(hash uint64, item []byte, w uint64) error {
	if w > s.table.limit-s.total {
		if err := s.makeRoom(w); err != nil {
			return err
		}
	}
	place := placeOf(hash)
	if off := s.table.find(place, item); off >= 0 {
		s.table.addCount(off, w)
	} else if err := s.addAbsent(place, item, w); err != nil {
		return err
	}
	s.total += w
	return nil
}

// makeRoom widens the counts for a weight that takes the total over their limit.
func (s *Summary) makeRoom(w uint64) error {
	if w > math.MaxInt64-s.total {
		return overflow(w, s.total)
	}
	if s.cfg == nil {
		return ErrUnbound
	}
	if err := s.table.widen(s.total + w); err != nil {
		return err
	}
	return s.settle()
}

func overflow(w, total uint64) error {
	return fmt.Errorf("adding %d to a total of %d: %w", w, total, ErrOverflow)
}

// addAbsent adds an item that the table does not have.
func (s *Summary) addAbsent(place uint32, item []byte, w uint64) error {
	switch {
	case s.cfg == nil:
		return ErrUnbound
	case len(item) > MaxItem:
		return ErrItemTooLong
	case w == 0:
		return nil
	}
	if s.light == nil {
		if s.cfg.exact(s.table.n+1, len(s.table.arena)+s.table.head+len(item)) {
			return s.table.insert(place, item, w, 0)
		}
		if err := s.sketch(); err != nil {
			return err
		}
	}
	est := s.light.estimate(place)
	if est+w <= s.threshold {
		s.light.raise(place, est+w)
		return nil
	}
	if err := s.table.insert(place, item, w, min(est, s.threshold)); err != nil {
		return err
	}
	if s.overfull() {
		s.prune()
	}
	return nil
}

// sketch turns an exact summary into a sketched one that says the same.
func (s *Summary) sketch() error {
	items := s.table.n
	if err := s.table.reshape(s.total, true, s.cfg.arena()+spare); err != nil {
		return err
	}
	s.table.reindex(max(s.cfg.capacity()+1, items))
	s.light = newLight(s.cfg.Width, s.cfg.Depth)
	s.fingerprint = s.cfg.Seed.Fingerprint()
	return nil
}

// Clone returns a copy that shares nothing.
func (s *Summary) Clone() *Summary {
	c := *s
	c.table = s.table.clone()
	c.light = s.light.clone()
	return &c
}

// Bound tells whether the summary has its settings: from New, or by Bind.
func (s *Summary) Bound() bool { return s.cfg != nil }

// Bind gives a decoded summary the settings that it needs before it can be
// added to, merged into or asked about one item. It is ErrIncompatible where
// the summary was made under another seed or with another light part. On an
// error the summary is as it was.
func (s *Summary) Bind(cfg *Config) error {
	if err := s.compatible(cfg); err != nil {
		return err
	}
	if s.cfg == nil || s.cfg.Seed != cfg.Seed {
		if err := s.table.bind(cfg.Seed); err != nil {
			return err
		}
	}
	s.cfg = cfg
	return nil
}

// compatible tells whether the summary's light part means the same under cfg.
func (s *Summary) compatible(cfg *Config) error {
	switch {
	case s.light == nil:
		return nil
	case cfg.Budget == 0:
		return fmt.Errorf("a sketched summary where all are exact: %w", ErrIncompatible)
	case s.fingerprint != cfg.Seed.Fingerprint():
		return fmt.Errorf("seed fingerprint %016x, not %016x: %w", s.fingerprint, cfg.Seed.Fingerprint(), ErrIncompatible)
	case s.light.width != cfg.Width || s.light.depth != cfg.Depth:
		return fmt.Errorf("light part of %d×%d cells, not %d×%d: %w", s.light.depth, s.light.width, cfg.Depth, cfg.Width, ErrIncompatible)
	}
	return nil
}
