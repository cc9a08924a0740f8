package kafka

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"crest/metrics"
	"crest/sources/watermark"
)

// TestTransactions reads to ends that are control records and aborted records.
func TestTransactions(t *testing.T) {
	c := newCluster(t, 1)
	client := newProducer(t, c, kgo.TransactionalID("tx"))
	transaction := func(item string, n int, how kgo.TransactionEndTry) {
		t.Helper()
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		produce(t, client, 0, events(item, n, func(int) int64 { return 1e12 })...)
		if err := client.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	cfg := configOf(t, c)
	for i, step := range []struct {
		item string
		n    int
		how  kgo.TransactionEndTry
		good int
	}{{"a", 500, kgo.TryCommit, 500}, {"b", 300, kgo.TryAbort, 500}, {"c", 1, kgo.TryAbort, 500}, {"d", 200, kgo.TryCommit, 700}, {"e", 2000, kgo.TryAbort, 700}} {
		transaction(step.item, step.n, step.how)
		cfg.ID += "+"
		tally := readAll(t, latest(cfg))
		if tally.records != int64(step.good) || tally.sum("a") != 500 || len(tally.rejects) != 0 {
			t.Fatalf("after transaction %d: %d records", i, tally.records)
		}
		all := tally.touch(t, 0, 0)
		cfg.ID += "+"
		end := cfg
		end.End = Position{Kind: AtOffsets, Offsets: map[int32]int64{0: all - 1}} // before the control record
		if tally := readAll(t, end); tally.records != int64(step.good) || tally.touch(t, 0, 0) != all-1 {
			t.Fatalf("to %d: %d records", all-1, tally.records)
		}
	}
	cfg.ID += "+"
	cfg.ReadUncommitted = true
	if tally := readAll(t, latest(cfg)); tally.records != 3001 {
		t.Errorf("%d records with the aborted ones", tally.records)
	}
}

// TestNewPartitions: partitions that are added while a pipeline runs are read
// from their beginning.
func TestNewPartitions(t *testing.T) {
	c := newCluster(t, 1)
	client := newProducer(t, c, kgo.MetadataMinAge(10*time.Millisecond), kgo.UnknownTopicRetries(-1))
	now := time.Now().UnixMilli() - 3600_000
	cfg := configOf(t, c)
	cfg.Discover = 50 * time.Millisecond
	cfg.Watermark = watermark.Config{Disorder: time.Minute, IdleAfter: time.Second}
	produce(t, client, 0, event("old", now))
	tally := start(t, c, cfg)
	eventually(t, "the old partition", func() bool { return tally.end(0) == 1 })
	if _, err := kadm.NewClient(client).UpdatePartitions(t.Context(), 3, topic); err != nil {
		t.Fatal(err)
	}
	client.ForceMetadataRefresh()
	for id := range int32(3) {
		eventually(t, "producing", func() bool {
			return client.ProduceSync(t.Context(), &kgo.Record{Partition: id, Value: []byte(event("new", now+1000))}).FirstErr() == nil
		})
	}
	// Before anything closes their windows: what is new may come too late.
	eventually(t, "reading the new ones", func() bool { return tally.end(1) == 1 && tally.end(2) == 1 })
	for id := range int32(3) {
		produce(t, client, id, event("end", now+1800_000))
	}
	eventually(t, "the new partitions", func() bool { return tally.sum("new") == 3 && tally.sum("old") == 1 })
}

func TestExpired(t *testing.T) {
	c := newCluster(t, 1)
	client := newProducer(t, c)
	produce(t, client, 0, events("x", 100, func(int) int64 { return 1e12 })...)
	var del kadm.Offsets
	del.Add(kadm.Offset{Topic: topic, Partition: 0, At: 60})
	if _, err := kadm.NewClient(client).DeleteRecords(t.Context(), del); err != nil {
		t.Fatal(err)
	}
	cfg := latest(configOf(t, c))
	cfg.Start = Position{Kind: AtOffsets, Offsets: map[int32]int64{0: 10}}
	err := run(cfg)
	for _, want := range []string{"offset 10 has expired", "60", "partition 0", topic} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("no %q in %.3000v", want, err)
		}
	}
	cfg.ID += "+"
	cfg.OnExpired = Earliest
	skipped := offsetsSkipped.Value()
	tally := readAll(t, cfg)
	if tally.records != 90 || tally.sum("x") != 40 || len(tally.rejects) != 1 || tally.touch(t, 0, 10) != 100 {
		t.Fatalf("%d records, rejects %+v", tally.records, tally.rejects)
	}
	if r := tally.rejects[0]; r.Reason != Expired || r.Count != 50 || r.Offset != 10 || offsetsSkipped.Value()-skipped != 50 {
		t.Errorf("reject %+v", r)
	}
}

