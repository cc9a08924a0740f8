package sketchcombine

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/sketchcombine/summary"
)

// A Shard is the summary of one shard of a segment's items.
type Shard struct {
	Shard   int
	Summary Summary
}

// Shards are the summaries of a segment's shards, one of each, by number.
type Shards struct{ All []Shard }

// Top is the list of the segment's k heaviest items.
func (s Shards) Top(k int) summary.List {
	lists := make([]summary.List, len(s.All))
	for i, shard := range s.All {
		lists[i] = shard.Summary.Top(k)
	}
	return summary.Unite(k, lists...)
}

// A Gathering is the accumulator of GatherFn.
type Gathering struct {
	shards []gathered
}

// gathered is the merging of one shard's summaries.
type gathered struct {
	shard int
	Merging
}

// GatherFn gathers the summaries of a segment, merging those of one shard: a
// CombineFn from Shard to Shards.
type GatherFn struct {
	Config summary.Config
}

func init() {
	beam.RegisterType(reflect.TypeFor[Shard]())
	beam.RegisterType(reflect.TypeFor[Shards]())
	beam.RegisterType(reflect.TypeFor[Gathering]())
	register.Function1x1(encodeShard)
	register.Function1x2(decodeShard)
	register.Function1x1(encodeShards)
	register.Function1x2(decodeShards)
	register.Function1x1(encodeGathering)
	register.Function1x2(decodeGathering)
	beam.RegisterCoder(reflect.TypeFor[Shard](), encodeShard, decodeShard)
	beam.RegisterCoder(reflect.TypeFor[Shards](), encodeShards, decodeShards)
	beam.RegisterCoder(reflect.TypeFor[Gathering](), encodeGathering, decodeGathering)
	register.Combiner3[Gathering, Shard, Shards](&GatherFn{})
}

// CreateAccumulator returns an accumulator of nothing.
func (fn *GatherFn) CreateAccumulator() Gathering { return Gathering{} }

// AddInput merges a shard's summary into the accumulator and leaves it alone.
func (fn *GatherFn) AddInput(a Gathering, in Shard) (Gathering, error) {
	return fn.add(a, gathered{in.Shard, Merging{s: in.Summary}})
}

// MergeAccumulators merges b into a.
func (fn *GatherFn) MergeAccumulators(a, b Gathering) (Gathering, error) {
	for _, g := range b.shards {
		var err error
		if a, err = fn.add(a, g); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (fn *GatherFn) add(a Gathering, g gathered) (Gathering, error) {
	i, found := slices.BinarySearchFunc(a.shards, g.shard, func(g gathered, shard int) int { return cmp.Compare(g.shard, shard) })
	if !found {
		return Gathering{slices.Insert(slices.Clip(a.shards), i, g)}, nil
	}
	merged, err := (&MergeFn{fn.Config}).MergeAccumulators(a.shards[i].Merging, g.Merging)
	if err != nil {
		return a, fmt.Errorf("merging shard %d: %w", g.shard, err)
	}
	a.shards = slices.Clone(a.shards)
	a.shards[i].Merging = merged
	return a, nil
}

// ExtractOutput returns what was gathered.
func (fn *GatherFn) ExtractOutput(a Gathering) Shards {
	all := make([]Shard, len(a.shards))
	for i, g := range a.shards {
		all[i] = Shard{g.shard, (&MergeFn{fn.Config}).ExtractOutput(g.Merging)}
	}
	return Shards{all}
}

// A shard's bytes are its number and its summary's.
func encodeShard(s Shard) []byte {
	b := encodeSummary(s.Summary)
	return append(binary.AppendUvarint(make([]byte, 0, 5+len(b)), uint64(s.Shard)), b...)
}

func decodeShard(b []byte) (Shard, error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > 1<<31 {
		return Shard{}, errors.New("decoding a shard: no number")
	}
	s, err := decodeSummary(b[size:])
	return Shard{int(n), s}, err
}

// The bytes of several shards are theirs, each behind its length.
func encodeShards(s Shards) []byte {
	b := []byte{}
	for _, shard := range s.All {
		p := encodeShard(shard)
		b = binary.AppendUvarint(slices.Grow(b, 5+len(p)), uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

func decodeShards(b []byte) (Shards, error) {
	var s Shards
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return Shards{}, errors.New("decoding shards: they are cut short")
		}
		shard, err := decodeShard(b[size : size+int(n)])
		if err != nil {
			return Shards{}, err
		}
		s.All = append(s.All, shard)
		b = b[size+int(n):]
	}
	return s, nil
}

func encodeGathering(a Gathering) []byte {
	s := Shards{make([]Shard, len(a.shards))}
	for i, g := range a.shards {
		s.All[i] = Shard{g.shard, g.s}
	}
	return encodeShards(s)
}

func decodeGathering(b []byte) (Gathering, error) {
	s, err := decodeShards(b)
	a := Gathering{make([]gathered, len(s.All))}
	for i, shard := range s.All {
		a.shards[i] = gathered{shard.Shard, Merging{s: shard.Summary, owned: true}}
	}
	return a, err
}
