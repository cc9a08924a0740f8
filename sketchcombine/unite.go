package sketchcombine

import (
	"encoding/binary"
	"errors"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/sketchcombine/summary"
)

// UniteFn unites the lists of a segment's shards, which have no item in common,
// into one of K rows: a CombineFn from List to List.
type UniteFn struct {
	K int
}

func init() {
	beam.RegisterType(reflect.TypeFor[summary.List]())
	register.Function1x1(encodeList)
	register.Function1x2(decodeList)
	beam.RegisterCoder(reflect.TypeFor[summary.List](), encodeList, decodeList)
	register.Combiner1[summary.List](&UniteFn{})
}

// CreateAccumulator returns an empty list.
func (fn *UniteFn) CreateAccumulator() summary.List { return summary.List{} }

// AddInput unites two lists into a new one.
func (fn *UniteFn) AddInput(a, b summary.List) summary.List { return summary.Unite(fn.K, a, b) }

// MergeAccumulators is AddInput.
func (fn *UniteFn) MergeAccumulators(a, b summary.List) summary.List { return fn.AddInput(a, b) }

func encodeList(l summary.List) []byte {
	b := make([]byte, 0, 24+32*len(l.Rows))
	b = binary.AppendUvarint(b, l.Total)
	b = binary.AppendUvarint(b, l.Outside)
	for _, r := range l.Rows {
		certain := uint64(0)
		if r.Certain {
			certain = 1
		}
		b = binary.AppendUvarint(b, uint64(len(r.Item)))
		b = append(b, r.Item...)
		for _, v := range [...]uint64{r.Count, r.Lower, r.Upper, certain} {
			b = binary.AppendUvarint(b, v)
		}
	}
	return b
}

func decodeList(b []byte) (summary.List, error) {
	ok := true
	uvarint := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok = false
			return 0
		}
		b = b[n:]
		return v
	}
	l := summary.List{Total: uvarint(), Outside: uvarint()}
	for ok && len(b) > 0 {
		n := uvarint()
		if n > uint64(len(b)) {
			ok = false
			break
		}
		item := string(b[:n])
		b = b[n:]
		l.Rows = append(l.Rows, summary.Row{Item: item, Count: uvarint(), Lower: uvarint(), Upper: uvarint(), Certain: uvarint() == 1})
	}
	if !ok {
		return summary.List{}, errors.New("decoding a list: it is cut short")
	}
	return l, nil
}
