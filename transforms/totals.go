package transforms

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/coder"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/state"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/sketchcombine"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[bySegmentFn]())
	beam.RegisterDoFn(reflect.TypeFor[outliveFn]())
	beam.RegisterDoFn(reflect.TypeFor[totalFn]())
	beam.RegisterType(reflect.TypeFor[sumKey]())
	register.Function1x1(encodeSumKey)
	register.Function1x2(decodeSumKey)
	coder.RegisterDeterministicCoder(reflect.TypeFor[sumKey](), encodeSumKey, decodeSumKey)
	register.Emitter2[string, sketchcombine.Parts]()
	register.Emitter3[beam.EventTime, string, sketchcombine.Parts]()
}

// settle is how long the shards of a segment are waited for.
const settle = 300 * time.Millisecond

// Totals adds up what is known of each segment: from a level's deltas to
// PCollection<KV<segment, sketchcombine.Parts>>, the shards of a segment, each
// with everything that came until then, in tumbling windows of the level's
// period: a window that has fired stands at its last millisecond, which is in just
// one of these, and that one ends where it does, also where the level's overlap. A
// window has a total soon after each delta, whatever the watermark. Only ParDos
// may stand behind it: a grouping would add up what was added up, and drop what
// goes back to its window as late.
//
// The sums are state, one for a segment and window, however many deltas come. A
// grouping that accumulates would keep them all, and merge them all each time.
func Totals(s beam.Scope, merge *sketchcombine.MergeFn, pane time.Duration, level LiveLevel) beam.PCollection {
	s = s.Scope("transforms.Totals")
	period, lateness := level.Window.Period, level.lateness+pane
	settled := promptly(s, period, settle, lateness, beam.ParDo(s, &bySegmentFn{}, level.Deltas))
	deltas := beam.CombinePerKey(s, &sketchcombine.GatherFn{Config: merge.Config}, settled)
	sums := beam.ParDo(s, &totalFn{Sum: state.MakeValueState[sketchcombine.Gathering]("sum"), Gather: sketchcombine.GatherFn{Config: merge.Config}}, outliving(s, pane, lateness, deltas))
	return beam.WindowInto(s, window.NewFixedWindows(period), sums)
}

type bySegmentFn struct{}

func (*bySegmentFn) ProcessElement(_ int, p sketchcombine.Parts, emit func(string, sketchcombine.Parts)) {
	for len(p.All) > 0 {
		segment := p.All[0].Key.Segment
		n := 1
		for n < len(p.All) && p.All[n].Key.Segment == segment {
			n++
		}
		emit(segment, sketchcombine.Parts{All: p.All[:n:n]})
		p.All = p.All[n:]
	}
}

// A sumKey is what a sum is kept by: a key, and a window by its end, in
// milliseconds.
type sumKey struct {
	of  string
	end int64
}

// at is the time in its window at which a sum stands.
func (k sumKey) at() mtime.Time { return mtime.Time(k.end - 1) }

func encodeSumKey(k sumKey) []byte { return append(binary.AppendVarint(nil, k.end), k.of...) }

func decodeSumKey(b []byte) (sumKey, error) {
	end, n := binary.Varint(b)
	if n <= 0 {
		return sumKey{}, errors.New("decoding the key of a sum: no end of a window")
	}
	return sumKey{string(b[n:]), end}, nil
}

// outliving moves deltas, PCollection<KV<string, T>>, to where no more come for
// their window, to PCollection<KV<sumKey, T>>. State lives as long as the window
// it is in, and the local runner does not add the lateness: so it must be in a
// later one. It is a pane later still, since a bundle that the local runner fires
// for several windows by the clock may hold the watermark for the last of them.
func outliving(s beam.Scope, pane, lateness time.Duration, deltas beam.PCollection) beam.PCollection {
	moved := beam.ParDo(s, &outliveFn{After: (lateness + pane).Milliseconds()}, deltas)
	return beam.WindowInto(s, window.NewFixedWindows(pane), moved)
}

type outliveFn struct{ After int64 } // the window's end, in milliseconds

func (fn *outliveFn) ProcessElement(w beam.Window, of string, delta beam.T, emit func(beam.EventTime, sumKey, beam.T)) error {
	at, err := spanOf(w)
	if err == nil {
		emit(mtime.Time(int64(at.end)+fn.After), sumKey{of, int64(at.end)}, delta)
	}
	return err
}

// totalFn adds a delta to the sum of its window, and moves the sum back into it.
type totalFn struct {
	Sum    state.Value[sketchcombine.Gathering]
	Gather sketchcombine.GatherFn
}

func (fn *totalFn) ProcessElement(p state.Provider, key sumKey, delta sketchcombine.Parts, emit func(beam.EventTime, string, sketchcombine.Parts)) error {
	sum, ok, err := fn.Sum.Read(p)
	if err != nil {
		return fmt.Errorf("reading the sum of segment %q: %w", key.of, err)
	}
	if !ok {
		sum = fn.Gather.CreateAccumulator()
	}
	if sum, err = fn.Gather.AddInput(sum, delta); err != nil {
		return err
	}
	if err := fn.Sum.Write(p, sum); err != nil {
		return fmt.Errorf("writing the sum of segment %q: %w", key.of, err)
	}
	emit(key.at(), key.of, fn.Gather.ExtractOutput(sum))
	return nil
}
