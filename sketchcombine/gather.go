package sketchcombine

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/sketchcombine/summary"
)

// A Part is the summary of one key.
type Part struct {
	Key     Key
	Summary Summary
}

// Parts are the summaries of several keys, one of each, in the order of the keys.
// They travel as one element.
type Parts struct{ All []Part }

// Top is the list of the k heaviest items of all parts, which must be the shards
// of one segment.
func (p Parts) Top(k int) summary.List {
	lists := make([]summary.List, len(p.All))
	for i, part := range p.All {
		lists[i] = part.Summary.Top(k)
	}
	return summary.Unite(k, lists...)
}

// A Gathering is the accumulator of GatherFn: its parts by key.
type Gathering struct {
	parts map[Key]Merging
}

// GatherFn gathers summaries and merges those of one key: a CombineFn from Parts
// to Parts.
type GatherFn struct {
	Config summary.Config
}

func init() {
	beam.RegisterType(reflect.TypeFor[Parts]())
	beam.RegisterType(reflect.TypeFor[Gathering]())
	register.Function1x1(encodeParts)
	register.Function1x2(decodeParts)
	register.Function1x1(encodeGathering)
	register.Function1x2(decodeGathering)
	beam.RegisterCoder(reflect.TypeFor[Parts](), encodeParts, decodeParts)
	beam.RegisterCoder(reflect.TypeFor[Gathering](), encodeGathering, decodeGathering)
	register.Combiner3[Gathering, Parts, Parts](&GatherFn{})
}

// CreateAccumulator returns an accumulator of nothing.
func (fn *GatherFn) CreateAccumulator() Gathering { return Gathering{make(map[Key]Merging)} }

// AddInput merges parts into the accumulator and leaves them alone.
func (fn *GatherFn) AddInput(a Gathering, in Parts) (Gathering, error) {
	for _, p := range in.All {
		if err := fn.add(a, p.Key, Merging{s: p.Summary}); err != nil {
			return a, err
		}
	}
	return a, nil
}

// MergeAccumulators merges b into a.
func (fn *GatherFn) MergeAccumulators(a, b Gathering) (Gathering, error) {
	for key, m := range b.parts {
		if err := fn.add(a, key, m); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (fn *GatherFn) add(a Gathering, key Key, m Merging) error {
	merged, err := (&MergeFn{fn.Config}).MergeAccumulators(a.parts[key], m)
	if err != nil {
		return fmt.Errorf("merging shard %d of segment %q: %w", key.Shard, key.Segment, err)
	}
	a.parts[key] = merged
	return nil
}

// ExtractOutput returns what was gathered.
func (fn *GatherFn) ExtractOutput(a Gathering) Parts {
	p := Parts{make([]Part, 0, len(a.parts))}
	for key, m := range a.parts {
		p.All = append(p.All, Part{key, (&MergeFn{fn.Config}).ExtractOutput(m)})
	}
	slices.SortFunc(p.All, func(a, b Part) int {
		return cmp.Or(strings.Compare(a.Key.Segment, b.Key.Segment), cmp.Compare(a.Key.Shard, b.Key.Shard))
	})
	return p
}

// The bytes of parts are their keys and their summaries, each behind its length.
func encodeParts(p Parts) []byte {
	bodies := make([][]byte, len(p.All))
	size := 0
	for i, part := range p.All {
		bodies[i] = encodeSummary(part.Summary)
		size += len(part.Key.Segment) + len(bodies[i]) + 4*binary.MaxVarintLen32
	}
	b := make([]byte, 0, size)
	for i, part := range p.All {
		key := encodeKey(part.Key)
		b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
		b = append(binary.AppendUvarint(b, uint64(len(bodies[i]))), bodies[i]...)
	}
	return b
}

func decodeParts(b []byte) (p Parts, err error) {
	var key, body []byte
	for len(b) > 0 {
		if key, b, err = cutBytes(b); err != nil {
			return Parts{}, err
		}
		if body, b, err = cutBytes(b); err != nil {
			return Parts{}, err
		}
		var part Part
		if part.Key, err = decodeKey(key); err != nil {
			return Parts{}, err
		}
		if part.Summary, err = decodeSummary(body); err != nil {
			return Parts{}, err
		}
		p.All = append(p.All, part)
	}
	return p, nil
}

// cutBytes takes bytes off the front of b that stand behind their length.
func cutBytes(b []byte) (p, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, errors.New("decoding parts: they are cut short")
	}
	return b[size : size+int(n)], b[size+int(n):], nil
}

func encodeGathering(a Gathering) []byte {
	var p Parts
	for key, m := range a.parts {
		p.All = append(p.All, Part{key, m.s})
	}
	return encodeParts(p)
}

func decodeGathering(b []byte) (Gathering, error) {
	p, err := decodeParts(b)
	a := Gathering{make(map[Key]Merging, len(p.All))}
	for _, part := range p.All {
		a.parts[part.Key] = Merging{s: part.Summary, owned: !part.Summary.shared}
	}
	return a, err
}
