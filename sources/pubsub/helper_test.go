package pubsub

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
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
	for end := time.Now().Add(time.Minute); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited a minute for this: %s", what)
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
		t.items[b.String(it)]++
	}
	for _, m := range b.Messages {
		t.ids[b.String(m.ID)]++
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

// A runner runs bundles of the only restriction, as a runner does.
type runner struct {
	testing.TB
	fn   *readFn
	rest restriction // of the last commit
	done bool
	got  tally // what was committed
}

func newRunner(t testing.TB, cfg Config) *runner {
	fn := &readFn{Config: cfg}
	r := &runner{TB: t, fn: fn, rest: fn.CreateInitialRestriction(nil)}
	r.got = tally{items: make(map[string]int), ids: make(map[string]int), rejects: make(map[block.Reason]int)}
	return r
}

// bundle runs a bundle, whose blocks it returns.
func (r *runner) bundle() (blocks []block.Block, residual *restriction, err error) {
	in, err := decodeRestriction(encodeRestriction(r.rest))
	if err != nil {
		r.Fatal(err)
	}
	we := r.fn.CreateWatermarkEstimator(0)
	rt := r.fn.CreateTracker(in)
	next, err := r.fn.ProcessElement(context.Background(), mtime.ZeroTimestamp, we, rt, nil, func(_ beam.EventTime, b block.Block) {
		blocks = append(blocks, b)
	})
	if err != nil || !next.ShouldResume() {
		return blocks, nil, err
	}
	_, rest, err := rt.TrySplit(0)
	if err != nil || rest == nil || !rt.IsDone() {
		r.Fatalf("no residual to resume: %v", err)
	}
	left := rest.(restriction)
	return blocks, &left, nil
}

// run runs a bundle and commits it. It returns how many records it had.
func (r *runner) run() (n int64) {
	r.Helper()
	blocks, residual, err := r.bundle()
	if err != nil {
		r.Fatal(err)
	}
	for i := range blocks {
		r.got.add(&blocks[i])
		n += blocks[i].Records
	}
	if r.done = residual == nil; !r.done {
		r.rest = *residual
	}
	return n
}

// fail runs bundles that are not committed until one has records.
func (r *runner) fail() (n int64) {
	r.Helper()
	await(r, "a bundle has something", func() bool {
		blocks, _, err := r.bundle()
		if err != nil {
			r.Fatal(err)
		}
		for i := range blocks {
			n += blocks[i].Records
		}
		return n > 0
	})
	return n
}

// until runs bundles until a condition holds.
func (r *runner) until(what string, cond func() bool) {
	r.Helper()
	await(r, what, func() bool { r.run(); return cond() })
}

// once checks that n messages were counted, each once.
func (r *runner) once(n int) {
	r.Helper()
	if len(r.got.ids) != n || r.got.records != int64(n) {
		r.Errorf("%d records of %d messages, want %d", r.got.records, len(r.got.ids), n)
	}
	for id, c := range r.got.ids {
		if c != 1 {
			r.Errorf("message %s was counted %d times", id, c)
		}
	}
}

// subscriberOf returns the subscriber of this process.
func subscriberOf(t testing.TB, cfg Config) *subscriber {
	s, err := subscribe(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// die ends the subscriber as the end of its process does: nothing is given back.
func die(s *subscriber) {
	s.cancel()
	s.reading.Wait()
	s.mu.Lock()
	s.closed = true
	s.halt()
	s.mu.Unlock()
	s.running.Wait()
	s.client.Close()
	subscribers.Lock()
	defer subscribers.Unlock()
	delete(subscribers.byKey, s.cfg.key())
}

// A proxy stands between a client and the server.
type proxy struct {
	to string
	net.Listener
	mu      sync.Mutex
	conns   map[net.Conn]bool
	down    bool
	refused atomic.Int64
}

// behindProxy has clients reach the server through a proxy.
func behindProxy(t *testing.T, srv *pstest.Server) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: srv.Addr, Listener: l, conns: make(map[net.Conn]bool)}
	t.Cleanup(func() { l.Close(); p.cut(true) })
	t.Setenv(emulatorVariable, l.Addr().String())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	up, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer up.Close()
	p.mu.Lock()
	if p.down {
		p.mu.Unlock()
		p.refused.Add(1)
		return
	}
	p.conns[c] = true
	p.mu.Unlock()
	go func() {
		io.Copy(up, c)
		up.Close()
	}()
	io.Copy(c, up)
}

// cut breaks all connections; while it is down there are no new ones.
func (p *proxy) cut(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
	for c := range p.conns {
		c.Close()
		delete(p.conns, c)
	}
}
