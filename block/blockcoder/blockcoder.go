// Package blockcoder gives block.Block its Beam coder. Whoever puts blocks into
// a PCollection imports it, for its effect.
package blockcoder

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/block"
)

func init() {
	t := reflect.TypeFor[block.Block]()
	beam.RegisterType(t)
	// By name, so that a binary without symbols finds them.
	register.Function1x2(encode)
	register.Function1x2(block.Decode)
	beam.RegisterCoder(t, encode, block.Decode)
	register.Emitter1[block.Block]()
	register.Emitter2[beam.EventTime, block.Block]()
}

func encode(b block.Block) ([]byte, error) {
	return b.AppendBinary(make([]byte, 0, len(b.Data)+8*b.Rows()))
}
