package format

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Who writes NDJSON writes the same fields in the same order again and again.
// layouts remembers what stood between the values of the lines that were read
// field by field, and lineReader.known reads lines like them without looking at
// names, colons and commas one by one: it compares what is between two values as
// a whole. It accepts nothing that lineReader.line would not, and finds the same:
// what is between the values has been read as JSON once, in the same place, and
// each value is validated anew.
type layouts struct {
	first *step
	steps int
	times [2]uint8 // the slots of the time

	// Of the line being read field by field:
	start   int
	leaves  []leaf
	visited uint64 // the wanted fields seen, by id
	skip    bool   // the line is not to be learned

	// Since the last look at how it goes: lines, those read field by field, and
	// those not learned because there was no room.
	lines, misses, refused int64
	// failures is how often learning came to nothing. At first objects that
	// nobody wants are learned with what is in them, then as values, because
	// some have other fields each time, then nothing is learned any more.
	failures int
}

// A step is up to 16 bytes that stand before a value, or behind the last. The
// steps are a tree: what follows a step, and what else may stand in its place.
type step struct {
	head, head2 uint64 // the bytes
	mask, mask2 uint64 // which of them there are
	next        *step  // behind the value; nil where nothing has been learned
	other       *step
	size        uint8
	slot        uint8
	does        stepKind
	// inner is set for a value that was not an object but has wanted fields
	// where it is one.
	inner bool
	depth int32
}

// A stepKind is what comes behind the bytes of a step.
type stepKind uint8

const (
	beforeValue stepKind = iota
	beforeTime           // the value of a time field
	beforeMore           // bytes of the next step
	beforeLine           // the next line
)

// A leaf is a value that was read as a whole.
type leaf struct {
	from, to int
	depth    int
	slot     uint8
	inner    bool
}

const (
	maxSteps  = 512 // in all; beyond them lines are of no recurring layout
	maxOthers = 8   // in one place
	maxLeaves = 128 // in one line
)

// end looks at how learning goes, after a block.
func (l *layouts) end(lines int64) {
	if l.lines += lines; l.lines < 1000 {
		return
	}
	if l.refused > 0 && l.misses > l.lines/4 {
		l.first, l.steps = nil, 0
		l.failures++
	}
	l.lines, l.misses, l.refused = 0, 0, 0
}

// record begins a line that is read field by field.
func (l *layouts) record(start int) {
	l.misses++
	l.start, l.leaves, l.visited = start, l.leaves[:0], 0
	l.skip = l.failures > 1
	if l.steps >= maxSteps {
		l.skip = true
		l.refused++
	}
}

// enters says whether an object at that depth, which nobody wants, is learned
// with what is in it.
func (l *layouts) enters(depth int) bool { return depth < 8 && l.failures == 0 && !l.skip }

// forget keeps the line from being learned.
func (l *layouts) forget() { l.skip = true }

// visit notes a wanted field. A line that has one twice is not learned: the
// second makes void what is inside the first.
func (l *layouts) visit(f *fieldNode) {
	bit := uint64(1) << f.id // 0 beyond 64
	if l.visited&bit != 0 || bit == 0 {
		l.skip = true
	}
	l.visited |= bit
}

func (l *layouts) leaf(from, to int, slot uint8, depth int, inner bool) {
	if l.skip {
		return
	}
	if len(l.leaves) == maxLeaves {
		l.skip = true
		return
	}
	l.leaves = append(l.leaves, leaf{from, to, depth, slot, inner})
}

// learn adds the line that has been read, and whose next line starts at end.
func (l *layouts) learn(data []byte, end int) {
	if l.skip {
		return
	}
	at, from := &l.first, l.start
	for _, v := range l.leaves {
		does := beforeValue
		if v.slot == l.times[0] || v.slot == l.times[1] {
			does = beforeTime
		}
		s := l.add(at, data[from:v.from], does)
		if s == nil {
			l.refused++
			return
		}
		s.slot, s.inner, s.depth = v.slot, v.inner, int32(v.depth)
		at, from = &s.next, v.to
	}
	if l.add(at, data[from:end], beforeLine) == nil {
		l.refused++
	}
}