// TestTime starts and ends by the time of records.
func TestTime(t *testing.T) {
	c := newCluster(t, 2)
	client := newProducer(t, c)
	for i := range 100 {
		r := &kgo.Record{Partition: int32(i % 2), Timestamp: time.UnixMilli(1e12 + int64(i)*1000), Value: []byte(`{"item":"x"}`)}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	cfg := configOf(t, c)
	cfg.Start, cfg.End = Position{Kind: AtTime, Time: 1e12 + 20_000}, Position{Kind: AtTime, Time: 1e12 + 50_000}
	tally := readAll(t, cfg)
	if tally.records != 30 || tally.sum("x") != 30 || tally.windows["x 1000000029999"] != 10 {
		t.Errorf("%d records, %v", tally.records, tally.windows)
	}
	cfg.ID += "+"
	cfg.Start, cfg.End = Position{Kind: AtTime, Time: time.Now().UnixMilli()}, Position{Kind: LatestOffset}
	if tally := readAll(t, cfg); tally.records != 0 {
		t.Errorf("%d records from now on", tally.records)
	}
}

// TestCheck: what is wrong is found before anything runs, and said.
func TestCheck(t *testing.T) {
	plain := newCluster(t, 2)
	secure := newCluster(t, 1, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "me", "right"))
	password := filepath.Join(t.TempDir(), "password")
	write := func(s string) {
		if err := os.WriteFile(password, []byte(s+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong")
	ok, safe := configOf(t, plain), configOf(t, secure)
	safe.Security = Security{Mechanism: ScramSHA256, User: "me", Password: Secret{File: password}}
	with := func(c Config, change func(*Config)) Config { change(&c); return c }
	cases := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"topic", with(ok, func(c *Config) { c.Topic = "other" }), []string{"topic other", "check the topic's name"}},
		{"address", with(ok, func(c *Config) { c.Brokers = []string{"127.0.0.1:1"} }), []string{"127.0.0.1:1", "check the addresses"}},
		{"no port", with(ok, func(c *Config) { c.Brokers = []string{"broker"} }), []string{`"broker" is not HOST:PORT`}},
		{"password", safe, []string{"SCRAM-SHA-256", `"me"`, "check the user, the password"}},
		{"no password", with(safe, func(c *Config) { c.Security.Password = Secret{Env: "NOT_SET_ANYWHERE"} }), []string{"NOT_SET_ANYWHERE is empty"}},
		{"no SASL", with(safe, func(c *Config) { c.Security = Security{} }), []string{"wants TLS or SASL"}},
		{"TLS", with(ok, func(c *Config) { c.Security.TLS = true }), []string{"that this port speaks TLS"}},
		{"CA", with(ok, func(c *Config) { c.Security = Security{TLS: true, CAFile: "missing.pem"} }), []string{"missing.pem"}},
		{"offsets", with(ok, func(c *Config) { c.Start = Position{Kind: AtOffsets, Offsets: map[int32]int64{0: 1}} }), []string{"partitions 0 to 1"}},
		{"beyond", with(ok, func(c *Config) { c.Start = Position{Kind: AtOffsets, Offsets: map[int32]int64{0: 1, 1: 0}} }), []string{"ends at offset 0"}},
		{"registry", with(ok, func(c *Config) { c.Payload, c.Registry.URL = "avro", "http://127.0.0.1:1" }), []string{"schema registry http://127.0.0.1:1"}},
		{"schema", with(ok, func(c *Config) { c.Payload = "avro" }), []string{"needs a schema"}},
		{"future", with(ok, func(c *Config) { c.End = Position{Kind: AtTime, Time: time.Now().Add(time.Hour).UnixMilli()} }), []string{"in the future"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			err := Check(context.Background(), c.cfg)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
			if err != nil && strings.Contains(err.Error(), "wrong") {
				t.Errorf("a secret in %v", err)
			}
		})
	}
	if err := Check(t.Context(), ok); err != nil {
		t.Error(err)
	}
	t.Cleanup(func() {
		write("right")
		if err := Check(context.Background(), safe); err != nil {
			t.Error(err)
		}
	})
}

// TestDenied: a user may describe the topic, and not read it.
func TestDenied(t *testing.T) {
	c := newCluster(t, 1)
	deny(c)
	if err := Check(t.Context(), configOf(t, c)); err == nil || !errors.Is(err, kerr.TopicAuthorizationFailed) || !strings.Contains(err.Error(), "grant READ") {
		t.Errorf("%v", err)
	}
}

// TestTrouble: brokers that fail, hang up and hand partitions over are survived
// without a record lost or doubled.
func TestTrouble(t *testing.T) {
	c := newCluster(t, 2, kfake.NumBrokers(2))
	client := newProducer(t, c)
	const n = 30_000
	for id := range int32(2) {
		produce(t, client, id, events("x", n, func(i int) int64 { return 1e12 + int64(i) })...)
	}
	codes := []*kerr.Error{kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.KafkaStorageError, kerr.UnknownServerError}
	asked := 0
	c.ControlKey(1, func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		asked++
		switch {
		case asked%5 == 1:
			return nil, errors.New("cut"), true
		case asked%5 == 3:
			fetch := req.(*kmsg.FetchRequest)
			resp := fetch.ResponseKind().(*kmsg.FetchResponse)
			resp.ErrorCode = codes[asked/5%len(codes)].Code
			return resp, nil, true
		}
		return nil, nil, false
	})
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		for i := range 20 {
			c.MoveTopicPartition(topic, int32(i%2), int32(i/2%2))
			time.Sleep(10 * time.Millisecond)
		}
	}()
	tally := readAll(t, latest(configOf(t, c)))
	<-moved
	if tally.records != 2*n || tally.sum("x") != 2*n || tally.touch(t, 0, 0) != n || tally.touch(t, 1, 0) != n {
		t.Errorf("%d records, %d rows", tally.records, tally.sum("x"))
	}
}

