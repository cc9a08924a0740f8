package files

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
)

// Range is the part of a file that a bundle reads: the blocks, in stored bytes,
// that start in [Start, End). A Whole range is a stream that can only be read
// from its start to its end; it is never split.
type Range struct {
	Start, End int64
	Whole      bool
}

func (r Range) offsets() offsetrange.Restriction {
	return offsetrange.Restriction{Start: r.Start, End: r.End}
}

func encodeRange(r Range) []byte {
	b := binary.AppendVarint(nil, r.Start)
	b = binary.AppendVarint(b, r.End)
	if r.Whole {
		return append(b, 1)
	}
	return append(b, 0)
}

func decodeRange(b []byte) (Range, error) {
	start, n := binary.Varint(b)
	end, m := binary.Varint(b[max(n, 0):])
	if n <= 0 || m <= 0 || len(b) != n+m+1 || b[n+m] > 1 {
		return Range{}, fmt.Errorf("decoding a file range from %d bytes", len(b))
	}
	return Range{Start: start, End: end, Whole: b[n+m] == 1}, nil
}

// tracker tracks a Range: an offset tracker that does not split whole files.
type tracker struct {
	*offsetrange.Tracker
	whole bool
}

func newTracker(r Range) *tracker {
	return &tracker{Tracker: offsetrange.NewTracker(r.offsets()), whole: r.Whole}
}

// TrySplit splits what is not claimed. A whole file has no residual.
func (t *tracker) TrySplit(fraction float64) (primary, residual any, err error) {
	if t.whole {
		return t.GetRestriction(), nil, nil
	}
	p, r, err := t.Tracker.TrySplit(fraction)
	if err != nil || r == nil {
		return t.GetRestriction(), nil, err
	}
	rest := r.(offsetrange.Restriction)
	return t.rangeOf(p.(offsetrange.Restriction)), t.rangeOf(rest), nil
}

// GetRestriction returns the Range as it is after splits.
func (t *tracker) GetRestriction() any {
	return t.rangeOf(t.Tracker.GetRestriction().(offsetrange.Restriction))
}

func (t *tracker) rangeOf(r offsetrange.Restriction) Range {
	return Range{Start: r.Start, End: r.End, Whole: t.whole}
}
