//go:build real && unix

package bigquery

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	bq "cloud.google.com/go/bigquery"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crest/bigquery"
	"crest/realtest"
	"crest/seedtest"
	"crest/table"
)

const (
	failures = 50 // how often a bundle fails
	windows  = 12
)

// TestRealLiveRetried writes the revisions of lists in bundles, as a live job does.
// Bundles fail at random messages to the Storage Write API, before the service has
// them or behind, and are run again; now and then a job begins again from an older
// checkpoint. Each window has one list then, of the highest revision.
func TestRealLiveRetried(t *testing.T) {
	r := seedtest.Rand(t)
	e := realtest.BigQuery(t)
	var left atomic.Int64 // messages until one fails
	var behind atomic.Bool
	left.Store(1 << 40)
	endpoint := realtest.Proxy(t, e.StorageEndpoint, func(method string, answered bool) error {
		if !strings.HasSuffix(method, "/AppendRows") || answered != behind.Load() || left.Add(-1) != 0 {
			return nil
		}
		return status.Error(codes.PermissionDenied, "a fault of the test") // one that is not tried again by the client
	})
	target := bigquery.Target{Project: e.Project, Dataset: "live", Endpoint: e.Endpoint, StorageEndpoint: endpoint}
	c, err := client(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	fn := &liveFn{Target: target}
	if err := fn.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	const start table.Time = 1769900400000
	run, err := table.Encode(table.Run{Job: "j", Run: "r1", Path: table.Fast, Kind: table.Streaming, StartedAt: start - 1, Settings: "{}"})
	if err != nil {
		t.Fatal(err)
	}
	bundles := [][]table.Row{{run}}
	highest := make(map[table.Time]uint64)
	for range 60 {
		var rows []table.Row
		for range 1 + r.IntN(20) {
			at := start + table.Time(r.IntN(windows)*60_000)
			highest[at] += 1 + r.Uint64N(9)
			rows = append(rows, revision(t, at, highest[at]))
		}
		bundles = append(bundles, rows)
	}
	failed := 0
	for i := 0; i < len(bundles); {
		fail := failed < failures && r.IntN(3) > 0
		if fail {
			behind.Store(r.IntN(2) == 0)
			left.Store(1)
		}
		err := bundle(t.Context(), fn, bundles[i])
		left.Store(1 << 40)
		switch {
		case fail && err == nil:
			t.Fatal("a bundle did not fail that should")
		case !fail && err != nil:
			t.Fatal(err)
		case err != nil:
			failed++
			i = max(0, i-r.IntN(4)) // from a checkpoint
		default:
			i++
		}
	}
	if failed != failures {
		t.Errorf("%d bundles failed", failed)
	}
	got := shown(t, target)
	if len(got) != len(highest) {
		t.Errorf("%d lists of %d windows", len(got), len(highest))
	}
	for at, want := range highest {
		if got[at.String()] != fmt.Sprintf("%d %d", want, want) {
			t.Errorf("window %v: %s, not revision %d", at, got[at.String()], want)
		}
	}
}

func revision(t *testing.T, at table.Time, n uint64) table.Row {
	t.Helper()
	row, err := table.Encode(table.TopK{Job: "j", Run: "r1", Path: table.Fast, WindowStart: at, WindowEnd: at + 60_000, WindowSeconds: 60, Revision: n, Total: n,
		Items: []table.Item{{Rank: 1, Item: "x", Count: n, Lower: n, Upper: n, Certain: true}}, WrittenAt: table.TimeOf(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// bundle does with a bundle what a runner does.
func bundle(ctx context.Context, fn *liveFn, rows []table.Row) error {
	emit := func(int64) {}
	if err := fn.StartBundle(ctx, emit); err != nil {
		return err
	}
	for _, row := range rows {
		if err := fn.ProcessElement(ctx, row, emit); err != nil {
			return err
		}
	}
	return fn.FinishBundle(ctx, emit)
}

// shown are the lists that the views show, by window: revision and total; of a
// window that is there twice both.
func shown(t *testing.T, target bigquery.Target) map[string]string {
	t.Helper()
	rest, err := bq.NewClient(t.Context(), target.Project, target.RESTOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	defer rest.Close()
	rows, _, err := realtest.Query(t.Context(), rest, target.Dataset, "SELECT window_start, revision, total FROM topk_latest")
	if err != nil {
		t.Fatal(err)
	}
	lists := make(map[string]string)
	for _, row := range rows {
		at := table.TimeOf(row[0].(time.Time)).String()
		lists[at] = strings.TrimSpace(fmt.Sprintf("%s %v %v", lists[at], row[1], row[2]))
	}
	return lists
}
