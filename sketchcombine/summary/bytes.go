package summary

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The layout is documented in docs/format/summary.md.
const (
	magic   = 'C'
	version = 1

	kindExact    = 0
	kindSketched = 1

	// blockCells cells of the light part are packed with as many bits each as
	// the largest of them needs: 8 bytes a bit.
	blockCells = 64
)

// AppendBinary appends the summary's bytes to b.
func (s *Summary) AppendBinary(b []byte) []byte {
	t := &s.table
	kind := byte(kindExact)
	if s.light != nil {
		kind = kindSketched
	}
	b = append(b, magic, version, kind)
	b = binary.AppendUvarint(b, s.total)
	if s.light != nil {
		b = binary.AppendUvarint(b, s.threshold)
		b = binary.LittleEndian.AppendUint64(b, s.fingerprint)
		b = binary.AppendUvarint(b, uint64(s.light.width))
		b = binary.AppendUvarint(b, uint64(s.light.depth))
		b = append(b, byte(s.light.bits))
	}
	b = binary.AppendUvarint(b, uint64(t.n))
	for off := 0; off < len(t.arena); off = t.next(off) {
		item := t.item(off)
		b = binary.AppendUvarint(b, uint64(len(item)))
		b = append(b, item...)
		b = binary.AppendUvarint(b, t.count(off))
		if s.light != nil {
			b = binary.AppendUvarint(b, t.entry(off))
		}
	}
	if s.light != nil {
		b = s.light.appendBinary(b)
	}
	return b
}

// EncodedSize is about the length of AppendBinary's bytes, for who allocates
// room for them.
func (s *Summary) EncodedSize() int {
	n := 64 + len(s.table.arena)
	if s.light != nil {
		n += 4 * len(s.light.words)
	}
	return n
}

// Decode reads the bytes that AppendBinary wrote; it keeps no part of them. It
// is strict: what AppendBinary could not have written is ErrCorrupt, but for an
// item that stands twice, which Bind finds. What it allocates is bounded by the
// length of the bytes. The summary is unbound: see Bind.
func Decode(b []byte) (*Summary, error) {
	r := reader{b: b}
	if len(b) < 3 || b[0] != magic {
		return nil, corrupt("%d bytes that do not begin as a summary does", len(b))
	}
	if b[1] != version {
		return nil, corrupt("version %d: this program reads version %d", b[1], version)
	}
	kind := b[2]
	if kind > kindSketched {
		return nil, corrupt("kind %d is unknown", kind)
	}
	r.i = 3
	s := &Summary{total: r.uvarint(math.MaxInt64, "total")}
	s.table = newTable(s.total, kind == kindSketched)
	if s.table.heavy {
		s.threshold = r.uvarint(math.MaxInt64, "threshold")
		s.fingerprint = binary.LittleEndian.Uint64(r.bytes(8, "seed fingerprint"))
		s.light = &light{
			width: int(r.uvarint(maxCells, "sketch width")),
			depth: int(r.uvarint(maxDepth, "sketch depth")),
			bits:  int(r.uvarint(mostBits, "bits of a cell")),
		}
	}
	counted, entry := r.records(s)
	if s.light != nil && r.err == nil {
		r.light(s.light)
	}
	switch {
	case r.err != nil:
		return nil, r.err
	case r.i != len(b):
		return nil, corrupt("%d bytes too many", len(b)-r.i)
	case counted > s.total, kind == kindExact && counted != s.total:
		return nil, corrupt("the counts add up to %d, the total is %d", counted, s.total)
	case max(s.threshold, entry) > s.total-counted:
		// What is not counted bounds whatever may have been missed.
		return nil, corrupt("a bound of %d, but only %d is not counted", max(s.threshold, entry), s.total-counted)
	}
	return s, nil
}

// reader reads from bytes until its first error; from there on it reads zeros.
type reader struct {
	b   []byte
	i   int
	err error
}

func (r *reader) uvarint(limit uint64, what string) uint64 {
	// Almost all numbers are a byte.
	if r.i < len(r.b) && r.b[r.i] < 0x80 && uint64(r.b[r.i]) <= limit && r.err == nil {
		r.i++
		return uint64(r.b[r.i-1])
	}
	v, n := binary.Uvarint(r.b[r.i:])
	if r.err == nil && (n <= 0 || v > limit || n > 1 && r.b[r.i+n-1] == 0) {
		r.err = corrupt("%s at byte %d is not a number up to %d", what, r.i, limit)
	}
	if r.err != nil {
		return 0
	}
	r.i += n
	return v
}

var zeros [8]byte

// bytes returns n bytes, at most 8 of zero where there are fewer.
func (r *reader) bytes(n int, what string) []byte {
	if r.err == nil && n > len(r.b)-r.i {
		r.err = corrupt("%s at byte %d is cut short", what, r.i)
	}
	if r.err != nil {
		return zeros[:min(n, len(zeros))]
	}
	r.i += n
	return r.b[r.i-n : r.i]
}

// records reads the table and returns the sum of its counts and its largest entry.
func (r *reader) records(s *Summary) (counted, largest uint64) {
	t := &s.table
	least := 2 // the bytes of an empty item's record
	if t.heavy {
		least = 3
	}
	left := len(r.b) - r.i
	n := int(r.uvarint(uint64(left/least), "number of items"))
	t.arena = make([]byte, 0, min((t.head-least)*n+left, maxArena))
	for range n {
		item, count, entry, ok := r.short(t.heavy)
		if !ok {
			item, count, entry = r.record(t.heavy)
		}
		if r.err == nil && (count == 0 || counted+count > math.MaxInt64) {
			r.err = corrupt("count %d of item %.40q", count, item)
		}
		if r.err == nil && len(t.arena)+t.head+len(item) > maxArena {
			r.err = ErrTooLarge
		}
		if r.err != nil {
			return 0, 0
		}
		counted += count
		largest = max(largest, entry)
		t.append(0, item, count, entry)
	}
	return counted, largest
}

