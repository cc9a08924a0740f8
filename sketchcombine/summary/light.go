package summary

import (
	"slices"
	"unsafe"
)

// light is a count-min sketch (Cormode and Muthukrishnan, 2005, "An improved
// data stream summary: the count-min sketch and its applications") with
// conservative update (Estan and Varghese, 2002). It holds the weight that no
// counter of the heavy table holds, and answers with an upper bound of it.
//
// Its cells have 8 bits at first. When one is to pass what those hold, the
// sketch folds: of each two neighbours it makes one cell of 16 bits, later one of
// 32, in the same memory. Most sketches need few bits, and so have four times
// the columns, or twice.
//
// A cell of 32 bits saturates: at maxCell it means "unknown, at least this much".
// Nothing is lost by it, since every bound taken from here is cut by the
// threshold.
type light struct {
	words []uint64 // row by row, each with its first cell in the lowest bits
	width int      // cells a row where they have 32 bits, even
	depth int
	bits  int // of a cell: 8, 16 or 32

	// peaks are the rows' largest cells, and ceiling is the least of them.
	peaks   [maxDepth]uint32
	ceiling uint32
}

const (
	leastBits = 8
	mostBits  = 32
	maxCell   = 1<<mostBits - 1
	maxDepth  = 8

	// unknown is the estimate of an item whose cells are all saturated.
	unknown = 1<<63 - 1
)

func newLight(width, depth int) *light {
	return &light{words: make([]uint64, width/2*depth), width: width, depth: depth, bits: leastBits}
}

// cells is how many cells all rows have.
func (l *light) cells() int { return l.width * mostBits / l.bits * l.depth }

// row is the words of a row.
func (l *light) row(r int) []uint64 { return l.words[r*(l.width/2) : (r+1)*(l.width/2)] }

// top bounds every estimate.
func (l *light) top() uint64 {
	if l.ceiling == maxCell {
		return unknown
	}
	return uint64(l.ceiling)
}

// columns are where the rows keep an item: row r at column(first + r·step), by
// double hashing (Kirsch and Mitzenmacher, 2006).
func columns(place uint32) (first, step uint32) { return place, (place ^ place>>15) * 0x9e3779b1 }

// column is the word of a row in which a cell is, and how far it is shifted there.
// It is taken by bits, not by cells: so it leads to the same cell before and
// after two became one.
func (l *light) column(v uint32) (word int, shift uint64) {
	at := uint64(v) * uint64(mostBits*l.width) >> 32
	return int(at / 64), at & uint64(64-l.bits)
}

// estimate bounds from above what the sketch holds of an item.
func (l *light) estimate(place uint32) uint64 {
	most := uint64(1)<<l.bits - 1
	v, step := columns(place)
	m := most
	for first := 0; first < len(l.words); first += l.width / 2 {
		w, shift := l.column(v)
		m = min(m, l.words[first+w]>>shift&most)
		v += step
	}
	if m == maxCell {
		return unknown
	}
	return m
}

// estimates are those of many items at once.
func (l *light) estimates(refs []ref, to *[batch]uint64) {
	most := uint64(1)<<l.bits - 1
	for i := range refs {
		to[i] = most
	}
	for r := range l.depth {
		row := l.row(r)
		for i, m := range refs {
			v, step := columns(m.place)
			w, shift := l.column(v + uint32(r)*step)
			to[i] = min(to[i], row[w]>>shift&most)
		}
	}
	if most == maxCell {
		for i := range refs {
			if to[i] == maxCell {
				to[i] = unknown
			}
		}
	}
}

// raise makes every cell of an item at least to: adding w to an item
// conservatively is raising it to its estimate plus w.
func (l *light) raise(place uint32, to uint64) {
	if to > uint64(l.ceiling) {
		to = l.lift(to)
	}
	most := uint64(1)<<l.bits - 1
	v, step := columns(place)
	for first := 0; first < len(l.words); first += l.width / 2 {
		w, shift := l.column(v)
		word := &l.words[first+w]
		cell := *word & (most << shift)
		*word += max(cell, to<<shift) - cell
		v += step
	}
}

