//go:build real && unix

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/block"
	"crest/realtest"
	"crest/replay"
	"crest/runners/flink"
	"crest/table"
)

func init() { beam.RegisterDoFn(reflect.TypeFor[faultFn]()) }

// ndjson writes events to a file.
func ndjson(t *testing.T, events []seen) string {
	t.Helper()
	var b bytes.Buffer
	for _, e := range events {
		line, err := json.Marshal(map[string]any{"time": e.time, "item": e.item, "group": e.segment})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// play replays events into the topic commits, of 4 partitions, by item. It calls
// fault, if there is one, when it has sent half of them.
func play(t *testing.T, b *realtest.Broker, c replay.KafkaConfig, events []seen, fault func()) {
	t.Helper()
	c.Brokers, c.Topic, c.Create, c.Partitions = []string{b.Addr}, "commits", true, 4
	k, err := replay.OpenKafka(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	sink := &faultySink{Sink: k, after: len(events) / 2, fault: fault}
	var p replay.Progress
	if err := replay.Run(t.Context(), replay.Config{Files: []string{ndjson(t, events)}, KeyField: "item"}, sink, &p); err != nil {
		t.Fatal(err)
	}
	committed, aborted := k.Transactions()
	t.Logf("%d events sent, %d transactions committed, %d aborted", p.Records(), committed, aborted)
}

// A faultySink calls fault once, after a number of events.
type faultySink struct {
	replay.Sink
	after int
	fault func()
}

func (s *faultySink) Send(ctx context.Context, key, value []byte) error {
	if s.after--; s.after == 0 && s.fault != nil {
		s.fault()
	}
	return s.Sink.Send(ctx, key, value)
}

const (
	months  = 28 * 24 * 3600 // seconds of the smaller windows
	seasons = 3 * months
)

// transactions are so many that some of them are aborted.
var transactions = replay.KafkaConfig{Transaction: 50, Abort: 0.3, Seed: 1}

// TestRealKafka reads all commits from a broker, some of them sent in
// transactions, of which some are aborted. The broker is killed while it is
// written to and read.
func TestRealKafka(t *testing.T) {
	b := realtest.Kafka(t)
	events := commits(t)
	half := len(events) / 2
	play(t, b, transactions, events[:half], nil)
	l := startLive(t, "--source=kafka", "--brokers="+b.Addr, "--topic=commits", "--segment_field=group",
		"--windows=28d,84d", "--lateness=90d", "--disorder=30d", "--early=0")
	l.await(`SELECT sum(read) FROM ledger`, 1)
	play(t, b, replay.KafkaConfig{}, events[half:], b.Restart)
	produce(t, []string{b.Addr}, "commits", closing())
	l.await(`SELECT sum(read) FROM ledger`, int64(len(events)))
	l.awaitEnd(events)
	l.stop()
	checkLive(t, l, events, months, seasons)
	l.logLedger()
}

// awaitEnd waits until every window of the events is closed and listed.
func (l *live) awaitEnd(events []seen) {
	l.t.Helper()
	for _, size := range []int64{months, seasons} {
		l.awaitClosed(events, size)
		l.t.Logf("%d days: %d events listed when closed", size/86400, l.number(fmt.Sprintf(`SELECT sum(total) FROM topk WHERE window_seconds = %d`, size)))
		l.awaitListed(events, size)
	}
}

// logLedger shows what became of the records.
func (l *live) logLedger() {
	sum := func(column string) int64 { return l.number(`SELECT sum(` + column + `) FROM ledger`) }
	l.t.Logf("%d read, %d counted, %d late, %d rejected", sum("read"), sum("counted"), sum("late"), sum("rejected"))
}

// TestRealArchive archives commits from a broker, which is killed meanwhile, into
// HDFS, and counts the archive exactly: as the same events in a file.
func TestRealArchive(t *testing.T) {
	hdfs, b := realtest.HDFS(t), realtest.Kafka(t)
	// All 194,002 would be some 80,000 files of 30,000 hours.
	events := commits(t)[:1000]
	half := len(events) / 2
	play(t, b, transactions, events[:half], nil)
	prefix := hdfs.URL + "/archive"
	l := startLive(t, "--source=kafka", "--brokers="+b.Addr, "--topic=commits", "--segment_field=group",
		"--windows=28d,84d", "--lateness=90d", "--disorder=30d", "--early=0", "--archive="+prefix, "--archive_every=5s")
	l.await(`SELECT sum(read) FROM ledger`, 1)
	b.Restart()
	play(t, b, replay.KafkaConfig{}, events[half:], nil)
	produce(t, []string{b.Addr}, "commits", closing())
	l.await(`SELECT sum(read) FROM ledger`, int64(len(events)))
	l.awaitEnd(events)
	all := append(slices.Clone(events), closing()...)
	l.awaitArchived(prefix, len(all))
	l.stop()
	checkLive(t, l, events, months, seasons)
	l.logLedger()

	dir := t.TempDir()
	exact := func(name string, args ...string) map[string]string {
		file := filepath.Join(dir, name)
		must(t, append(args, "--segment_field=group", "--windows=28d,84d,all", "--path=exact", "--sink=sqlite:"+file)...)
		return topkRows(t, file)
	}
	want := exact("file.db", "--input="+ndjson(t, all))
	got := exact("archive.db", "--source=archive", "--input="+prefix)
	if !maps.Equal(got, want) {
		t.Errorf("%d lists of the archive, %d of the file", len(got), len(want))
		for key, list := range want {
			if got[key] != list {
				t.Fatalf("%s: %.1000s\nnot %.1000s", key, got[key], list)
			}
		}
	}
	t.Logf("%d lists are the same", len(got))
}

// topkRows are the rows of the table topk, without what is different in each
// run, by their key.
func topkRows(t *testing.T, file string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT window_seconds || ' ' || window_start || ' ' || window_end || ' ' || segment, total || ' ' || items FROM topk WHERE path = ?`, table.Exact)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := make(map[string]string)
	for rows.Next() {
		var key, list string
		if err := rows.Scan(&key, &list); err != nil {
			t.Fatal(err)
		}
		all[key] = list
	}
	if err := rows.Err(); err != nil || len(all) == 0 {
		t.Fatalf("%d lists: %v", len(all), err)
	}
	return all
}

// startPubSub starts Google's emulator with a topic and a subscription, and returns
// the flags that read it and what replays events into it.
func startPubSub(t *testing.T) (flags []string, publish func([]seen)) {
	t.Helper()
	t.Setenv("PUBSUB_EMULATOR_HOST", realtest.PubSub(t))
	const topic, subscription = "projects/crest/topics/commits", "projects/crest/subscriptions/commits"
	sink, err := replay.OpenPubSub(t.Context(), replay.PubSubConfig{Topic: topic, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	client, err := pubsub.NewSubscriptionAdminClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: subscription, Topic: topic, AckDeadlineSeconds: 10}); err != nil {
		t.Fatal(err)
	}
	return []string{"--source=pubsub", "--subscription=" + subscription}, func(events []seen) {
		t.Helper()
		var p replay.Progress
		if err := replay.Run(t.Context(), replay.Config{Files: []string{ndjson(t, events)}}, sink, &p); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d messages published", p.Records())
	}
}

// TestRealPubSub reads all commits from Google's emulator.
func TestRealPubSub(t *testing.T) {
	flags, publish := startPubSub(t)
	events := commits(t)
	l := startLive(t, append(flags, "--segment_field=group", "--windows=28d,84d", "--lateness=3000d", "--disorder=30d", "--early=0")...)
	publish(events)
	// Messages come in any order: what closes the windows is sent when all else
	// has come.
	l.await(`SELECT sum(read) FROM ledger`, int64(len(events)))
	publish(closing())
	l.awaitEnd(events)
	l.stop()
	checkLive(t, l, events, months, seasons)
	l.logLedger()
}

// armed is set by the test, and cleared by the fault: workers are in its process.
var armed atomic.Bool

// faultFn passes blocks on, and panics once it is armed.
type faultFn struct{}

func (*faultFn) ProcessElement(b block.Block, emit func(block.Block)) {
	if b.Rows() > 0 && armed.CompareAndSwap(true, false) {
		panic("a fault of the test")
	}
	emit(b)
}

// setFlags sets flags of Beam's for a test.
func setFlags(t *testing.T, flags map[string]string) {
	t.Helper()
	for name, value := range flags {
		f := flag.Lookup(name)
		before := f.Value.String()
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Value.Set(before) })
	}
}

// startFaulty is startLive with faultFn behind the source.
func startFaulty(t *testing.T, args ...string) *live {
	t.Helper()
	return launch(t, func(ctx context.Context, m *Main) error {
		plan, err := m.options.Plan(ctx)
		if err != nil {
			return err
		}
		store := plan.Stores[0]
		if err := store.Open(ctx); err != nil {
			return err
		}
		p, s := beam.NewPipelineWithRoot()
		read := func(s beam.Scope) beam.PCollection { return beam.ParDo(s, &faultFn{}, plan.Input.Read(s)) }
		plan.Build(s, read, plan.Sinks())
		err = run(flink.WithOutput(ctx, m.Stderr), p, true)
		return errors.Join(err, store.Close())
	}, args...)
}

// TestRealFlink reads commits on Flink, while the broker is killed.
func TestRealFlink(t *testing.T) { kafkaOnFlink(t, false) }

// TestRealFlinkFault does as well when a worker panics.
func TestRealFlinkFault(t *testing.T) { kafkaOnFlink(t, true) }

func kafkaOnFlink(t *testing.T, fault bool) {
	b := realtest.Kafka(t)
	onFlink(t, fault, []string{"--source=kafka", "--brokers=" + b.Addr, "--topic=commits"}, []func([]seen){
		func(events []seen) { play(t, b, replay.KafkaConfig{}, events, nil) },
		func(events []seen) { play(t, b, replay.KafkaConfig{}, events, nil) },
		func(events []seen) { play(t, b, replay.KafkaConfig{}, events, b.Restart) },
		func(events []seen) { produce(t, []string{b.Addr}, "commits", events) },
	})
}

// TestRealFlinkPubSub reads commits from Google's emulator on Flink, where a
// worker panics: what it had read is in no checkpoint, and not acknowledged.
func TestRealFlinkPubSub(t *testing.T) {
	flags, publish := startPubSub(t)
	onFlink(t, true, flags, []func([]seen){publish, publish, publish, publish})
}

// onFlink reads commits that are sent in three parts, and what closes their
// windows in a fourth.
func onFlink(t *testing.T, fault bool, source []string, send []func([]seen)) {
	t.Helper()
	setFlags(t, map[string]string{"runner": "flink", "endpoint": realtest.FlinkJobServer(t), "environment_type": "LOOPBACK"})
	events := commits(t)[:6000]
	third := len(events) / 3
	send[0](events[:third])
	l := startFaulty(t, append(source, "--segment_field=group", "--windows=28d,84d", "--lateness=3000d", "--disorder=30d", "--early=0")...)
	l.await(`SELECT sum(read) FROM ledger`, 1)
	armed.Store(fault)
	send[1](events[third : 2*third])
	l.await(fmt.Sprintf(`SELECT sum(read) > %d FROM ledger`, third), 1)
	if armed.Load() {
		t.Error("nothing has failed")
	}
	send[2](events[2*third:])
	l.await(`SELECT sum(read) FROM ledger`, int64(len(events)))
	send[3](closing())
	l.awaitEnd(events)
	l.stop()
	checkLists(t, l, events, months, seasons)
	if !fault { // the rows of a bundle that failed stay in the tables ledger and late
		checkLive(t, l, events, months, seasons)
	}
	l.logLedger()
}

// checkLists holds the totals of lists against the events, of which none was late.
func checkLists(t *testing.T, l *live, events []seen, sizes ...int64) {
	t.Helper()
	totals := l.totals()
	for w, counts := range count(events, sizes...) {
		var total int64
		for _, n := range counts {
			total += n
		}
		if totals[w] != total {
			t.Errorf("%v: a list of %d events of %d", w, totals[w], total)
		}
	}
}
