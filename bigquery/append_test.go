package bigquery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"crest/seedtest"
	"crest/table"
)

func sample(t testing.TB, segment, item string) table.Row {
	t.Helper()
	row, err := table.Encode(table.TopK{Job: "j", Run: "r", Path: table.Fast, Segment: segment, WindowStart: 1769900400000, WindowEnd: 1769900460000,
		WindowSeconds: 60, Revision: 1, Total: 9, Items: []table.Item{{Rank: 1, Item: item, Count: 9, Lower: 8, Upper: 10, Certain: true}}, WrittenAt: 1})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func samples(t testing.TB, from, to int) (rows []table.Row) {
	for i := from; i < to; i++ {
		rows = append(rows, sample(t, fmt.Sprint(i), "ü"))
	}
	return rows
}

// faults fail a share of all calls in ways that pass, some of them when the work
// is done.
func faults(r *rand.Rand, share float64) func(string, bool) error {
	var mu sync.Mutex
	passing := []codes.Code{codes.Unavailable, codes.Aborted, codes.Internal, codes.ResourceExhausted}
	return func(call string, done bool) error {
		mu.Lock()
		defer mu.Unlock()
		if r.Float64() >= share {
			return nil
		}
		return status.Error(passing[r.IntN(len(passing))], "a fault of the test")
	}
}

// TestPendingOnce writes through faults: each row is there once.
func TestPendingOnce(t *testing.T) {
	r := seedtest.Rand(t)
	s, c := startService(t)
	s.fault = faults(r, 0.2)
	var streams []string
	for i := range 3 {
		p, err := c.Pend(t.Context(), table.TopKTable)
		if err != nil {
			t.Fatal(err)
		}
		for j := range 30 {
			if _, err := p.Append(t.Context(), samples(t, 1000*i+10*j, 1000*i+10*j+10)); err != nil {
				t.Fatal(err)
			}
		}
		name, n, err := p.Finalize(t.Context())
		if err != nil || n != 300 {
			t.Fatalf("%d rows: %v", n, err)
		}
		streams = append(streams, name)
		p.Close()
	}
	if n := len(s.rows("topk")); n != 0 {
		t.Errorf("%d rows can be seen before the commit", n)
	}
	for range 2 {
		if err := c.Commit(t.Context(), table.TopKTable, streams); err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]int)
		for _, m := range s.rows("topk") {
			seen[text(m, "segment")]++
		}
		if len(seen) != 900 || len(s.rows("topk")) != 900 {
			t.Errorf("%d rows of 900 segments, %d of them different", len(s.rows("topk")), len(seen))
		}
	}
}

