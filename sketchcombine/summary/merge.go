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
	if len(s.table.arena)+len(o.table.arena)+(wide-narrow)*(s.table.n+o.table.n) > maxArena {
		return ErrTooLarge
	}
	if o == s || o.cfg == nil || o.cfg.Seed != s.cfg.Seed {
		o = o.Clone()
		if err := o.Bind(s.cfg); err != nil {
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

// A newcomer is a candidate of the other side that this side does not have.
type newcomer struct {
	off   int    // its record there
	entry uint64 // what it may have had on both sides before it was counted
}

// mergeSketched adds o to a summary that is sketched.
func (s *Summary) mergeSketched(o *Summary) error {
	t := &s.table
	// All bounds are taken before either light part changes.
	newcomers := s.mergeTable(o)
	if o.threshold > 0 {
		// An absent item is bounded by its cells, and so by the largest of them.
		// To have read o's in order makes looking them up twice as fast, too.
		s.threshold += min(o.threshold, o.light.ceiling())
		s.addAbsentBounds(o)
	}
	if o.light != nil {
		s.light.add(o.light)
		s.threshold = min(s.threshold, s.light.ceiling())
	}
	for _, c := range newcomers {
		place, count := o.table.place(c.off), o.table.count(c.off)
		if full := t.n >= s.cfg.Counters || len(t.arena) >= s.cfg.kept(); full && count+c.entry <= s.threshold {
			s.light.raise(place, s.light.estimate(place)+count)
			continue
		}
		if err := t.insert(place, o.table.item(c.off), count, c.entry); err != nil {
			return err
		}
		if s.overfull() {
			s.prune()
		}
	}
	if s.overfull() {
		s.prune()
	}
	return nil
}

// mergeTable adds counts and entries of the records that both have, and returns
// those that only o has. The former are marked if addAbsentBounds is to follow.
func (s *Summary) mergeTable(o *Summary) []newcomer {
	t, ot := &s.table, &o.table
	newcomers := make([]newcomer, 0, ot.n)
	for off := 0; off < len(ot.arena); off = ot.next(off) {
		at := t.find(ot.place(off), ot.item(off))
		if at < 0 {
			newcomers = append(newcomers, newcomer{off, ot.entry(off)})
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
	if s.threshold > 0 {
		// On their own, since loads between which no branch is in doubt overlap.
		for i := range newcomers {
			c := &newcomers[i]
			c.entry += s.absent(ot.place(c.off))
		}
	}
	return newcomers
}

// addAbsentBounds gives each record that o does not have what o may have had of
// it, and takes the marks away.
func (s *Summary) addAbsentBounds(o *Summary) {
	t := &s.table
	absent := make([]int, t.n)
	n := 0
	for off := 0; off < len(t.arena); off = t.next(off) {
		b := t.arena[off+sizeAt+1]
		t.arena[off+sizeAt+1] = b &^ (seen >> 8)
		absent[n] = off
		n += 1 - int(b>>7)
	}
	for _, off := range absent[:n] {
		t.addEntry(off, o.absent(t.place(off)))
	}
}

// absent bounds the count of an item of this place that is not in the table.
func (s *Summary) absent(place uint32) uint64 {
	return min(s.light.estimate(place), s.threshold)
}