// record reads an item's record.
func (r *reader) record(heavy bool) (item []byte, count, entry uint64) {
	size := r.uvarint(MaxItem, "item length")
	item = r.bytes(int(size), "item")
	count = r.uvarint(math.MaxInt64, "count")
	if heavy {
		entry = r.uvarint(math.MaxInt64, "entry")
	}
	return item, count, entry
}

// short is record for the commonest kind, all of whose numbers have one byte. It
// reads nothing where there is another, or a wrong one.
func (r *reader) short(heavy bool) (item []byte, count, entry uint64, ok bool) {
	b := r.b[r.i:]
	if len(b) == 0 || int(b[0])+2 >= len(b) || b[0] >= 0x80 {
		return nil, 0, 0, false
	}
	n := int(b[0]) + 1
	c, e, end := b[n], byte(0), n+1
	if heavy {
		e, end = b[n+1], n+2
	}
	if c == 0 || c|e >= 0x80 || r.err != nil {
		return nil, 0, 0, false
	}
	r.i += end
	return b[1:n], uint64(c), uint64(e), true
}

func (l *light) appendBinary(b []byte) []byte {
	for words := l.words; len(words) > 0; {
		n := min(blockCells*l.bits/64, len(words))
		width := widest(words[:n], l.bits)
		b = append(b, byte(width))
		b = pack(b, words[:n], l.bits, width)
		words = words[n:]
	}
	return b
}

// widest is the number of bits that the largest cell needs.
func widest(words []uint64, cell int) int {
	var any uint64
	for _, w := range words {
		any |= w
	}
	for n := 32; n >= cell; n /= 2 {
		any |= any >> n
	}
	return bits.Len64(any & (1<<cell - 1))
}

// pack appends the cells of the words with width bits each, little-endian, the
// last byte filled up with zeros.
func pack(b []byte, words []uint64, cell, width int) []byte {
	if width == 0 {
		return b
	}
	used := 64 / cell * width // bits of a word
	var acc uint64
	n := 0
	for _, w := range words {
		w = squeeze(w, cell, width)
		acc |= w << n
		if n += used; n >= 64 {
			b = binary.LittleEndian.AppendUint64(b, acc)
			n -= 64
			acc = w >> (used - n)
		}
	}
	for ; n > 0; n -= 8 {
		b = append(b, byte(acc))
		acc >>= 8
	}
	return b
}

// The even ones of cells of 8, 16 and 32 bits.
const (
	even8  = 0x00ff00ff00ff00ff
	even16 = 0x0000ffff0000ffff
	even32 = 0x00000000ffffffff
)

// squeeze moves the cells of a word, of which width bits are used, together: of
// two neighbours each time, then of pairs, then of fours.
func squeeze(w uint64, cell, width int) uint64 {
	if cell == 8 {
		w = w&even8 | w&^even8>>(8-width)
		cell, width = 16, 2*width
	}
	if cell == 16 {
		w = w&even16 | w&^even16>>(16-width)
		width *= 2
	}
	return w&even32 | w&^even32>>(32-width)
}

// spread is squeeze backwards.
func spread(w uint64, cell, width int) uint64 {
	half := 32 / cell * width
	w = w&(1<<half-1) | w>>half<<32
	if cell <= 16 {
		half /= 2
		low := uint64(1)<<half - 1
		low |= low << 32
		w = w&low | w>>half&low<<16
	}
	if cell == 8 {
		low := lanes16 * (uint64(1)<<width - 1)
		w = w&low | w>>width&low<<8
	}
	return w
}

// light reads the cells of l, whose shape is read already.
func (r *reader) light(l *light) {
	if l.width < 2 || l.width%2 != 0 || l.width > maxCells || l.depth < 1 || l.depth > maxCells/l.width ||
		l.bits != 8 && l.bits != 16 && l.bits != 32 {
		r.err = corrupt("a sketch of %d×%d cells of %d bits", l.depth, l.width, l.bits)
		return
	}
	if blocks := (l.cells() + blockCells - 1) / blockCells; blocks > len(r.b)-r.i {
		r.err = corrupt("a sketch of %d×%d cells in %d bytes", l.depth, l.width, len(r.b)-r.i)
		return
	}
	l.words = newLight(l.width, l.depth).words
	for rest := l.words; len(rest) > 0 && r.err == nil; {
		n := min(blockCells*l.bits/64, len(rest))
		at := r.i
		width := int(r.uvarint(uint64(l.bits), "bits of a cell"))
		packed := r.bytes((n*64/l.bits*width+7)/8, "cells")
		if r.err == nil && !unpack(rest[:n], packed, l.bits, width) {
			r.err = corrupt("the cells at byte %d are not packed with %d bits", at, width)
		}
		rest = rest[n:]
	}
	l.measure()
}

// unpack reads the cells of the words from what pack wrote, and tells whether
// pack would write it.
func unpack(words []uint64, b []byte, cell, width int) bool {
	if width == 0 {
		return true // they are all 0
	}
	used := 64 / cell * width
	// With room behind them, all bits of a word are in the two words that follow
	// its first byte.
	var buf [blockCells*mostBits/8 + 16]byte
	copy(buf[:], b)
	at := 0
	for i := range words {
		lo := binary.LittleEndian.Uint64(buf[at/8:]) >> (at % 8)
		hi := binary.LittleEndian.Uint64(buf[at/8+8:]) << (64 - at%8)
		words[i] = spread((lo|hi)&(1<<used-1), cell, width)
		at += used
	}
	return buf[at/8]>>(at%8) == 0 && widest(words, cell) == width
}