// TestAppendAll writes through faults from several goroutines: each row is there,
// perhaps more than once.
func TestAppendAll(t *testing.T) {
	r := seedtest.Rand(t)
	s, c := startService(t)
	s.fault = faults(r, 0.2)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 20 {
				if err := c.Append(t.Context(), samples(t, 1000*i+10*j, 1000*i+10*j+10)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := make(map[string]bool)
	for _, m := range s.rows("topk") {
		seen[text(m, "segment")] = true
	}
	if len(seen) != 800 {
		t.Errorf("%d rows of 800", len(seen))
	}
}

// TestRefused writes rows that the service does not take among others.
func TestRefused(t *testing.T) {
	s, c := startService(t)
	bad := func(segment string) table.Row {
		row, err := table.Encode(table.TopK{Job: "bad", Run: "r", Segment: segment, WindowSeconds: 60})
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	huge, err := table.Encode(table.Sketch{Job: "j", Run: "r", Segment: "huge", Summary: make([]byte, maxRequest)})
	if err != nil {
		t.Fatal(err)
	}
	rows := append(append(samples(t, 0, 5), bad("x"), sample(t, "y", "y"), bad("z"), huge), samples(t, 10, 15)...)
	// The rejects of bad rows are of the job "bad" too, and are taken.
	s.refuse = func(m protoreflect.Message) bool {
		return m.Descriptor().Name() == "topk" && text(m, "job") == "bad"
	}
	if err := c.Append(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if n := len(s.rows("topk")); n != 11 {
		t.Errorf("%d rows of 11", n)
	}
	if n := len(s.rows("sketches")); n != 0 {
		t.Errorf("a row of 9 MB was sent")
	}
	var sources []string
	for _, m := range s.rows("rejects") {
		sources = append(sources, text(m, "source")+": "+text(m, "detail"))
	}
	all := strings.Join(sources, "\n")
	for _, want := range []string{"project.d.topk window_seconds=60 segment=x", "segment=z", "segment=huge", "a field is wrong", "9437184 are the most"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if n := c.TakeRefused(); n != 3 || len(sources) != 3 {
		t.Errorf("%d refused, %d rejects", n, len(sources))
	}
}

// TestFatal sees errors that do not pass, and that they are told at once.
func TestFatal(t *testing.T) {
	for _, test := range []struct {
		code codes.Code
		want string
	}{{codes.PermissionDenied, "BigQuery Data Editor"}, {codes.NotFound, "the dataset's"}, {codes.InvalidArgument, "a fault of the test"}} {
		s, c := startService(t)
		calls := 0
		s.fault = func(call string, _ bool) error {
			if call != "append" {
				return nil
			}
			calls++
			return status.Error(test.code, "a fault of the test")
		}
		err := c.Append(t.Context(), samples(t, 0, 1))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "writing to topk of bigquery:project.d") {
			t.Errorf("%v: %v", test.code, err)
		}
		if calls != 1 && test.code != codes.NotFound { // of which it waits a while to see whether it passes
			t.Errorf("%v: %d attempts", test.code, calls)
		}
		s.fault = func(string, bool) error { return nil }
		if err := c.Append(t.Context(), samples(t, 0, 1)); err != nil {
			t.Errorf("behind %v nothing is written: %v", test.code, err)
		}
		if _, err := c.Pend(t.Context(), table.TopKTable); err != nil {
			t.Error(err)
		}
	}
}

// TestCancelledAmongOthers has one who writes told to stop again and again, while
// others write to the same table.
func TestCancelledAmongOthers(t *testing.T) {
	s, c := startService(t)
	stop := make(chan struct{})
	var impatient, patient sync.WaitGroup
	impatient.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Microsecond)
			c.Append(ctx, samples(t, 10_000+i, 10_001+i)) // it fails, or not
			cancel()
		}
	})
	for i := range 4 {
		patient.Go(func() {
			for j := range 50 {
				if err := c.Append(t.Context(), samples(t, 100*i+j, 100*i+j+1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	patient.Wait()
	close(stop)
	impatient.Wait()
	seen := make(map[string]bool)
	for _, m := range s.rows("topk") {
		seen[text(m, "segment")] = len(text(m, "segment")) < 5
	}
	n := 0
	for _, patient := range seen {
		if patient {
			n++
		}
	}
	if n != 200 {
		t.Errorf("%d rows of 200", n)
	}
}

// TestClosedAmongOthers has the stream that all share fail for one of them.
func TestClosedAmongOthers(t *testing.T) {
	s, c := startService(t)
	var calls atomic.Int64
	s.fault = func(call string, _ bool) error {
		if call == "append" && calls.Add(1)%41 == 0 {
			return status.Error(codes.PermissionDenied, "a fault of the test")
		}
		return nil
	}
	var all sync.WaitGroup
	var failed atomic.Int64
	for i := range 4 {
		all.Go(func() {
			for j := range 50 {
				if err := c.Append(t.Context(), samples(t, 100*i+j, 100*i+j+1)); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	if n := failed.Load(); n == 0 || n > 20 {
		t.Errorf("%d of 200 failed", n)
	}
}

// TestOpeningEnds has a stream that can't be opened.
func TestOpeningEnds(t *testing.T) {
	s, c := startService(t)
	s.fault = func(string, bool) error { return status.Error(codes.Unavailable, "a fault of the test") }
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if err := c.Append(ctx, samples(t, 0, 1)); err == nil {
				t.Error("it is written")
			}
		})
	}
	all.Wait()
}
