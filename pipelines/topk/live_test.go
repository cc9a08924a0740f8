package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"crest/table"
)

// A live program runs until it is stopped.
type live struct {
	t      *testing.T
	file   string
	stderr *bytes.Buffer
	cancel context.CancelFunc
	done   chan int
}

// startLive starts the program on a live source, with a SQLite file as its sink.
func startLive(t *testing.T, args ...string) *live {
	t.Helper()
	return launch(t, func(ctx context.Context, m *Main) error {
		defer m.Close()
		return m.Run(ctx)
	}, args...)
}

// launch runs the program with a SQLite file as its sink until it is stopped.
func launch(t *testing.T, run func(context.Context, *Main) error, args ...string) *live {
	t.Helper()
	l := &live{t: t, file: filepath.Join(t.TempDir(), "live.db"), stderr: new(bytes.Buffer), done: make(chan int, 1)}
	m := &Main{Stdout: new(bytes.Buffer), Stderr: l.stderr}
	if err := m.ParseFlags(flag.NewFlagSet("topk", flag.ContinueOnError), append(args, "--sink=sqlite:"+l.file)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	go func() { l.done <- m.explain(run(ctx, m)) }()
	return l
}

// patience is how long a condition is awaited.
const patience = 3 * time.Minute

// await waits until a query of one number gives at least n.
func (l *live) await(query string, n int64) {
	l.t.Helper()
	var got int64
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case code := <-l.done:
			l.t.Fatalf("it ended with exit code %d: %s", code, l.stderr.String())
		default:
		}
		if got = l.number(query); got >= n {
			return
		}
	}
	l.t.Fatalf("%s: %d, and not %d after minutes:\n%s", query, got, n, l.stderr.String())
}

// number is what a query gives; 0 before the file is there.
func (l *live) number(query string) int64 {
	db, err := sql.Open("sqlite", l.file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return 0
	}
	defer db.Close()
	var n sql.NullInt64
	if err := db.QueryRow(query).Scan(&n); err != nil {
		return 0
	}
	return n.Int64
}

// stop is what Ctrl-C does.
func (l *live) stop() {
	l.t.Helper()
	l.cancel()
	if code := <-l.done; code != 130 {
		l.t.Errorf("stopped with exit code %d: %s", code, l.stderr.String())
	}
}

// produce sends events to a topic of 4 partitions, by item.
func produce(t *testing.T, brokers []string, topic string, events []seen) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.DefaultProduceTopic(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, e := range events {
		value, err := json.Marshal(map[string]any{"time": e.time, "item": e.item, "group": e.segment})
		if err != nil {
			t.Fatal(err)
		}
		client.Produce(t.Context(), &kgo.Record{Key: []byte(e.item), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// closing are events, one of them in each partition for certain, that come long
// after all others: they close every window.
func closing() (events []seen) {
	for i := range 64 {
		events = append(events, seen{time.Date(2030, 1, 1, 0, i, 0, 0, time.UTC), "closing", fmt.Sprint("closing ", i)})
	}
	return events
}

const week = 7 * 24 * 3600

// checkLive holds what a live run wrote against the events: each is in the lists
// of its windows, of these sizes, or late, and the ledger knows of it.
func checkLive(t *testing.T, l *live, events []seen, sizes ...int64) {
	t.Helper()
	n, most := int64(len(events)), int64(len(events)+len(closing()))
	read := l.number(`SELECT sum(read) FROM ledger`)
	if sum := l.number(`SELECT sum(counted + late + rejected) FROM ledger`); read < n || read > most || sum != read {
		t.Errorf("the ledger has %d records and accounts for %d, of %d to %d", read, sum, n, most)
	}
	// The places of Pub/Sub's messages begin anew with each bundle.
	if holes := l.number(`SELECT count(*) FROM ledger WHERE positions != to_offset - from_offset AND source NOT LIKE 'pubsub:%'`); holes != 0 {
		t.Errorf("%d rows of the ledger have holes, or offsets twice", holes)
	}
	if a, b := l.number(`SELECT sum(late) FROM ledger`), l.number(`SELECT sum(count) FROM late`); a != b {
		t.Errorf("the ledger has %d late records, the table late %d", a, b)
	}
	db, err := sql.Open("sqlite", l.file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	totals := l.totals()
	for w, counts := range count(events, sizes...) {
		var total int64
		for _, n := range counts {
			total += n
		}
		start, err := time.Parse(time.RFC3339, w.start)
		if err != nil {
			t.Fatal(err)
		}
		var late sql.NullInt64
		end := start.Add(time.Duration(w.seconds) * time.Second).Format(time.RFC3339)
		if err := db.QueryRow(`SELECT sum(count) FROM late WHERE segment = ? AND window_start >= ? AND window_start < ?`, w.segment, w.start, end).Scan(&late); err != nil {
			t.Fatal(err)
		}
		if totals[w]+late.Int64 != total {
			t.Errorf("%v: a list of %d, and %d late, of %d events", w, totals[w], late.Int64, total)
		}
	}
}

// totals are those of the lists that the run wrote, also of windows that it was
// started in, which the views leave out.
func (l *live) totals() map[window]int64 {
	l.t.Helper()
	db, err := sql.Open("sqlite", l.file)
	if err != nil {
		l.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT window_seconds, window_start, segment, total FROM topk WHERE path = ?`, table.Fast)
	if err != nil {
		l.t.Fatal(err)
	}
	defer rows.Close()
	totals := make(map[window]int64)
	for rows.Next() {
		var w window
		var total int64
		if err := rows.Scan(&w.seconds, &w.start, &w.segment, &total); err != nil {
			l.t.Fatal(err)
		}
		totals[w] = total
	}
	if err := rows.Err(); err != nil {
		l.t.Fatal(err)
	}
	return totals
}

// awaitClosed waits until every window of a size that one of the events is in is
// closed.
func (l *live) awaitClosed(events []seen, seconds int64) {
	l.t.Helper()
	last := slices.MaxFunc(events, func(a, b seen) int { return a.time.Compare(b.time) })
	l.await(fmt.Sprintf(`SELECT count(*) FROM progress WHERE closed_through > '%s' AND window_seconds = %d`, last.time.UTC().Format(time.RFC3339), seconds), 1)
}

// awaitListed waits until the lists of a size account for so many events, the
// late ones aside: progress is told by the clock, and may be ahead of them.
func (l *live) awaitListed(events []seen, seconds int64) {
	l.t.Helper()
	l.await(fmt.Sprintf(`SELECT (SELECT sum(total) FROM topk WHERE window_seconds = %d) + (SELECT coalesce(sum(count), 0) FROM late)`, seconds), int64(len(events)))
}

// TestLive reads events of years, out of order by days, from Kafka until every
// window of them is closed.
func TestLive(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "commits"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	events := commits(t)[:20_000]
	produce(t, cluster.ListenAddrs(), "commits", events)
	l := startLive(t, "--source=kafka", "--brokers="+strings.Join(cluster.ListenAddrs(), ","), "--topic=commits",
		"--segment_field=group", "--windows=7d,28d", "--lateness=60d", "--early=0", "--disorder=1d")
	produce(t, cluster.ListenAddrs(), "commits", closing())
	l.await(`SELECT sum(read) FROM ledger`, int64(len(events)))
	for _, size := range []int64{week, 4 * week} {
		l.awaitClosed(events, size)
		l.awaitListed(events, size)
	}
	l.stop()
	checkLive(t, l, events, week, 4*week)
}
