package sketchcombine

import (
	"bytes"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/reference"
	"crest/sketchcombine/summary"
)

// A Summary is a summary on its way through a pipeline. Nobody changes it.
type Summary struct {
	*summary.Summary
	// encoded are its bytes, where they are made already.
	encoded []byte
	// shared tells that it was passed by reference.
	shared bool
}

// In one process large summaries are passed by reference.
var references = reference.New[*summary.Summary]()

// Encoded returns a Summary that carries its bytes: whoever has cores to spare
// makes them ahead of the runner, which encodes one element after another.
func Encoded(s *summary.Summary) Summary {
	b := references.To(s, s.EncodedSize())
	if b == nil {
		b = s.AppendBinary(make([]byte, 0, s.EncodedSize()))
	}
	return Summary{Summary: s, encoded: b}
}

// A Merging is the accumulator of MergeFn.
type Merging struct {
	s Summary
	// owned tells that s is the accumulator's own and may be changed. A lone
	// input is adopted as it is: Beam shares inputs between windows, and most
	// panes of a batch have but one.
	owned bool
}

// MergeFn merges summaries: a CombineFn from Summary to Summary. No budget in
// its Config makes it exact.
type MergeFn struct {
	Config summary.Config
}

func init() {
	beam.RegisterType(reflect.TypeFor[Summary]())
	beam.RegisterType(reflect.TypeFor[Merging]())
	register.Function1x1(encodeSummary)
	register.Function1x2(decodeSummary)
	register.Function1x1(encodeMerging)
	register.Function1x2(decodeMerging)
	beam.RegisterCoder(reflect.TypeFor[Summary](), encodeSummary, decodeSummary)
	beam.RegisterCoder(reflect.TypeFor[Merging](), encodeMerging, decodeMerging)
	register.Combiner3[Merging, Summary, Summary](&MergeFn{})
}

// CreateAccumulator returns an accumulator of nothing.
func (fn *MergeFn) CreateAccumulator() Merging { return Merging{} }

// AddInput merges a summary into the accumulator and leaves the summary alone.
func (fn *MergeFn) AddInput(a Merging, in Summary) (Merging, error) {
	return fn.MergeAccumulators(a, Merging{s: in})
}

// MergeAccumulators merges b into a.
func (fn *MergeFn) MergeAccumulators(a, b Merging) (Merging, error) {
	switch {
	case a.s.Summary == nil:
		return b, nil
	case b.s.Summary == nil:
		return a, nil
	case b.owned && !a.owned:
		a, b = b, a
	case !a.owned:
		a = Merging{s: Summary{Summary: a.s.Clone()}, owned: true}
	}
	for _, m := range [...]Merging{a, b} {
		if m.owned && !m.s.Bound() { // what is not its own is not changed: Merge binds a copy
			if err := m.s.Bind(&fn.Config); err != nil {
				return a, err
			}
		}
	}
	return a, a.s.Merge(b.s.Summary)
}

// ExtractOutput returns what was merged.
func (fn *MergeFn) ExtractOutput(a Merging) Summary {
	if a.s.Summary == nil {
		return Summary{Summary: summary.New(&fn.Config)}
	}
	return a.s
}

func encodeSummary(s Summary) []byte {
	if s.encoded == nil {
		s = Encoded(s.Summary)
	}
	return s.encoded
}

func decodeSummary(b []byte) (Summary, error) {
	s, shared, err := references.Find(b)
	if shared {
		return Summary{s, bytes.Clone(b), true}, err
	}
	s, err = summary.Decode(b)
	return Summary{Summary: s}, err
}

// An empty accumulator has no bytes; any other has its summary's.
func encodeMerging(a Merging) []byte {
	if a.s.Summary == nil {
		return []byte{}
	}
	return encodeSummary(a.s)
}

func decodeMerging(b []byte) (Merging, error) {
	if len(b) == 0 {
		return Merging{}, nil
	}
	s, err := decodeSummary(b)
	return Merging{s: s, owned: !s.shared}, err
}
