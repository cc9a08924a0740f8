package flink

import (
	"flag"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[ticks]())
	register.Emitter3[beam.EventTime, string, int64]()
}

func TestMain(m *testing.M) {
	flag.Parse()
	beam.Init()
	os.Exit(m.Run())
}

// ticks is an unbounded source. It emits PerTick events of weight 1 a tick, a
// second of event time apart, of the keys a, b and c in turn, until it has
// emitted Events; then it moves its watermark past them, and waits for ever.
type ticks struct {
	Events, PerTick int64
	FailAt          int64 // event at which it panics, once in this process
}

var failed = make(chan struct{}, 1) // is full once ticks has panicked

func (*ticks) CreateInitialRestriction([]byte) offsetrange.Restriction {
	return offsetrange.Restriction{End: 1 << 40}
}

func (*ticks) SplitRestriction(_ []byte, r offsetrange.Restriction) []offsetrange.Restriction {
	return []offsetrange.Restriction{r}
}

func (*ticks) RestrictionSize(_ []byte, r offsetrange.Restriction) float64 { return r.Size() }

func (*ticks) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(offsetrange.NewTracker(r))
}

func (*ticks) InitialWatermarkEstimatorState(beam.EventTime, offsetrange.Restriction, []byte) int64 {
	return 0
}

func (*ticks) CreateWatermarkEstimator(ms int64) *sdf.ManualWatermarkEstimator {
	return &sdf.ManualWatermarkEstimator{State: time.UnixMilli(ms)}
}

func (*ticks) WatermarkEstimatorState(e *sdf.ManualWatermarkEstimator) int64 {
	return e.State.UnixMilli()
}

func (f *ticks) ProcessElement(w *sdf.ManualWatermarkEstimator, rt *sdf.LockRTracker, _ []byte, emit func(beam.EventTime, string, int64)) sdf.ProcessContinuation {
	n := rt.GetRestriction().(offsetrange.Restriction).Start
	if n >= f.Events {
		w.UpdateWatermark(time.Unix(f.Events+3600, 0))
		return sdf.ResumeProcessingIn(time.Second)
	}
	for end := n + f.PerTick; n < end; n++ {
		if n == f.FailAt {
			select {
			case failed <- struct{}{}:
				panic("a fault of the test")
			default:
			}
		}
		if !rt.TryClaim(n) {
			return sdf.StopProcessing()
		}
		emit(beam.EventTime(n*1000), string(rune('a'+n%3)), 1)
	}
	w.UpdateWatermark(time.Unix(n-1, 0))
	return sdf.ResumeProcessingIn(time.Second)
}

// stream is an unbounded pipeline.
func stream() *beam.Pipeline {
	p, s := beam.NewPipelineWithRoot()
	beam.ParDo(s, &ticks{}, beam.Impulse(s))
	return p
}

// batch is a bounded pipeline.
func batch() *beam.Pipeline {
	p, s := beam.NewPipelineWithRoot()
	beam.Impulse(s)
	return p
}
