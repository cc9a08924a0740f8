//go:build real && unix

package bigquery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	bq "cloud.google.com/go/bigquery"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"crest/realtest"
	"crest/table"
)

// TestRealAppendBesideInsertAll writes the same lists by the Storage Write API and
// by insertAll, which is the way of Beam's own sink, and prints what each takes:
// of time, which is mostly the emulator's, of the processor time of this process,
// and of bytes on the wire.
func TestRealAppendBesideInsertAll(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures")
	}
	e := realtest.BigQuery(t)
	const lists, k, rounds = 200, 100, 3
	r := rand.New(rand.NewPCG(1, 0))
	var rows []table.Row
	var savers []*bq.ValuesSaver
	schema := fields(table.TopKTable.Schema().Columns)
	for i := range lists {
		row, err := table.Encode(benchList(r, i, k))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
		savers = append(savers, &bq.ValuesSaver{Schema: schema, InsertID: fmt.Sprint(i), Row: valuesOf(t, row)})
	}
	var sent counter
	ways := []struct {
		name  string
		write func(ctx context.Context, c *Client) error
	}{
		{"Storage Write API, default stream", func(ctx context.Context, c *Client) error { return c.Append(ctx, rows) }},
		{"Storage Write API, pending stream", func(ctx context.Context, c *Client) error {
			p, err := c.Pend(ctx, table.TopKTable)
			if err != nil {
				return err
			}
			defer p.Close()
			if _, err := p.Append(ctx, rows); err != nil {
				return err
			}
			name, _, err := p.Finalize(ctx)
			if err != nil {
				return err
			}
			return c.Commit(ctx, table.TopKTable, []string{name})
		}},
		{"insertAll", func(ctx context.Context, c *Client) error {
			for from := 0; from < lists; from += 500 { // what the documentation recommends
				if err := c.rest.Dataset(c.target.Dataset).Table("topk").Inserter().Put(ctx, savers[from:min(from+500, lists)]); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	var base float64
	for i, way := range ways {
		c := prepared(t, target(e, fmt.Sprint("d", i)))
		counted(t, c, &sent)
		if err := way.write(t.Context(), c); err != nil { // warm
			t.Fatal(err)
		}
		sent.Store(0)
		cpu, start := processorTime(), time.Now()
		for range rounds {
			if err := way.write(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		took, used := time.Since(start), processorTime()-cpu
		if n := number(t, c, `SELECT count(*) FROM topk`); n != (rounds+1)*lists {
			t.Errorf("%s: %d rows", way.name, n)
		}
		rate := rounds * lists / took.Seconds()
		if i == 0 {
			base = rate
		}
		t.Logf("%-34s %6.0f lists/s (%.2fx), %5.1f µs of CPU and %5.0f bytes a list of %d items", way.name, rate, rate/base,
			float64(used.Microseconds())/(rounds*lists), float64(sent.Load())/(rounds*lists), k)
	}
}

func benchList(r *rand.Rand, i, k int) table.TopK {
	l := table.TopK{Job: "bench", Run: "20260131T235900.000Z-00000000", Path: table.Fast, Segment: fmt.Sprint("segment ", i), WindowStart: 1769900400000,
		WindowEnd: 1769900460000, WindowSeconds: 60, Revision: 1e6, Total: 1e6, WrittenAt: 1769900460000}
	for j := range k {
		n := uint64(1e6 / (j + 1))
		l.Items = append(l.Items, table.Item{Rank: int64(j + 1), Item: fmt.Sprintf("item %x", r.Uint32()), Count: n, Lower: n - 10, Upper: n, Certain: j < 50})
	}
	return l
}

func valuesOf(t *testing.T, row table.Row) []bq.Value {
	values, err := row.Values(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]bq.Value, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case table.Time:
			all[i] = v.Time()
		case table.Records:
			var records []bq.Value
			v.Each(func(_ int, fields []any) {
				var record []bq.Value
				for _, f := range fields {
					record = append(record, f)
				}
				records = append(records, record)
			})
			all[i] = records
		default:
			all[i] = v
		}
	}
	return all
}

// counter counts the bytes of requests.
type counter struct{ atomic.Int64 }

func (c *counter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (c *counter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
func (c *counter) HandleConn(context.Context, stats.ConnStats) {}
func (c *counter) HandleRPC(_ context.Context, s stats.RPCStats) {
	if out, ok := s.(*stats.OutPayload); ok {
		c.Add(int64(out.WireLength))
	}
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.Add(r.ContentLength)
	return http.DefaultTransport.RoundTrip(r)
}

// counted has a client count what it sends.
func counted(t *testing.T, c *Client, n *counter) {
	t.Helper()
	rest, err := bq.NewClient(t.Context(), c.target.Project, append(c.target.RESTOptions(), option.WithHTTPClient(&http.Client{Transport: n}))...)
	if err != nil {
		t.Fatal(err)
	}
	storage, err := managedwriter.NewClient(t.Context(), c.target.Project, append(c.target.StorageOptions(), option.WithGRPCDialOption(grpc.WithStatsHandler(n)))...)
	if err != nil {
		t.Fatal(err)
	}
	c.rest.Close()
	c.storage.Close()
	c.rest, c.storage = rest, storage
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
