package summary

import "sync"

// overfull tells whether the heavy table is to be pruned. Long items alone do
// not make it so while there are hardly more than the floor.
func (s *Summary) overfull() bool {
	t, floor := &s.table, s.cfg.floor()
	return t.n > s.cfg.capacity() || len(t.arena) > s.cfg.arena() && t.n > floor+max(1, floor/slack)
}

// prune keeps the Counters candidates with the largest upper bounds, fewer where
// their items are long. What an evicted candidate has counted goes into the
// light part, and the threshold rises to the largest upper bound evicted.
func (s *Summary) prune() {
	t := &s.table
	scratch := scratches.Get().(*[]ranked)
	all := (*scratch)[:0]
	var next int
	for off := 0; off < len(t.arena); off = next {
		next = t.next(off)
		all = append(all, ranked{t.upper(off), next - off})
	}
	s.evict(s.chooseCut(all))
	*scratch = all
	scratches.Put(scratch)
}

// scratches are where prunes rank: one takes as much memory as half the
// candidates, for a moment.
var scratches = sync.Pool{New: func() any { return new([]ranked) }}

// A ranked is the upper bound of a candidate, and what its record takes.
type ranked struct {
	upper uint64
	size  int
}

// A cut tells which candidates are kept: all whose upper bound is over upper, and
// so many ties that reach it, in the order of the arena. After the first must of
// them, those that do not fit into the room left are passed over.
type cut struct {
	upper      uint64
	ties, must int
	room       int
}

// chooseCut keeps as many of the largest as there is room for, by a quickselect
// that weighs what it selects. It reorders all.
func (s *Summary) chooseCut(all []ranked) cut {
	most, floor, limit := s.cfg.Counters, s.cfg.floor(), s.cfg.kept()
	fit := func(n, size int) bool { return n <= floor || n <= most && size <= limit }
	var c cut
	size := 0 // of all[:lo], which are kept; all[hi:] are not
	for lo, hi := 0, len(all); lo < hi; {
		// The median of three keeps sorted and constant inputs linear.
		p := median(all[lo].upper, all[(lo+hi)/2].upper, all[hi-1].upper)
		over, reach := lo, hi // all[lo:over] are over p, all[over:reach] reach it
		overSize, equalSize := 0, 0
		for i := lo; i < reach; {
			switch r := all[i]; {
			case r.upper > p:
				overSize += r.size
				all[i], all[over] = all[over], r
				over++
				i++
			case r.upper < p:
				reach--
				all[i], all[reach] = all[reach], r
			default:
				equalSize += r.size
				i++
			}
		}
		switch {
		case !fit(over, size+overSize):
			hi, c.upper = over, p
		case !fit(reach, size+overSize+equalSize):
			return cut{p, most - over, floor - over, limit - size - overSize}
		default:
			lo, size = reach, size+overSize+equalSize
		}
	}
	return c
}

// evict keeps what the cut keeps.
func (s *Summary) evict(c cut) {
	t := &s.table
	end, kept := 0, 0 // arena[kept:off] is kept, and is still to be moved to end
	var next int
	for off := 0; off < len(t.arena); off = next {
		next = t.next(off)
		upper := t.upper(off)
		keep := upper > c.upper
		if upper == c.upper && c.ties > 0 && (c.must > 0 || next-off <= c.room) {
			c.ties--
			c.must--
			c.room -= next - off
			keep = true
		}
		if keep {
			continue
		}
		end += copy(t.arena[end:], t.arena[kept:off])
		kept = next
		s.threshold = max(s.threshold, upper)
		place := t.place(off)
		s.light.raise(place, s.light.estimate(place)+t.count(off))
		t.n--
	}
	if kept == 0 {
		return // nothing was evicted
	}
	end += copy(t.arena[end:], t.arena[kept:])
	t.arena = t.arena[:end]
	if room := max(end, s.cfg.arena()) + spare; cap(t.arena) != room {
		t.arena = append(make([]byte, 0, room), t.arena...)
	}
	t.reindex(max(s.cfg.capacity()+1, t.n))
}

// nthLargest returns the n-th largest value, and how many values equal to it are
// among the n largest. It reorders v. n is from 1 to len(v).
func nthLargest(v []uint64, n int) (cut uint64, ties int) {
	lo, hi := 0, len(v)-1
	for lo < hi {
		// The median of three keeps sorted and constant inputs linear.
		p := median(v[lo], v[(lo+hi)/2], v[hi])
		i, j := lo, hi
		for i <= j {
			for v[i] > p {
				i++
			}
			for v[j] < p {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case n-1 <= j:
			hi = j
		case n-1 >= i:
			lo = i
		default:
			lo, hi = n-1, n-1
		}
	}
	cut = v[n-1]
	for _, x := range v[:n] {
		if x == cut {
			ties++
		}
	}
	return cut, ties
}

func median(a, b, c uint64) uint64 { return max(min(a, b), min(max(a, b), c)) }
