package summary

import (
	"unsafe"
)

// light is a count-min sketch (Cormode and Muthukrishnan, 2005, "An improved
// data stream summary: the count-min sketch and its applications") with
// conservative update (Estan and Varghese, 2002). It holds the weight that no
// counter of the heavy table holds, and answers with an upper bound of it.
//
// A cell saturates: at maxCell it means "unknown, at least this much". Nothing
// is lost by it, since every bound taken from here is cut by the threshold.
type light struct {
	cells []uint32 // row by row; of 31 bits, so that two that add do not overflow
	width int      // cells a row, even
	depth int
}

const (
	maxCell  = 1<<31 - 1
	maxDepth = 8

	// unknown is the estimate of an item whose cells are all saturated.
	unknown = 1<<63 - 1
)

func newLight(width, depth int) *light {
	words := make([]uint64, width/2*depth)
	cells := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(words))), 2*len(words))
	return &light{cells: cells, width: width, depth: depth}
}

// words is the cells, two at once. It is safe: the cells of a light are always
// allocated as words.
func (l *light) words() []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(l.cells))), len(l.cells)/2)
}

// columns are where the rows keep an item: row r at column(first + r·step), by
// double hashing (Kirsch and Mitzenmacher, 2006).
func columns(place uint32) (first, step uint32) { return place, (place ^ place>>15) * 0x9e3779b1 }

func column(v uint32, width int) int { return int(uint64(v) * uint64(width) >> 32) }

// estimate bounds from above what the sketch holds of an item.
func (l *light) estimate(place uint32) uint64 {
	m := uint32(maxCell)
	v, step := columns(place)
	for row := l.cells; len(row) >= l.width; row = row[l.width:] {
		m = min(m, row[column(v, l.width)])
		v += step
	}
	if m == maxCell {
		return unknown
	}
	return uint64(m)
}

// raise makes every cell of an item at least to: adding w to an item
// conservatively is raising it to its estimate plus w.
func (l *light) raise(place uint32, to uint64) {
	c := uint32(min(to, maxCell))
	v, step := columns(place)
	for row := l.cells; len(row) >= l.width; row = row[l.width:] {
		p := &row[column(v, l.width)]
		*p = max(*p, c)
		v += step
	}
}

// add adds the cells of o, which has the same shape. The sum of two upper
// bounds is an upper bound of the sum, however each side was updated.
func (l *light) add(o *light) {
	const top = 1<<63 | 1<<31
	a := l.words()
	b := o.words()[:len(a)]
	for i, x := range b {
		s := a[i] + x
		if over := s & top; over != 0 {
			// All bits of a cell that has grown into its top bit, but that one.
			s = (s | (over - over>>31)) &^ top
		}
		a[i] = s
	}
}

// ceiling bounds every estimate: the least of the rows' largest cells.
func (l *light) ceiling() uint64 {
	least := uint64(unknown)
	n := l.width / 2
	for words := l.words(); len(words) > 0; words = words[n:] {
		var lo, hi uint64
		for _, w := range words[:n] {
			lo = max(lo, w&maxCell)
			hi = max(hi, w)
		}
		if m := max(lo, hi>>32); m < maxCell {
			least = min(least, m)
		}
	}
	return least
}

func (l *light) clone() *light {
	if l == nil {
		return nil
	}
	c := newLight(l.width, l.depth)
	copy(c.cells, l.cells)
	return c
}

func (l *light) size() int {
	if l == nil {
		return 0
	}
	return 4 * len(l.cells)
}
