// Package sketchcombine is where summaries meet Beam: the CombineFns that merge
// them and the coders of what flows between the transforms. The summaries
// themselves are in crest/sketchcombine/summary, which knows no Beam.
package sketchcombine

import (
	"encoding/binary"
	"errors"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/coder"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

// A Key is what summaries are kept apart by within a window.
type Key struct {
	Segment string
	// Shard is the shard of the segment's items, from 0.
	Shard int
}

func init() {
	beam.RegisterType(reflect.TypeFor[Key]())
	// By name, so that a binary without symbols finds them.
	register.Function1x1(encodeKey)
	register.Function1x2(decodeKey)
	coder.RegisterDeterministicCoder(reflect.TypeFor[Key](), encodeKey, decodeKey)
}

func encodeKey(k Key) []byte {
	return append(binary.AppendUvarint(nil, uint64(k.Shard)), k.Segment...)
}

func decodeKey(b []byte) (Key, error) {
	shard, n := binary.Uvarint(b)
	if n <= 0 || shard > 1<<31 {
		return Key{}, errors.New("decoding a key: no shard")
	}
	return Key{Segment: string(b[n:]), Shard: int(shard)}, nil
}