// add returns the last step of those bytes, some or all of which may be new, or
// nil when they are not worth having.
func (l *layouts) add(at **step, between []byte, does stepKind) *step {
	for len(between) > 16 {
		s := l.add(at, between[:16], beforeMore)
		if s == nil {
			return nil
		}
		at, between = &s.next, between[16:]
	}
	s := step{size: uint8(len(between)), does: does}
	var head, mask [16]byte
	for i := range copy(head[:], between) {
		mask[i] = 0xff
	}
	s.head, s.head2 = binary.LittleEndian.Uint64(head[:]), binary.LittleEndian.Uint64(head[8:])
	s.mask, s.mask2 = binary.LittleEndian.Uint64(mask[:]), binary.LittleEndian.Uint64(mask[8:])
	others := 0
	for ; *at != nil; at = &(*at).other {
		if o := *at; o.head == s.head && o.head2 == s.head2 && o.size == s.size && o.does == s.does {
			return o
		}
		others++
	}
	if others >= maxOthers {
		return nil
	}
	l.steps++
	*at = &s
	return *at
}

// loadAt is load8 without the check of bounds: at must be from 0 to 8 less than
// the length of the data at base.
func loadAt(base unsafe.Pointer, at int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(base, at))[:])
}

// known reads the line that starts at i if its layout is known. It returns where
// the next line starts, or -1 for a line that must be read field by field, which
// every line may be.
func (r *lineReader) known(i int) int {
	st := r.layouts.first
	if st == nil {
		return -1
	}
	r.kinds, r.quickSlot = [slotRoom]kind{}, noSlot
	for {
		if i, st = r.follow(i, st); st == nil || i < 0 {
			return i
		}
		if i = r.valueOf(st, i); i < 0 || st.next == nil {
			return -1
		}
		st = st.next
	}
}

// ahead is how many bytes follow looks ahead: a step, a quote and 8 bytes.
const ahead = 16 + 1 + 8

// follow reads from i on as the steps from st on have it. It returns where the
// next line starts and nil; or the place of a value and its step where the value
// is not the simplest of strings or numbers; or -1 where no step fits.
//
// It calls nothing, so that all it needs stays in registers.
func (r *lineReader) follow(i int, st *step) (int, *step) {
	base, last := unsafe.Pointer(unsafe.SliceData(r.data)), len(r.data)-ahead
	for {
		// Every load in here is safe: i, which is not negative, is at most last
		// here and j is at most that plus 17, or is checked itself.
		if i > last {
			return -1, nil
		}
		x, x2 := loadAt(base, i), loadAt(base, i+8)
		for (x^st.head)&st.mask|(x2^st.head2)&st.mask2 != 0 {
			if st = st.other; st == nil {
				return -1, nil
			}
		}
		i += int(st.size)
		if st.does != beforeValue {
			switch st.does {
			case beforeTime:
				return i, st
			case beforeLine:
				return i, nil
			}
			if st = st.next; st == nil {
				return -1, nil
			}
			continue
		}
		slot := st.slot % slotRoom
		x = loadAt(base, i)
		if c := byte(x); c == '"' {
			j := i + 1
			for {
				x = loadAt(base, j)
				stops := plainStops(x)
				if stops != 0 {
					n := bits.TrailingZeros64(stops) &^ 7
					x >>= n & 63
					j += n >> 3
					break
				}
				if j += 8; j > last {
					return -1, nil
				}
			}
			if byte(x) != '"' {
				return i, st
			}
			r.kinds[slot], r.spans[slot] = plainString, spanOf(i+1, j)
			i = j + 1
		} else {
			n := bits.TrailingZeros64(notDigits(x)) &^ 7
			after := byte(x >> (n & 63))
			if n == 0 || n == 64 || c == '0' && n != 8 || after != ',' && after != '}' {
				return i, st
			}
			j := i + n>>3
			r.kinds[slot], r.spans[slot] = number, spanOf(i, j)
			i = j
		}
		if st = st.next; st == nil {
			return -1, nil
		}
	}
}

// valueOf reads the value at i, behind the step st. It returns where it ends, or
// -1 if it is not JSON or not for that step.
func (r *lineReader) valueOf(st *step, i int) int {
	data, slot := r.data, st.slot%slotRoom
	if st.does == beforeTime && len(data)-i > 1+24 && data[i] == '"' {
		ms, n := r.clock.stamp(load8(data, i+1), load8(data, i+9), load8(data, i+17))
		if n != 0 && data[i+1+n] == '"' {
			r.quick, r.quickSlot = ms, slot
			r.kinds[slot], r.spans[slot] = plainString, spanOf(i+1, i+1+n)
			return i + n + 2
		}
	}
	if st.inner && r.scan.at(i) == '{' {
		return -1
	}
	end, k := r.scan.value(i, int(st.depth))
	if end >= 0 {
		r.kinds[slot], r.spans[slot] = k, valueSpan(i, end, k)
	}
	return end
}
