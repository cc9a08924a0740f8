package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"crest/table"
)

// BenchmarkCounts writes rows of the frequency table in random order, a
// bundle's worth a transaction.
func BenchmarkCounts(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "crest.db"))
	rng := rand.New(rand.NewPCG(1, 2))
	rows := make([]table.Row, maxRows)
	for b.Loop() {
		b.StopTimer()
		for i := range rows {
			start := table.Time(1769900400000 + 3600000*rng.Int64N(24))
			rows[i] = row(b, table.Count{Job: "topk", Run: "20260131T235900.000Z-00000000", WindowStart: start,
				WindowEnd: start + 3600000, WindowSeconds: 3600, Item: fmt.Sprintf("item-%x", rng.Uint32()), Count: 3})
		}
		b.StartTimer()
		if err := s.Write(context.Background(), rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*maxRows/b.Elapsed().Seconds(), "rows/s")
}

// fill writes lists of ten items: minutes × segments of them, by two runs, the
// newer of which has the newer half.
func fill(b *testing.B, s *Store, minutes, segments int) {
	runs := []string{"20260131T000000.000Z-00000000", "20260201T000000.000Z-00000000"}
	var rows []table.Row
	flush := func() {
		if err := s.Write(context.Background(), rows); err != nil {
			b.Fatal(err)
		}
		rows = rows[:0]
	}
	for m := range minutes {
		for g := range segments {
			l := table.TopK{Job: "topk", Path: table.Fast, Segment: fmt.Sprintf("s%03d", g),
				WindowStart: table.Time(1769900400000 + 60000*m), WindowSeconds: 60, Revision: 9, Total: uint64(g)}
			l.WindowEnd = l.WindowStart + 60000
			for i := range 10 {
				l.Items = append(l.Items, table.Item{Rank: int64(i + 1), Item: fmt.Sprintf("item %d", i), Count: 5, Lower: 4, Upper: 6})
			}
			for r, run := range runs {
				if l.Run = run; r == 0 || m >= minutes/2 {
					rows = append(rows, row(b, l))
				}
			}
			if len(rows) >= 10000 {
				flush()
			}
		}
	}
	for _, run := range runs {
		rows = append(rows, row(b, table.Run{Job: "topk", Run: run, Kind: table.Batch, CommittedAt: 1, Settings: "{}"}))
	}
	flush()
}

// BenchmarkViews asks what an analyst asks of 300,000 lists, 200,000 of which
// count.
func BenchmarkViews(b *testing.B) {
	path := filepath.Join(b.TempDir(), "crest.db")
	s := open(b, path)
	fill(b, s, 1000, 200)
	for _, q := range []struct{ name, sql string }{
		{"all", "SELECT count(*), sum(total) FROM topk_latest"},
		{"best", "SELECT count(*), sum(total) FROM topk_best"},
		{"segment", "SELECT count(*) FROM topk_items WHERE window_seconds = 60 AND segment = 's007'"},
		{"list", "SELECT count(*) FROM topk_items WHERE window_seconds = 60 AND segment = 's007' AND window_start = '2026-02-01T07:00:00Z'"},
		{"window", "SELECT count(*) FROM topk_items WHERE window_seconds = 60 AND window_start = '2026-02-01T07:00:00Z'"},
		{"newest", "SELECT count(*) FROM topk_items WHERE window_start = (SELECT max(window_start) FROM topk_latest)"},
		{"range", "SELECT item, sum(count) FROM topk_items WHERE window_seconds = 60 AND segment = 's007' AND window_start >= '2026-02-01' AND window_start < '2026-02-01T06' GROUP BY item"},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				rows, err := s.db.Query(q.sql)
				if err != nil {
					b.Fatal(err)
				}
				for rows.Next() {
				}
				if err := rows.Err(); err != nil {
					b.Fatal(err)
				}
				rows.Close()
			}
		})
	}
}
