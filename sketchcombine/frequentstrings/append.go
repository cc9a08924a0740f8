package frequentstrings

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"crest/sketchcombine/summary"
)

// What Append writes at most. Beside it a row of BigQuery, of at most 10 MB, has
// room for the summary itself.
const (
	// MaxItems is the number of items.
	MaxItems = 1 << lgMost / 4 * 3
	// MaxBytes is the length of the sketch in bytes.
	MaxBytes = 1 << 20
)

// ErrNoItem: a summary has weight and names no item, which the layout can't say.
// No summary that was counted is one.
var ErrNoItem = errors.New("the summary has a total and no item")

// A candidate is an item that the summary counts, and the bounds of its count.
type candidate struct {
	item         []byte
	lower, upper uint64
}

// Append appends the sketch of a summary to b. Of a summary with more items than
// MaxItems and MaxBytes have room for it has those of the largest upper bounds,
// and its offset bounds the others too.
func Append(b []byte, s *summary.Summary) ([]byte, error) {
	all := make([]candidate, 0, s.Items())
	s.Each(func(item []byte, lower, upper uint64) bool {
		all = append(all, candidate{item, lower, upper})
		return true
	})
	if len(all) == 0 {
		if s.Total() > 0 {
			return nil, ErrNoItem
		}
		return append(b, preambleEmpty, serialVersion, family, lgMost, lgLeast, flagsEmpty, 0, 0), nil
	}
	n := room(all)
	if n < len(all) {
		slices.SortFunc(all, byUpper)
		n = room(all)
	}
	kept := all[:n]

	b = append(b, preambleFilled, serialVersion, family, lgMost, byte(lgFor(len(kept))), 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(kept)))
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, s.Total())
	b = binary.LittleEndian.AppendUint64(b, offset(s.Threshold(), kept, all[n:]))
	for _, c := range kept {
		b = binary.LittleEndian.AppendUint64(b, c.lower)
	}
	for _, c := range kept {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(c.item)))
		b = append(b, c.item...)
	}
	return b, nil
}

// byUpper orders candidates by their upper bounds, the largest first.
func byUpper(x, y candidate) int {
	if c := cmp.Compare(y.upper, x.upper); c != 0 {
		return c
	}
	return bytes.Compare(x.item, y.item)
}

// room is how many of the candidates, from the first on, there is room for: at
// least one.
func room(all []candidate) int {
	size := preambleBytes
	for i, c := range all {
		if size += recordBytes + len(c.item); i == MaxItems || size > MaxBytes {
			return i
		}
	}
	return len(all)
}

// offset bounds what the counts miss: of items that are kept, that are left out,
// in order of their upper bounds, and that were no candidates.
func offset(threshold uint64, kept, left []candidate) uint64 {
	most := threshold
	for _, c := range kept {
		most = max(most, c.upper-c.lower)
	}
	if len(left) > 0 {
		most = max(most, left[0].upper)
	}
	return most
}
