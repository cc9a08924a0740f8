package format

import (
	"math/bits"

	"crest/block"
)

// A lineReader finds the wanted fields of lines of JSON, with what it learns
// about the lines on the way. It is used by one goroutine at a time.
type lineReader struct {
	root *fieldNode
	scan jsonScanner
	values
	layouts layouts
	columns columns
}

func newLineReader(f *jsonFields) *lineReader {
	r := &lineReader{root: f.root}
	r.layouts.times = f.slots[roleTime]
	r.values = values{wanted: &f.wanted, unescape: appendUnescaped, scan: &r.scan}
	return r
}

func (r *lineReader) begin(b *block.Block) {
	r.data, r.scan.data = b.Data, b.Data
	r.stamp = block.NoTime
	r.columns.reserve(b)
}

// end lets go of the data: the reader goes back into a pool.
func (r *lineReader) end(b *block.Block, records int64) {
	r.columns.learn(len(r.data), len(b.Items))
	r.layouts.end(records)
	r.data, r.scan.data = nil, nil
}

// line reads the line that starts at i, field by field. It returns where the
// next line starts, or -1 when the line is not a JSON object and r.scan says why.
// A blank line has no record.
func (r *lineReader) line(i int) (next int, blank bool) {
	s := &r.scan
	start := i
	if i = s.space(i); s.at(i) == '\n' {
		return i + 1, true
	}
	r.kinds, r.quickSlot = [slotRoom]kind{}, noSlot
	r.layouts.record(start)
	if s.at(i) != '{' {
		return s.fail(i, wantObject), false
	}
	if i = r.object(i, r.root, 0); i < 0 {
		return i, false
	}
	if i = s.space(i); s.at(i) != '\n' {
		return s.fail(i, wantEnd), false
	}
	if i++; i <= len(s.data) {
		r.layouts.learn(s.data, i)
	}
	return i, false
}

// object reads the object at i, which is inside of depth others. It recurs only
// along the wanted paths, and where layouts enters.
func (r *lineReader) object(i int, node *fieldNode, depth int) int {
	s := &r.scan
	if depth == maxDepth {
		return s.fail(i, wantShallow)
	}
	depth++
	i = s.space(i + 1)
	if s.at(i) == '}' {
		return i + 1
	}
	fault := wantKeyEnd
	for {
		if s.at(i) != '"' {
			return s.fail(i, fault)
		}
		end, k := s.str(i + 1)
		if end < 0 {
			return end
		}
		name := s.data[i+1 : end]
		if k != plainString {
			r.room = appendUnescaped(r.room[:0], name)
			name = r.room
		}
		f := node.field(name)
		if i = s.colon(end + 1); i < 0 {
			return i
		}
		switch {
		case f != nil:
			i = r.wanted(i, f, depth)
		case s.at(i) == '{' && r.layouts.enters(depth):
			i = r.object(i, &fieldNode{}, depth)
		default:
			from := i
			if i, _ = s.value(i, depth); i >= 0 {
				r.layouts.leaf(from, i, noSlot, depth, false)
			}
		}
		if i < 0 {
			return i
		}
		i = s.space(i)
		switch s.at(i) {
		case '}':
			return i + 1
		case ',':
		default:
			return s.fail(i, wantMember)
		}
		i = s.space(i + 1)
		fault = wantKey
	}
}

// wanted reads the value at i of a field that is wanted or has wanted fields.
func (r *lineReader) wanted(i int, f *fieldNode, depth int) int {
	r.layouts.visit(f)
	for slots := f.under; slots != 0; slots &= slots - 1 {
		r.kinds[bits.TrailingZeros16(slots)] = noValue
	}
	from := i
	if len(f.fields) > 0 && r.scan.at(i) == '{' {
		if i = r.object(i, f, depth); i < 0 {
			return i
		}
		if f.slot != noSlot {
			r.kinds[f.slot] = object
			r.spans[f.slot] = spanOf(from, i)
			r.layouts.forget()
		}
		return i
	}
	i, k := r.scan.value(i, depth)
	if i < 0 {
		return i
	}
	r.kinds[f.slot] = k
	r.spans[f.slot] = valueSpan(from, i, k)
	r.layouts.leaf(from, i, f.slot, depth, len(f.fields) > 0)
	return i
}

// valueSpan is the span of a value at [from, to): without a string's quotes.
func valueSpan(from, to int, k kind) span {
	if k-plainString <= escapedString-plainString {
		return spanOf(from+1, to-1)
	}
	return spanOf(from, to)
}
