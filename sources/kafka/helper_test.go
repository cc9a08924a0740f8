package kafka

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"crest/block"
	"crest/sources/format"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[rowsFn]())
	beam.RegisterDoFn(reflect.TypeFor[tallyFn]())
	register.Emitter3[beam.EventTime, string, int]()
	register.Function2x1(add)
}

func TestMain(m *testing.M) { os.Exit(ptest.MainRetWithDefault(m, "prism")) }

const topic = "events"

var fields = format.Options{Time: "time", Item: "item", Segment: "segment", Weight: "weight"}

// newCluster starts a broker in this process with the topic.
func newCluster(t testing.TB, partitions int32, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// configOf is a Config that nobody else has.
func configOf(t testing.TB, c *kfake.Cluster) Config {
	return Config{
		Brokers: c.ListenAddrs(), Topic: topic, Fields: fields, Local: true, Workers: 2,
		ID: fmt.Sprintf("%s-%d", t.Name(), time.Now().UnixNano()),
	}
}

// newProducer returns a client that produces to the partition that each record
// names.
func newProducer(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func produce(t testing.TB, client *kgo.Client, partition int32, values ...string) {
	t.Helper()
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Partition: partition, Value: []byte(v)})
	}
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// event is one in JSON, at a time in milliseconds.
func event(item string, at int64) string { return fmt.Sprintf(`{"time":%d,"item":%q}`, at, item) }

func events(prefix string, n int, at func(i int) int64) []string {
	var all []string
	for i := range n {
		all = append(all, event(fmt.Sprintf("%s%d", prefix, i%10), at(i)))
	}
	return all
}

// deny makes the cluster refuse all reading from now on: a live pipeline fails,
// and so ends.
func deny(c *kfake.Cluster) {
	c.ControlKey(1, func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		fetch := req.(*kmsg.FetchRequest)
		resp := fetch.ResponseKind().(*kmsg.FetchResponse)
		for _, t := range fetch.Topics {
			rt := kmsg.NewFetchResponseTopic()
			rt.Topic, rt.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				rp := kmsg.NewFetchResponseTopicPartition()
				rp.Partition, rp.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
				rt.Partitions = append(rt.Partitions, rp)
			}
			resp.Topics = append(resp.Topics, rt)
		}
		return resp, nil, true
	})
}

// A tally is what a pipeline of a test has seen. It is found by name, since a
// pipeline holds no pointers.
type tally struct {
	mu      sync.Mutex
	windows map[string]int // by window and prefix of the item
	items   map[string]int
	records int64
	rejects []block.Reject
	spans   map[string][][2]int64 // the offsets of blocks, by source
	latest  int64                 // watermark of a block
}

var tallies sync.Map

func tallyOf(name string) *tally {
	v, _ := tallies.LoadOrStore(name, &tally{windows: make(map[string]int), items: make(map[string]int), spans: make(map[string][][2]int64)})
	return v.(*tally)
}

// rowsFn emits a block's rows.
type rowsFn struct{ Name string }

func (fn *rowsFn) ProcessElement(b block.Block, emit func(beam.EventTime, string, int)) {
	t := tallyOf(fn.Name)
	t.mu.Lock()
	t.records += b.Records
	t.rejects = append(t.rejects, b.Rejects...)
	t.spans[b.Source] = append(t.spans[b.Source], [2]int64{b.From, b.To})
	t.latest = max(t.latest, b.Watermark)
	for _, item := range b.Items {
		t.items[string(b.Text(item))]++
	}
	t.mu.Unlock()
	for i, item := range b.Items {
		weight := 1
		if b.Weights != nil {
			weight = int(b.Weights[i])
		}
		emit(beam.EventTime(b.Times[i]), strings.TrimRight(string(b.Text(item)), "0123456789"), weight)
	}
}

func add(a, b int) int { return a + b }

// tallyFn adds up what windows hold.
type tallyFn struct{ Name string }

func (fn *tallyFn) ProcessElement(w beam.Window, item string, n int) {
	t := tallyOf(fn.Name)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.windows[fmt.Sprintf("%s %d", item, w.MaxTimestamp())] += n
}

// sum is how many rows of a prefix windows have had so far.
func (t *tally) sum(prefix string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for name, count := range t.windows {
		if strings.HasPrefix(name, prefix+" ") {
			n += count
		}
	}
	return n
}

// touch fails where the blocks of a partition do not follow one another from an
// offset on. It returns where they end.
func (t *tally) touch(tb testing.TB, partition int32, from int64) int64 {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, span := range t.spans[source(topic, partition)] {
		if span[0] != from || span[1] < span[0] {
			tb.Fatalf("partition %d: a block of %v behind %d", partition, span, from)
		}
		from = span[1]
	}
	return from
}

// run counts a topic in windows of ten seconds. It returns when the pipeline
// does.
func run(cfg Config) error {
	p, s := beam.NewPipelineWithRoot()
	rows := beam.ParDo(s, &rowsFn{Name: cfg.ID}, Read(s, cfg))
	windows := beam.WindowInto(s, window.NewFixedWindows(10*time.Second), rows)
	beam.ParDo0(s, &tallyFn{Name: cfg.ID}, beam.CombinePerKey(s, add, windows))
	return ptest.Run(p)
}

// start runs a live pipeline until the test ends.
func start(t *testing.T, c *kfake.Cluster, cfg Config) *tally {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- run(cfg) }()
	t.Cleanup(func() {
		deny(c)
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "may not read it") {
				t.Errorf("a pipeline that is denied its topic ended with %.2000v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("a pipeline that is denied its topic did not end")
		}
	})
	return tallyOf(cfg.ID)
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// readAll runs a bounded pipeline to its end.
func readAll(t testing.TB, cfg Config) *tally {
	t.Helper()
	if err := run(cfg); err != nil {
		t.Fatalf("%.3000v", err)
	}
	return tallyOf(cfg.ID)
}

// latest is the Config of a batch that ends where the topic does now.
func latest(cfg Config) Config {
	cfg.End = Position{Kind: LatestOffset}
	return cfg
}

// end is where the blocks of a partition end, 0 where there are none.
func (t *tally) end(partition int32) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	spans := t.spans[source(topic, partition)]
	if len(spans) == 0 {
		return 0
	}
	return spans[len(spans)-1][1]
}
