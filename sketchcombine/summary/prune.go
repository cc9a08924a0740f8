package summary

import "sort"

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
	keep := min(s.cfg.Counters, t.n)
	scores := make([]uint64, 0, t.n)
	for off := 0; off < len(t.arena); off = t.next(off) {
		scores = append(scores, t.upper(off))
	}
	cut, ties := nthLargest(scores, keep)
	// The records of the kept must leave as much room as there is for the count.
	limit := s.cfg.kept()
	if floor := s.cfg.floor(); keep > floor && s.keptBytes(cut, ties) > limit {
		keep = floor + sort.Search(keep-floor, func(i int) bool {
			return s.keptBytes(nthLargest(scores, floor+i+1)) > limit
		})
		cut, ties = nthLargest(scores, keep)
	}
	s.evict(cut, ties)
}

// keptBytes is the size of the records that evict would keep.
func (s *Summary) keptBytes(cut uint64, ties int) (n int) {
	t := &s.table
	var next int
	for off := 0; off < len(t.arena); off = next {
		next = t.next(off)
		score := t.upper(off)
		if score == cut {
			ties--
		}
		if score > cut || score == cut && ties >= 0 {
			n += next - off
		}
	}
	return n
}

// evict keeps the candidates whose upper bound is over cut, and the first ties
// of those that reach it.
func (s *Summary) evict(cut uint64, ties int) {
	t := &s.table
	end, evicted := 0, false
	var next int
	for off := 0; off < len(t.arena); off = next {
		next = t.next(off)
		score := t.upper(off)
		keep := score > cut
		if score == cut && ties > 0 {
			ties--
			keep = true
		}
		if keep {
			end += copy(t.arena[end:], t.arena[off:next])
			continue
		}
		evicted = true
		s.threshold = max(s.threshold, score)
		place := t.place(off)
		s.light.raise(place, s.light.estimate(place)+t.count(off))
		t.n--
	}
	if !evicted {
		return
	}
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
