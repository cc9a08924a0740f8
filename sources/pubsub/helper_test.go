package pubsub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"crest/block"
	"crest/sources/format"
	"crest/sources/watermark"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[tallyFn]())
}

func TestMain(m *testing.M) { os.Exit(ptest.MainRetWithDefault(m, "prism")) }

const (
	topicName = "projects/crest-test/topics/events"
	subName   = "projects/crest-test/subscriptions/crest"
)

// server starts a Pub/Sub in this process with a topic and a subscription, which
// clients find.
func server(t testing.TB, opts ...pstest.ServerReactorOption) *pstest.Server {
	t.Helper()
	srv := pstest.NewServer(opts...)
	t.Cleanup(func() { srv.Close() })
	t.Setenv(emulatorVariable, srv.Addr)
	ctx := context.Background()
	if _, err := srv.GServer.CreateTopic(ctx, &pubsubpb.Topic{Name: topicName}); err != nil {
		t.Fatal(err)
	}
	if _, err := srv.GServer.CreateSubscription(ctx, &pubsubpb.Subscription{Name: subName, Topic: topicName, AckDeadlineSeconds: 10}); err != nil {
		t.Fatal(err)
	}
	return srv
}

// config is a Config of its own for each test. What is left is given back when
// the test ends.
func config(t testing.TB) Config {
	cfg := Config{
		ID: t.Name() + fmt.Sprint(time.Now().UnixNano()), Subscription: subName, Payload: format.JSON, Local: true, Workers: 2,
		Fields:    format.Options{Time: "time", Item: "item", Weight: "weight"},
		Watermark: watermark.Config{Disorder: time.Second, IdleAfter: time.Minute},
	}.orDefaults()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = Release(ctx, cfg) // the server may be gone
	})
	return cfg
}

func event(i int) []byte {
	return fmt.Appendf(nil, `{"time":%d,"item":"item %d"}`, 1_700_000_000+i, i)
}

func publish(srv *pstest.Server, from, to int) {
	for i := from; i < to; i++ {
		srv.Publish(topicName, event(i), nil)
	}
}

// await waits until a condition holds.
func await(t testing.TB, what string, cond func() bool) {
	t.Helper()
	const most = 3 * time.Minute
	for end := time.Now().Add(most); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for this: %s", most, what)
		}
	}
}

// acked says how many messages are acknowledged.
func acked(srv *pstest.Server) (n int) {
	for _, m := range srv.Messages() {
		if m.Acks > 0 {
			n++
		}
	}
	return n
}

// A tally is what pipelines of this process counted, by job.
type tally struct {
	items   map[string]int
	ids     map[string]int
	rejects map[block.Reason]int
	records int64
	blocks  []block.Block
	ended   bool // the test has
}

var tallies struct {
	sync.Mutex
	byJob map[string]*tally
}

// ofJob returns what a job has counted so far.
func ofJob(job string, f func(*tally)) {
	tallies.Lock()
	defer tallies.Unlock()
	t := tallies.byJob[job]
	if t == nil {
		if tallies.byJob == nil {
			tallies.byJob = make(map[string]*tally)
		}
		t = &tally{items: make(map[string]int), ids: make(map[string]int), rejects: make(map[block.Reason]int)}
		tallies.byJob[job] = t
	}
	f(t)
}

func (t *tally) add(b *block.Block) {
	t.records += b.Records
	t.blocks = append(t.blocks, *b)
	for _, it := range b.Items {
		t.items[string(b.Text(it))]++
	}
	for _, m := range b.Messages {
		t.ids[string(b.Text(m.ID))]++
	}
	for _, r := range b.Rejects {
		t.rejects[r.Reason] += int(r.Count)
	}
}

// tallyFn adds blocks to the tally of a job.
type tallyFn struct{ Job string }

func (fn *tallyFn) ProcessElement(b block.Block) {
	ofJob(fn.Job, func(t *tally) { t.add(&b) })
}

// FinishBundle fails when the test has ended.
func (fn *tallyFn) FinishBundle() (err error) {
	ofJob(fn.Job, func(t *tally) {
		if t.ended {
			err = errEnded
		}
	})
	return err
}

var errEnded = errors.New("the test has ended")
