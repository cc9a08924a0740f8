//go:build real && unix

package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	bq "cloud.google.com/go/bigquery"
	"github.com/twmb/franz-go/pkg/kfake"

	"crest/bigquery"
	"crest/realtest"
	"crest/seedtest"
)

// dataset is one of an emulator, as the flags name it.
type dataset struct {
	target bigquery.Target
	client *bq.Client
}

func openDataset(t *testing.T, e realtest.BigQueryServer, name string) *dataset {
	t.Helper()
	d := &dataset{target: bigquery.Target{Project: e.Project, Dataset: name, Endpoint: e.Endpoint, StorageEndpoint: e.StorageEndpoint}}
	var err error
	if d.client, err = bq.NewClient(t.Context(), e.Project, d.target.RESTOptions()...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.client.Close() })
	return d
}

func (d *dataset) flags() []string {
	return []string{"--sink=bigquery:" + d.target.String(), "--bigquery_endpoint=" + d.target.Endpoint, "--bigquery_storage_endpoint=" + d.target.StorageEndpoint}
}

// rows are those of a query, each as a text.
func (d *dataset) rows(t *testing.T, query string) (rows []string) {
	t.Helper()
	found, _, err := realtest.Query(t.Context(), d.client, d.target.Dataset, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	for _, row := range found {
		rows = append(rows, strings.Trim(fmt.Sprint(row), "[]"))
	}
	slices.Sort(rows)
	return rows
}

// fileRows are those of a query of a SQLite file, as rows gives them.
func fileRows(t *testing.T, file, query string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, v := range values {
			text = append(text, fmt.Sprint(*v.(*any)))
		}
		all = append(all, strings.Join(text, " "))
	}
	slices.Sort(all)
	return all
}

// TestRealBigQuery writes one run to BigQuery and to SQLite: both show the same.
func TestRealBigQuery(t *testing.T) {
	d := openDataset(t, realtest.BigQuery(t), "crest")
	file := filepath.Join(t.TempDir(), "crest.db")
	input := ndjson(t, commits(t)[:5000])
	args := append(d.flags(), "--sink=sqlite:"+file, "--input="+input, "--segment_field=group", "--windows=28d,all", "--path=both", "--counts=7d", "--k=20")
	for range 2 { // the second run replaces the first
		out := must(t, args...)
		if !strings.Contains(out, "bq --project_id="+d.target.Project) {
			t.Errorf("it does not say how to look further:\n%s", out)
		}
	}
	for _, query := range []string{
		`SELECT path, window_seconds, segment, rank, item, count, lower, upper, total, revision, run FROM topk_items`,
		`SELECT window_seconds, segment, item, count FROM counts_latest`,
		`SELECT path, segment, shard, total, length(summary) FROM sketches_latest`,
		`SELECT window_seconds, segment, compared, certain, violations FROM accuracy_latest`,
		`SELECT path, window_seconds, segment, total FROM topk_best`,
	} {
		got, want := d.rows(t, query), fileRows(t, file, query)
		if !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s: %d rows, not the %d of SQLite:\n%.300v\n%.300v", query, len(got), len(want), got, want)
		}
	}
}

// kills is how often a run is killed.
const kills = 50

