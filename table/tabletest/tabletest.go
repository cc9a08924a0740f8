// Package tabletest checks that a database with Crest's tables and views shows
// the rows that count. One suite for every sink.
package tabletest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crest/table"
)

// Store is a database under test.
type Store interface {
	// Write writes rows as one bundle of a pipeline does.
	Write(ctx context.Context, rows []table.Row) error
	// Query returns columns of all rows of a table or view, as text: integers
	// in decimal, bools as 0 and 1, floats as %g, times as table.Time.String,
	// NULL as "".
	Query(ctx context.Context, view string, columns ...string) ([][]string, error)
}

// Run runs the suite; open returns an empty database.
func Run(t *testing.T, open func(*testing.T) Store) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			for i, step := range c.steps {
				if err := s.Write(t.Context(), step.write); err != nil {
					t.Fatalf("step %d: %v", i+1, err)
				}
				for _, w := range step.want {
					check(t, i+1, s, w)
				}
			}
		})
	}
}

// step writes rows, then looks.
type step struct {
	write []table.Row
	want  []want
}

// want is what a view shows: its rows, the columns parted by a blank, in any
// order.
type want struct {
	view    string
	columns string
	rows    []string
}

type scenario struct {
	name  string
	steps []step
}

func check(t *testing.T, step int, s Store, w want) {
	t.Helper()
	rows, err := s.Query(t.Context(), w.view, strings.Fields(w.columns)...)
	if err != nil {
		t.Fatalf("step %d: %s: %v", step, w.view, err)
	}
	got := make([]string, len(rows))
	for i, r := range rows {
		got[i] = strings.Join(r, " ")
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(w.rows))
	if !slices.Equal(got, want) {
		t.Errorf("step %d: %s (%s)\ngot  %s\nwant %s", step, w.view, w.columns,
			strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// The rows that the scenarios are made of. Windows are minutes of one hour;
// runs are r1, r2, …, in the order of their age.

const hour table.Time = 1769900400000 // 2026-01-31T23:00:00Z

func minute(m float64) table.Time { return hour + table.Time(m*60000) }

func row[T table.Any](v T) table.Row {
	r, err := table.Encode(v)
	if err != nil {
		panic(fmt.Sprintf("tabletest: %v", err))
	}
	return r
}

func committed(run string) table.Row {
	return row(table.Run{Job: "j", Run: run, Path: table.Both, Kind: table.Batch,
		StartedAt: minute(90), CommittedAt: minute(91), Settings: "{}"})
}

func streaming(run string, started, completeFrom table.Time) table.Row {
	return row(table.Run{Job: "j", Run: run, Path: table.Fast, Kind: table.Streaming,
		StartedAt: started, CompleteFrom: completeFrom, Settings: "{}"})
}

func topk(job, run, path, segment string, m float64, total uint64) table.TopK {
	return table.TopK{Job: job, Run: run, Path: path, Segment: segment,
		WindowStart: minute(m), WindowEnd: minute(m + 1), WindowSeconds: 60,
		Revision: total, Total: total, WrittenAt: minute(100),
		Items: []table.Item{
			{Rank: 1, Item: "a b", Count: total - 1, Lower: total - 2, Upper: total, Certain: true},
			{Rank: 2, Item: `"ü"`, Count: 1, Upper: 2},
		}}
}

// list is a list of job j without segments.
func list(run, path string, m float64, total uint64) table.Row {
	return row(topk("j", run, path, "", m, total))
}

func count(run, item string, m float64, n uint64) table.Row {
	return row(table.Count{Job: "j", Run: run, Item: item, Count: n,
		WindowStart: minute(m), WindowEnd: minute(m + 60), WindowSeconds: 3600})
}

func accuracy(run string, m, recall float64) table.Row {
	return row(table.Accuracy{Job: "j", Run: run, WindowStart: minute(m), WindowEnd: minute(m + 1), WindowSeconds: 60,
		K: 2, Compared: 2, Recall: recall, Coverage: 1, WrittenAt: minute(100)})
}

func reject(run string, offset int64) table.Row {
	return row(table.Reject{Job: "j", Run: run, Source: "f", Offset: offset, Reason: "no time", Raw: []byte{0, 255}, Count: 1})
}

func late(run string, offset int64) table.Row {
	return row(table.Late{Job: "j", Run: run, Source: "f", Offset: offset, Count: 1, Weight: 1})
}
