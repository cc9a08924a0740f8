//go:build real

package kafka

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"crest/datatest"
	"crest/realtest"
)

// commits are the lines of the test data, and how often each item is in them.
func commits(t testing.TB) (lines [][]byte, counts map[string]int) {
	t.Helper()
	counts = make(map[string]int)
	datatest.Lines(t, datatest.Commits, func(line []byte) {
		var e struct{ Item string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, bytes.Clone(line))
		counts[e.Item]++
	})
	return lines, counts
}

func realConfig(t testing.TB, b *realtest.Broker) Config {
	return Config{
		Brokers: []string{b.Addr}, Topic: topic, Fields: fields, Local: true, Workers: 2,
		ID: fmt.Sprintf("%s-%d", t.Name(), time.Now().UnixNano()),
	}
}

func realClient(t testing.TB, b *realtest.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.Addr), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(100_000),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func create(t testing.TB, client *kgo.Client, partitions int32) {
	t.Helper()
	if _, err := kadm.NewClient(client).CreateTopic(t.Context(), partitions, 1, nil, topic); err != nil {
		t.Fatal(err)
	}
}

// send produces lines, spread over four partitions.
func send(t testing.TB, client *kgo.Client, lines [][]byte) {
	t.Helper()
	var failed atomic.Pointer[error]
	for i, line := range lines {
		client.Produce(context.Background(), &kgo.Record{Partition: int32(i % 4), Value: line}, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.Store(&err)
			}
		})
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := failed.Load(); err != nil {
		t.Fatal(*err)
	}
}

// transactions produces lines in transactions, and in between some that are
// aborted.
func transactions(t testing.TB, client *kgo.Client, lines [][]byte) {
	t.Helper()
	in := func(lines [][]byte, how kgo.TransactionEndTry) {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		send(t, client, lines)
		if err := client.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	for len(lines) > 0 {
		n := min(len(lines), 20_000)
		in(lines[:n/7], kgo.TryAbort)
		in(lines[:n], kgo.TryCommit)
		lines = lines[n:]
	}
	in([][]byte{[]byte(`{"time":1,"item":"aborted"}`)}, kgo.TryAbort)
}

// TestRealTransactions: what was committed is read, once, to an end that is a
// control record behind aborted ones.
func TestRealTransactions(t *testing.T) {
	b := realtest.Kafka(t)
	client := realClient(t, b)
	create(t, client, 4)
	lines, counts := commits(t)
	half := len(lines) / 2
	send(t, client, lines[:half])
	transactions(t, realClient(t, b, kgo.TransactionalID("tx")), lines[half:])
	cfg := realConfig(t, b)
	if err := Check(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if err := gather(latest(cfg)); err != nil {
		t.Fatalf("%.3000v", err)
	}
	tally := tallyOf(cfg.ID)
	if tally.records != int64(len(lines)) || len(tally.rejects) != 0 || !maps.Equal(tally.items, counts) {
		t.Errorf("%d records of %d, %d rejects, %d items of %d", tally.records, len(lines), len(tally.rejects), len(tally.items), len(counts))
	}
	for id := range int32(4) {
		tally.touch(t, id, 0)
	}
}

// TestRealKill: the broker is killed and started again while a batch is read,
// and again while bundles of a live source run. Nothing is lost or doubled.
func TestRealKill(t *testing.T) {
	b := realtest.Kafka(t)
	client := realClient(t, b, kgo.RequiredAcks(kgo.AllISRAcks()))
	create(t, client, 4)
	lines, counts := commits(t)
	send(t, client, lines)
	cfg := realConfig(t, b)
	cfg.Buffer = 4 << 20
	ended := make(chan error, 1)
	slow := latest(cfg)
	tally := tallyOf(slow.ID)
	tally.mu.Lock() // the pipeline stands until the broker is dead
	go func() { ended <- gather(slow) }()
	eventually(t, "fetching", func() bool { return len(consumersOf(slow)) == 1 && consumersOf(slow)[0].waiting() > 0 })
	b.Kill()
	tally.mu.Unlock()
	b.Restart()
	if err := <-ended; err != nil {
		t.Fatalf("%.3000v", err)
	}
	if tally.records != int64(len(lines)) || !maps.Equal(tally.items, counts) {
		t.Errorf("%d records of %d", tally.records, len(lines))
	}
	cfg.ID += "-live"
	cfg.BundleRecords = 5000
	r := newRunner(t, cfg)
	total := make(map[string]int)
	read, killed := 0, false
	deadline := time.Now().Add(2 * time.Minute)
	for i := 0; read < len(lines); i = (i + 1) % 4 {
		if time.Now().After(deadline) {
			t.Fatalf("%d records of %d after two minutes", read, len(lines))
		}
		blocks, left, err := r.bundle(r.rest[i])
		if err != nil {
			t.Fatal(err)
		}
		if read > len(lines)/3 && !killed {
			killed = true // and this bundle failed with it
			b.Kill()
			go b.Restart()
			continue
		}
		r.rest[i] = left
		for item, n := range items(blocks) {
			total[item] += n
			read += n
		}
	}
	if !maps.Equal(total, counts) {
		t.Errorf("%d records of %d, %d items of %d", read, len(lines), len(total), len(counts))
	}
}

// TestRealTime starts and ends by the time of records.
func TestRealTime(t *testing.T) {
	b := realtest.Kafka(t)
	client := realClient(t, b)
	create(t, client, 4)
	for i := range 400 {
		r := &kgo.Record{Partition: int32(i % 4), Timestamp: time.UnixMilli(1e12 + int64(i)*1000), Value: []byte(`{"item":"x"}`)}
		client.Produce(t.Context(), r, nil)
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := realConfig(t, b)
	cfg.Start, cfg.End = Position{Kind: AtTime, Time: 1e12 + 100_000}, Position{Kind: AtTime, Time: 1e12 + 250_000}
	if tally := readAll(t, cfg); tally.records != 150 || tally.sum("x") != 150 {
		t.Errorf("%d records", tally.records)
	}
}

// gather reads a topic without windows: many of them are slow on prism.
func gather(cfg Config) error {
	p, s := beam.NewPipelineWithRoot()
	beam.ParDo(s, &rowsFn{Name: cfg.ID}, Read(s, cfg))
	return ptest.Run(p)
}

// consumersOf are the consumers of a Config: one, or none.
func consumersOf(cfg Config) (all []*consumer) {
	consumers.Lock()
	defer consumers.Unlock()
	for _, c := range consumers.byKey {
		if c.cfg.ID == cfg.ID {
			all = append(all, c)
		}
	}
	return all
}

// waiting is how many bytes wait.
func (c *consumer) waiting() (bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.partitions {
		bytes += p.bytes
	}
	return bytes
}