// TestBuffer: what waits is bounded, however much there is to fetch.
func TestBuffer(t *testing.T) {
	c := newCluster(t, 4)
	client := newProducer(t, c, kgo.ProducerBatchCompression(kgo.GzipCompression()))
	filler := strings.Repeat("z", 200)
	for id := range int32(4) {
		produce(t, client, id, events(filler, 50_000, func(int) int64 { return 1e12 })...)
	}
	cfg := configOf(t, c)
	cfg.Buffer = 8 << 20
	r := newRunner(t, cfg)
	c1, err := use(&r.fn.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer c1.leave()
	total := func() (bytes int64, full int) {
		c1.mu.Lock()
		defer c1.mu.Unlock()
		for _, p := range c1.partitions {
			bytes += p.bytes
			if !p.wanted() {
				full++
			}
		}
		return bytes, full
	}
	for id := range int32(4) {
		c1.read(id, 0, endless)
	}
	eventually(t, "all are full", func() bool { _, full := total(); return full == 4 })
	// A chunk may turn out to be larger than what was fetched.
	if bytes, _ := total(); bytes < cfg.Buffer || bytes > 2*cfg.Buffer {
		t.Errorf("%d bytes wait, of at most about %d", bytes, cfg.Buffer)
	}
	var records int64
	for i := range 4 {
		for _, b := range r.until(i, 50_000) {
			records += b.Records
		}
	}
	if records != 200_000 {
		t.Errorf("%d records", records)
	}
	if bytes, _ := total(); bytes != 0 {
		t.Errorf("%d bytes wait when all was read", bytes)
	}
	if lag := metrics.Lag.Values()[source(topic, 0)]; lag != 0 {
		t.Errorf("lag %d", lag)
	}
}