// TestRealBigQueryKilled kills batch runs at random messages to the Storage Write
// API, before the service has them or behind. Of such a run the views show all or
// nothing.
func TestRealBigQueryKilled(t *testing.T) {
	r := seedtest.Rand(t)
	e := realtest.BigQuery(t)
	var messages, last atomic.Int64 // that were seen, and the last that is let through
	var acks, lastAck atomic.Int64  // of commits that were answered, and the one that is not let through
	var before atomic.Bool
	kill := make(chan struct{}, 1)
	last.Store(1 << 40)
	e.StorageEndpoint = realtest.Proxy(t, e.StorageEndpoint, func(method string, answered bool) error {
		n := messages.Load()
		if !answered {
			n = messages.Add(1)
		}
		committed := answered && strings.HasSuffix(method, "/BatchCommitWriteStreams") && acks.Add(1) == lastAck.Load()
		if !committed && (n < last.Load() || n == last.Load() && before.Load() == answered) {
			return nil
		}
		select {
		case kill <- struct{}{}:
		default:
		}
		return io.ErrClosedPipe // not one message more
	})
	d := openDataset(t, e, "crest")
	input := ndjson(t, commits(t)[:400])
	args := func(job string) []string {
		return append(d.flags(), "--job="+job, "--input="+input, "--segment_field=group", "--windows=28d,all", "--path=both", "--counts=28d", "--k=5")
	}
	must(t, args("whole")...)
	shown := func(job string) string {
		var all []string
		for _, view := range []string{"topk_latest", "topk_best", "counts_latest", "sketches_latest", "accuracy_latest", "rejects_latest"} {
			all = append(all, strings.Join(d.rows(t, fmt.Sprintf("SELECT count(*) FROM %s WHERE job = '%s'", view, job)), ""))
		}
		return strings.Join(all, " ")
	}
	whole, none := shown("whole"), "0 0 0 0 0 0"
	total, everything := messages.Load(), acks.Load()
	t.Logf("a run sends %d messages, %d of them commits, and is seen as %s rows", total, everything, whole)
	seen := map[string]int{}
	for i := range kills {
		job := fmt.Sprint("killed", i)
		messages.Store(0)
		acks.Store(0)
		lastAck.Store(0)
		switch i {
		case 0: // before anything
			last.Store(1)
			before.Store(true)
		case 1: // when all is committed, and the run does not know it
			lastAck.Store(everything)
		default:
			last.Store(1 + r.Int64N(total+1)) // the last is behind the run
			before.Store(r.IntN(2) == 0)
		}
		killed(t, kill, args(job))
		last.Store(1 << 40)
		lastAck.Store(0)
		got := shown(job)
		seen[got]++
		if got != whole && got != none {
			t.Errorf("killed at message %d of %d, %s rows are seen of %s", messages.Load(), total, got, whole)
		}
	}
	t.Logf("seen: %v", seen)
	if seen[none] == 0 || seen[whole] == 0 {
		t.Error("not both ends were seen")
	}
}

// killed runs the program until it ends, or is killed.
func killed(t *testing.T, kill <-chan struct{}, args []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), beTopK+"=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-kill:
		cancel()
		<-done
	case err := <-done:
		if err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
	}
	select {
	case <-kill: // one that the end of the run has sent
	default:
	}
}

// TestRealBigQueryLive counts events of a Kafka in the process into BigQuery and
// SQLite: both end with the same lists, but for those of open panes, which only
// SQLite has.
func TestRealBigQueryLive(t *testing.T) {
	d := openDataset(t, realtest.BigQuery(t), "live")
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "commits"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	events := commits(t)[:5000]
	produce(t, cluster.ListenAddrs(), "commits", events)
	l := startLive(t, append(d.flags(), "--source=kafka", "--brokers="+strings.Join(cluster.ListenAddrs(), ","), "--topic=commits",
		"--segment_field=group", "--windows=28d,84d", "--lateness=90d", "--disorder=30d", "--early=1s")...)
	l.await(`SELECT sum(read) FROM ledger`, int64(len(events)))
	produce(t, cluster.ListenAddrs(), "commits", closing())
	l.awaitEnd(events)
	const all = `SELECT window_seconds, segment, rank, item, count, lower, upper, total, revision FROM topk_items WHERE window_start < '2029-01-01'`
	// Both get each bundle's rows, one after the other.
	var got, want []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Second) {
		if got, want = d.rows(t, all), fileRows(t, l.file, all); slices.Equal(got, want) {
			break
		}
	}
	l.stop()
	if !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("%d rows, not the %d of SQLite:\n%.300v\n%.300v", len(got), len(want), got, want)
	}
	written, kept := d.rows(t, `SELECT count(*) FROM topk`), fileRows(t, l.file, `SELECT count(*) FROM topk`)
	t.Logf("%v rows of topk are in BigQuery, for %v lists", written, kept)
	for _, query := range []string{`SELECT source, from_offset, to_offset, read, counted, late FROM ledger_latest`, `SELECT kind, path FROM runs`} {
		if got, want := d.rows(t, query), fileRows(t, l.file, query); !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s: %d rows, not the %d of SQLite:\n%.300v\n%.300v", query, len(got), len(want), got, want)
		}
	}
}