// lift prepares for a cell in each row that is higher than the ceiling, and
// returns to, cut to what a cell holds.
func (l *light) lift(to uint64) uint64 {
	to = min(to, maxCell)
	l.fit(to)
	for r := range l.depth {
		l.peaks[r] = max(l.peaks[r], uint32(to))
	}
	l.ceiling = slices.Min(l.peaks[:l.depth])
	return to
}

// fit folds until a cell holds this much, or has all bits that it can have.
func (l *light) fit(cell uint64) {
	for l.bits < mostBits && cell>>l.bits != 0 {
		for i, w := range l.words {
			l.words[i] = fold(w, l.bits)
		}
		l.bits *= 2
	}
}

// fold makes of each two neighbours of a word one cell of twice the bits, the
// larger of both: what bounds each of two items bounds either.
func fold(w uint64, bits int) uint64 {
	if bits == 8 {
		return larger(w, 8, lanes16)
	}
	return larger(w, 16, lanes32)
}

// A 1 in each cell of so many bits.
const (
	lanes16 = 0x0001000100010001
	lanes32 = 0x0000000100000001
)

func larger(w uint64, bits int, ones uint64) uint64 {
	mask := ones<<bits - ones
	even, odd := w&mask, w>>bits&mask
	// The highest bit of a cell, free in both, tells where even is not less.
	top := ((even | ones<<(2*bits-1)) - odd) >> (2*bits - 1) & ones
	return odd ^ (even^odd)&(top<<bits-top)
}

// add adds the cells of o, which has the same shape. The sum of two upper
// bounds is an upper bound of the sum, however each side was updated.
func (l *light) add(o *light) {
	var most uint64
	for r := range l.depth {
		most = max(most, uint64(l.peaks[r])+uint64(o.peaks[r]))
	}
	l.fit(max(most, 1<<o.bits-1))
	for r := range l.depth {
		a, b := l.row(r), o.row(r)
		switch {
		case most > maxCell:
			addSaturating(a, b, o.bits)
		case l.bits == o.bits:
			for i, w := range b[:len(a)] {
				a[i] += w
			}
		default:
			for i, w := range b[:len(a)] {
				a[i] += foldTo(l.bits, w, o.bits)
			}
		}
		l.peaks[r] = peak(a, l.bits, max(l.peaks[r], o.peaks[r]))
	}
	l.ceiling = slices.Min(l.peaks[:l.depth])
}

// foldTo folds the cells of a word until they have so many bits.
func foldTo(to int, w uint64, bits int) uint64 {
	for ; bits < to; bits *= 2 {
		w = fold(w, bits)
	}
	return w
}

// addSaturating adds words of cells of fewer bits to such of 32.
func addSaturating(a, b []uint64, bits int) {
	for i, w := range b {
		w = foldTo(mostBits, w, bits)
		lo := min(a[i]&maxCell+w&maxCell, maxCell)
		hi := min(a[i]>>32+w>>32, maxCell)
		a[i] = hi<<32 | lo
	}
}

// measure finds the peaks anew.
func (l *light) measure() {
	for r := range l.depth {
		l.peaks[r] = peak(l.row(r), l.bits, l.peaks[r])
	}
	l.ceiling = slices.Min(l.peaks[:l.depth])
}

// peak is the largest of the cells of words and of least.
func peak(words []uint64, bits int, least uint32) uint32 {
	// Cells of twice the bits, of which the highest is free: adding room sets it
	// where a cell is over the largest so far.
	ones := ^uint64(0) / (1<<(2*bits) - 1)
	mask, top := ones<<bits-ones, ones<<(2*bits-1)
	most := uint64(least)
	room := top - ones*(most+1)
	for _, w := range words {
		if ((w&mask+room)|(w>>bits&mask+room))&top != 0 {
			for ; w != 0; w >>= bits {
				most = max(most, w&(1<<bits-1))
			}
			room = top - ones*(most+1)
		}
	}
	return uint32(most)
}

func (l *light) clone() *light {
	if l == nil {
		return nil
	}
	c := *l
	c.words = slices.Clone(l.words)
	return &c
}

func (l *light) size() int {
	if l == nil {
		return 0
	}
	return int(unsafe.Sizeof(*l)) + 8*cap(l.words)
}
