//go:build real

package flink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"crest/realtest"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[observe]())
	beam.RegisterDoFn(reflect.TypeFor[refuse]())
	beam.RegisterFunction(three)
	register.Emitter2[string, int64]()
	register.Function2x1(add)
}

func add(a, b int64) int64 { return a + b }

// sum is what a window counted of a key.
type sum struct {
	end   time.Time
	key   string
	count int64
}

var observed = make(chan sum, 1024)

// observe shows the test what comes out: the workers are in its process.
type observe struct{}

func (observe) ProcessElement(w beam.Window, key string, count int64) {
	observed <- sum{w.MaxTimestamp().ToTime(), key, count}
}

// refuse fails.
type refuse struct{}

func (refuse) ProcessElement([]byte) error { return errors.New("no such table: the reason") }

// three emits three values of a key, and counts them in a metric.
func three(ctx context.Context, _ []byte, emit func(string, int64)) {
	for n := range int64(3) {
		beam.NewCounter("test", "made").Inc(ctx, 1)
		emit("a", n+1)
	}
}

// onFlink starts a job server.
func onFlink(t *testing.T) settings {
	return settings{endpoint: realtest.FlinkJobServer(t), name: "test", checkpointing: time.Second, workers: workerSettings{kind: loopback}}
}

// An unbounded source that resumes itself fills fixed windows. It panics once,
// and after it the sums are those of every event, once.
func TestRealStream(t *testing.T) {
	s := onFlink(t)
	const events, width = 60, 10
	p, root := beam.NewPipelineWithRoot()
	counted := beam.ParDo(root, &ticks{Events: events, PerTick: 5, FailAt: 33}, beam.Impulse(root))
	windowed := beam.WindowInto(root, window.NewFixedWindows(width*time.Second), counted)
	beam.ParDo0(root, observe{}, beam.CombinePerKey(root, add, windowed))

	want := make(map[string]int64)
	for n := int64(0); n < events; n++ {
		want[fmt.Sprint(n/width, " ", string(rune('a'+n%3)))]++
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := s.execute(WithOutput(ctx, t.Output()), p)
		ended <- err
	}()
	got := make(map[string]int64)
	for len(got) < len(want) {
		select {
		case o := <-observed:
			key := fmt.Sprint(o.end.Unix()/width, " ", o.key)
			if before, ok := got[key]; ok && before != o.count {
				t.Errorf("window %s counted %d, and then %d", key, before, o.count)
			}
			got[key] = o.count
		case err := <-ended:
			t.Fatalf("the job ended: %v; counted %v", err, got)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted\n%v, want\n%v", got, want)
	}
	if len(failed) == 0 {
		t.Error("nothing has failed")
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, the job ended with %v", err)
	}
}

func TestRealBatch(t *testing.T) {
	s := onFlink(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()

	p, root := beam.NewPipelineWithRoot()
	beam.ParDo0(root, observe{}, beam.CombinePerKey(root, add, beam.ParDo(root, three, beam.Impulse(root))))
	r, err := s.execute(WithOutput(ctx, t.Output()), p)
	if err != nil {
		t.Fatal(err)
	}
	if o := <-observed; o.key != "a" || o.count != 6 {
		t.Errorf("got %v", o)
	}
	if all := r.Metrics().Query(func(m metrics.SingleResult) bool { return m.Name() == "made" }).Counters(); len(all) != 1 || all[0].Result() != 3 {
		t.Errorf("metrics: %v", all)
	}

	p, root = beam.NewPipelineWithRoot()
	beam.ParDo0(root, refuse{}, beam.Impulse(root))
	if _, err := s.execute(WithOutput(ctx, t.Output()), p); err == nil || !strings.Contains(err.Error(), "no such table: the reason") {
		t.Errorf("a job that fails: got %v", err)
	}
}
