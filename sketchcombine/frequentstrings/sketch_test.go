package frequentstrings

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"crest/sketchcombine/summary"
)

// valid is a sketch of two items: "ab" 5 times, "c" 3 times, 12 in all, within 4.
func valid() []byte {
	b := []byte{4, 1, 10, 5, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}
	for _, word := range []uint64{12, 4, 5, 3} {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	return append(b, 2, 0, 0, 0, 'a', 'b', 1, 0, 0, 0, 'c')
}

func TestDecode(t *testing.T) {
	s, err := Decode(valid())
	if err != nil {
		t.Fatal(err)
	}
	if s.Total() != 12 || s.MaximumError() != 4 || s.Items() != 2 {
		t.Errorf("total %d, maximum error %d, %d items", s.Total(), s.MaximumError(), s.Items())
	}
	for item, want := range map[string]bounds{"ab": {9, 5, 9}, "c": {7, 3, 7}, "d": {0, 0, 4}} {
		if got := (bounds{s.Estimate(item), s.Lower(item), s.Upper(item)}); got != want {
			t.Errorf("%q: %v, want %v", item, got, want)
		}
	}
	for _, flags := range []byte{1, 4, 5} { // of older C++, of Java, of newer C++
		if s, err := Decode([]byte{1, 1, 10, 5, 3, flags, 0, 0}); err != nil || s.Total() != 0 || s.Items() != 0 || s.Upper("a") != 0 {
			t.Errorf("nothing, with flags %d: %v, %v", flags, s, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	with := func(at int, c ...byte) []byte {
		b := valid()
		copy(b[at:], c)
		return b
	}
	most := binary.LittleEndian.AppendUint64(nil, math.MaxUint64)
	for name, b := range map[string][]byte{
		"no bytes":                   nil,
		"half a preamble":            valid()[:16],
		"a preamble of 1 word":       with(0, 1),
		"version 2":                  with(1, 2),
		"another family":             with(2, 7),
		"a table that is too small":  with(4, 2),
		"a table above its maximum":  with(4, 6),
		"an impossible table":        with(3, 31, 31),
		"empty, with items":          with(5, 4),
		"empty, with a long head":    {4, 1, 10, 5, 3, 4, 0, 0},
		"empty, with more bytes":     {1, 1, 10, 5, 3, 4, 0, 0, 0},
		"no items, and not empty":    with(8, 0),
		"more items than the table":  with(8, 7),
		"more items than bytes":      with(3, 30, 30, 0, 0, 0, 0, 0, 0, 32),
		"a total over 2^63-1":        with(16, most...),
		"a total under the counts":   with(16, 7),
		"an offset over what's left": with(24, 5),
		"a huge offset":              with(24, most...),
		"a count of 0":               with(40, 0),
		"a huge count":               with(32, most...),
		"counts that wrap":           with(32, slices.Concat(most, []byte{9})...),
		"an item that is cut":        with(54, 2),
		"a length that is cut":       with(48, 5),
		"a huge length":              with(48, 255, 255, 255, 255),
		"bytes left over":            append(valid(), 0),
		"an item twice":              slices.Concat(valid()[:54], []byte{2, 0, 0, 0, 'a', 'b'}),
	} {
		if s, err := Decode(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	for n := range valid() {
		if _, err := Decode(valid()[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
}

// FuzzDecode: bytes are refused, or their bounds make sense.
func FuzzDecode(f *testing.F) {
	f.Add(valid())
	f.Add([]byte{1, 1, 10, 5, 3, 5, 0, 0})
	var exact summary.Config
	f.Add(summarize(f, "characters", &exact, characters()).sketch(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Error(err)
			}
			return
		}
		var counted uint64
		bytes := 0
		for item, lower := range s.All() {
			counted += lower
			bytes += len(item) + recordBytes
			if upper := s.Upper(item); lower == 0 || lower > upper || upper > s.Total() || s.Estimate(item) != upper {
				t.Errorf("%q: [%d, %d] of %d", item, lower, upper, s.Total())
			}
		}
		if counted+s.MaximumError() > s.Total() || s.Total() > math.MaxInt64 {
			t.Errorf("%d are counted, and %d may be missed, of %d", counted, s.MaximumError(), s.Total())
		}
		if s.Items() > 0 && bytes+preambleBytes != len(b) {
			t.Errorf("%d items in %d bytes are read from %d", s.Items(), bytes, len(b))
		}
	})
}
