package summary

import "math"

// seen marks, in the length of an item, a record that a merge has met.
const seen = 1 << 15

// Merge adds everything that o holds. It never changes o and keeps no part of
// it. s must be bound; of an o that is not, it binds a copy. On an error s holds
// what it held.
func (s *Summary) Merge(o *Summary) error {
	if s.cfg == nil {
		return ErrUnbound
	}
	if err := o.compatible(s.cfg); err != nil {
		return err
	}
	if o.total > math.MaxInt64-s.total {
		return overflow(o.total, s.total)
	}
	if len(s.table.arena)+len(o.table.arena)+(headOf(wide, true)-headOf(narrow, false))*(s.table.n+o.table.n) > maxArena {
		return ErrTooLarge
	}
	if o == s || o.cfg == nil || o.cfg.Seed != s.cfg.Seed {
		o = o.Clone()
		if err := o.Bind(s.cfg); err != nil {
			return err
		}
	}
	if total := s.total + o.total; s.total > 0 && total > s.table.limit {
		if err := s.table.widen(total); err != nil {
			return err
		}
	}
	switch {
	case s.total == 0:
		cfg := s.cfg
		*s = *o.Clone()
		s.cfg = cfg
		return s.settle()
	case s.light == nil && o.light == nil:
		s.total += o.total
		if err := s.mergeExact(&o.table); err != nil {
			return err
		}
		return s.settle()
	case s.light == nil:
		if err := s.sketch(); err != nil {
			return err
		}
	}
	s.total += o.total
	return s.mergeSketched(o)
}

// settle brings a summary that has grown back within its limits.
func (s *Summary) settle() error {
	if s.light == nil {
		if s.cfg.exact(s.table.n, len(s.table.arena)) {
			return nil
		}
		if err := s.sketch(); err != nil {
			return err
		}
	}
	if s.overfull() {
		s.prune()
	}
	return nil
}

// mergeExact adds the records of o to a table that, like it, knows every count.
func (s *Summary) mergeExact(o *table) error {
	t := &s.table
	for off := 0; off < len(o.arena); off = o.next(off) {
		place, item := o.place(off), o.item(off)
		if at := t.find(place, item); at >= 0 {
			t.addCount(at, o.count(off))
		} else if err := t.insert(place, item, o.count(off), 0); err != nil {
			return err
		}
	}
	return nil
}

// A ref is a record, and the place of its item.
type ref struct{ off, place uint32 }

// batch is how many items a merge looks up in a light part at a time. Loads that
// wait neither for one another nor for a branch in doubt overlap, and most of a
// merge is waiting for memory.
const batch = 64

// mergeSketched adds o to a summary that is sketched.
func (s *Summary) mergeSketched(o *Summary) error {
	before := s.threshold
	newcomers := s.mergeTable(o)
	if o.light != nil {
		// This reads o's cells in order: looking them up is faster then.
		s.light.add(o.light)
	}
	if o.threshold > 0 {
		// An absent item is bounded by its cells, and so by the largest of them.
		s.threshold += min(o.threshold, o.light.top())
		s.addAbsentBounds(o)
	}
	s.threshold = min(s.threshold, s.light.top())
	for len(newcomers) > 0 {
		n := min(batch, len(newcomers))
		if err := s.admit(&o.table, newcomers[:n], before); err != nil {
			return err
		}
		newcomers = newcomers[n:]
	}
	if s.overfull() {
		s.prune()
	}
	return nil
}

// mergeTable adds counts and entries of the records that both have, and returns
// those that only o has. The former are marked if addAbsentBounds is to follow.
func (s *Summary) mergeTable(o *Summary) []ref {
	t, ot := &s.table, &o.table
	newcomers := make([]ref, 0, ot.n)
	for off := 0; off < len(ot.arena); off = ot.next(off) {
		place := ot.place(off)
		at := t.find(place, ot.item(off))
		if at < 0 {
			newcomers = append(newcomers, ref{uint32(off), place})
			continue
		}
		t.addCount(at, ot.count(off))
		if e := ot.entry(off); e > 0 {
			t.addEntry(at, e)
		}
		if o.threshold > 0 {
			t.arena[at+sizeAt+1] |= seen >> 8
		}
	}
	return newcomers
}

// addAbsentBounds gives each record that o does not have what o may have had of
// it, and takes the marks away.
func (s *Summary) addAbsentBounds(o *Summary) {
	t := &s.table
	var absent [batch]ref
	var bounds [batch]uint64
	for off := 0; off < len(t.arena); {
		n := 0
		for n < batch && off < len(t.arena) {
			b := t.arena[off+sizeAt+1]
			t.arena[off+sizeAt+1] = b &^ (seen >> 8)
			absent[n] = ref{uint32(off), t.place(off)}
			n += 1 - int(b>>7)
			off = t.next(off)
		}
		o.light.estimates(absent[:n], &bounds)
		for i, m := range absent[:n] {
			t.addEntry(int(m.off), min(bounds[i], o.threshold))
		}
	}
}

// admit takes in records that only o has: as candidates, or, where the next prune
// would evict them, into the light part, which holds what o's held already. s had
// counted no more than threshold of each of them.
func (s *Summary) admit(o *table, newcomers []ref, threshold uint64) error {
	t := &s.table
	var bounds [batch]uint64
	s.light.estimates(newcomers, &bounds)
	for i, m := range newcomers {
		off, est := int(m.off), bounds[i]
		count, entry := o.count(off), min(o.entry(off)+threshold, est)
		if full := t.n >= s.cfg.Counters || len(t.arena) >= s.cfg.kept(); full && count+entry <= s.threshold {
			s.light.raise(m.place, est+count)
			continue
		}
		if err := t.insert(m.place, o.item(off), count, entry); err != nil {
			return err
		}
		if s.overfull() {
			s.prune()
		}
	}
	return nil
}

// absent bounds the count of an item of this place that is not in the table.
func (s *Summary) absent(place uint32) uint64 {
	return min(s.light.estimate(place), s.threshold)
}
