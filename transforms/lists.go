package transforms

import (
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/sketchcombine"
	"crest/sketchcombine/summary"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[topFn]())
}

// TopK ranks: from a level's PCollection<KV<Key, Summary>> to
// PCollection<KV<segment, summary.List>> in the same windows, each list the k
// heaviest items of a segment. Each shard is ranked where it is, so that only k
// rows of it travel.
func TopK(s beam.Scope, k int, summaries beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.TopK")
	return beam.CombinePerKey(s, &sketchcombine.UniteFn{K: k}, beam.ParDo(s, &topFn{K: k}, summaries))
}

type topFn struct{ K int }

func (fn *topFn) ProcessElement(key sketchcombine.Key, s sketchcombine.Summary) (string, summary.List) {
	return key.Segment, s.Top(fn.K)
}
