package frequentstrings

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
)

// ErrCorrupt: bytes are not those of a frequent-strings sketch.
var ErrCorrupt = errors.New("corrupt frequent-strings sketch")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// A Sketch is what the bytes of a frequent-strings sketch say. The zero value is
// the sketch of nothing.
type Sketch struct {
	total  uint64
	offset uint64
	counts map[string]uint64
}

// Total is the weight of everything that was counted.
func (s *Sketch) Total() uint64 { return s.total }

// MaximumError is the distance between the bounds of each item. The count of an
// item that the sketch does not have is no more than it.
func (s *Sketch) MaximumError() uint64 { return s.offset }

// Items is how many items the sketch has.
func (s *Sketch) Items() int { return len(s.counts) }

// All iterates over the items that the sketch has, with their lower bounds, in no
// particular order.
func (s *Sketch) All() iter.Seq2[string, uint64] { return maps.All(s.counts) }

// Lower is what the item's true count is at least.
func (s *Sketch) Lower(item string) uint64 { return s.counts[item] }

// Upper is what the item's true count is at most.
func (s *Sketch) Upper(item string) uint64 { return s.counts[item] + s.offset }

// Estimate is the count that Apache's libraries show: the upper bound of an item
// that the sketch has, and 0 for any other.
func (s *Sketch) Estimate(item string) uint64 {
	if s.counts[item] == 0 {
		return 0
	}
	return s.Upper(item)
}

// Decode reads a sketch of Crest's or of Apache's libraries, and keeps no part of
// its bytes. It is strict: what none of them writes is ErrCorrupt, but for the
// bytes of the preamble that have no meaning. What it allocates is bounded by the
// length of the bytes. Items are any bytes here, as in C++.
func Decode(b []byte) (*Sketch, error) {
	if len(b) < wordBytes {
		return nil, corrupt("%d bytes, where %d are the least", len(b), wordBytes)
	}
	words, lgMax, lgCur, empty := b[0], int(b[3]), int(b[4]), b[5]&flagsEmpty != 0
	switch {
	case b[1] != serialVersion:
		return nil, corrupt("version %d, not %d", b[1], serialVersion)
	case b[2] != family:
		return nil, corrupt("a sketch of family %d, not %d", b[2], family)
	case lgCur < lgLeast || lgCur > lgMax || lgMax > lgLimit:
		return nil, corrupt("a table of 2^%d places, and of at most 2^%d", lgCur, lgMax)
	case empty && (words != preambleEmpty || len(b) != wordBytes):
		return nil, corrupt("a sketch of nothing in %d bytes, with a preamble of %d words", len(b), words)
	case empty:
		return new(Sketch), nil
	case words != preambleFilled || len(b) < preambleBytes:
		return nil, corrupt("%d bytes with a preamble of %d words", len(b), words)
	}
	n := int(binary.LittleEndian.Uint32(b[8:]))
	s := &Sketch{total: binary.LittleEndian.Uint64(b[16:]), offset: binary.LittleEndian.Uint64(b[24:])}
	b = b[preambleBytes:]
	switch {
	case n == 0 || n > capacity(lgCur):
		return nil, corrupt("%d items in a table of 2^%d places", n, lgCur)
	case n > len(b)/recordBytes:
		return nil, corrupt("%d items in %d bytes", n, len(b))
	case s.total > math.MaxInt64:
		return nil, corrupt("the total %d is over 2^63-1", s.total)
	}
	if err := s.readItems(b[8*n:], b[:8*n]); err != nil {
		return nil, err
	}
	return s, nil
}

// readItems reads the items, and to each its count.
func (s *Sketch) readItems(b, counts []byte) error {
	s.counts = make(map[string]uint64, len(counts)/8)
	left := s.total
	for ; len(counts) > 0; counts = counts[8:] {
		count := binary.LittleEndian.Uint64(counts)
		if count == 0 || count > left {
			return corrupt("a count of %d, where %d of the total are left", count, left)
		}
		left -= count
		if len(b) < 4 {
			return corrupt("it ends early")
		}
		size := binary.LittleEndian.Uint32(b)
		if b = b[4:]; uint64(size) > uint64(len(b)) {
			return corrupt("an item of %d bytes, where %d are left", size, len(b))
		}
		item := string(b[:size])
		if b = b[size:]; s.counts[item] > 0 {
			return corrupt("the item %.40q stands twice", item)
		}
		s.counts[item] = count
	}
	switch {
	case len(b) > 0:
		return corrupt("%d bytes are left over", len(b))
	case s.offset > left:
		// What is not counted bounds whatever may have been missed.
		return corrupt("an offset of %d, but only %d is not counted", s.offset, left)
	}
	return nil
}
