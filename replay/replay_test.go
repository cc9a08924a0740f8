package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFilesInOrder(t *testing.T) {
	lines := commits(30)
	config := Config{Files: []string{
		write(t, "a.ndjson", append([]string{"\xef\xbb\xbf" + lines[0], "", " "}, lines[1:10]...)...),
		write(t, "b.ndjson.gz", lines[10:20]...),
		write(t, "c.ndjson.zst", lines[20:]...),
	}, KeyField: "item"}
	var sink memory
	var p Progress
	if err := Run(t.Context(), config, &sink, &p); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sink.values, lines) {
		t.Errorf("got %q", sink.values)
	}
	if sink.keys[7] != "item-2" || sink.flushed != 30 || p.Records() != 30 || p.Bytes() != int64(len(strings.Join(lines, ""))) {
		t.Errorf("key %q, %d flushed, %d records of %d bytes", sink.keys[7], sink.flushed, p.Records(), p.Bytes())
	}
}

func TestLimitAndLoop(t *testing.T) {
	config := Config{Files: []string{write(t, "a.ndjson", commits(4)...)}, Limit: 10, Loop: true}
	var sink memory
	var p Progress
	if err := Run(t.Context(), config, &sink, &p); err != nil {
		t.Fatal(err)
	}
	if len(sink.values) != 10 || sink.values[9] != sink.values[1] || p.Passes() != 2 {
		t.Errorf("%d events, %d passes", len(sink.values), p.Passes())
	}
	config.Files, config.Limit = []string{write(t, "b.ndjson", "")}, 0
	if err := Run(t.Context(), config, &sink, &p); err == nil {
		t.Error("an empty file was played for ever")
	}
}

func TestPacing(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	// The second comes early, the fourth is out of order: neither is waited for.
	var lines []string
	for _, second := range []int{10, 5, 20, 12, 40} {
		lines = append(lines, fmt.Sprintf(`{"time":"2026-01-01T00:00:%02dZ"}`, second))
	}
	lines = append(lines, `{"no":"time"}`, `no JSON`)
	for _, c := range []struct {
		speed float64
		want  []float64 // seconds after the start
	}{
		{1, []float64{0, 0, 10, 10, 30, 30, 30}},
		{10, []float64{0, 0, 1, 1, 3, 3, 3}},
		{0.5, []float64{0, 0, 20, 20, 60, 60, 60}},
		{0, []float64{0, 0, 0, 0, 0, 0, 0}},
	} {
		clock := &fakeClock{start}
		sink := memory{clock: clock}
		var p Progress
		config := Config{Files: []string{write(t, "a.ndjson", lines...)}, TimeField: "time", Speed: c.speed}
		if err := run(t.Context(), config, &sink, &p, clock); err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, at := range sink.sent {
			got = append(got, at.Sub(start).Seconds())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("at speed %v: got %v, want %v", c.speed, got, c.want)
		}
		if want := int64(2); c.speed > 0 && p.Untimed() != want {
			t.Errorf("%d events without a time, want %d", p.Untimed(), want)
		}
		if c.speed > 0 && len(sink.pauses) != 2 {
			t.Errorf("the sink was told of %v", sink.pauses)
		}
	}
}

func TestLag(t *testing.T) {
	clock := &fakeClock{time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	var p Progress
	sink := memory{clock: clock, onSend: func(n int) error {
		if n == 1 {
			clock.at = clock.at.Add(5 * time.Second)
		}
		return nil
	}}
	config := Config{Files: []string{write(t, "a.ndjson", commits(4)...)}, TimeField: "time", Speed: 1}
	if err := run(t.Context(), config, &sink, &p, clock); err != nil {
		t.Fatal(err)
	}
	if p.Lag() != 3*time.Second {
		t.Errorf("it is %v behind its schedule, not 3s", p.Lag())
	}
}

func TestRetime(t *testing.T) {
	clock := &fakeClock{time.Date(2030, 5, 6, 7, 8, 9, 500_000_000, time.UTC)}
	lines := []string{
		`{"time" : "2026-01-01T00:00:00Z", "item":"a, \"b\"" }`,
		`{"time":"2026-01-01T01:00:00Z","item":"time"}`,
		`{"nothing":1}`,
		`{"item":"early","time":"2025-12-31T23:00:00Z"}`,
	}
	for speed, want := range map[float64][]string{
		0: {
			`{"time" : "2030-05-06T07:08:09Z", "item":"a, \"b\"" }`, `{"time":"2030-05-06T08:08:09Z","item":"time"}`,
			`{"nothing":1}`, `{"item":"early","time":"2030-05-06T06:08:09Z"}`,
		},
		60: {
			`{"time" : "2030-05-06T07:08:09Z", "item":"a, \"b\"" }`, `{"time":"2030-05-06T07:09:09Z","item":"time"}`,
			`{"nothing":1}`, `{"item":"early","time":"2030-05-06T07:07:09Z"}`,
		},
	} {
		now := &fakeClock{clock.at}
		var sink memory
		config := Config{Files: []string{write(t, "a.ndjson", lines...)}, TimeField: "time", Retime: true, Speed: speed}
		if err := run(t.Context(), config, &sink, &Progress{}, now); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(sink.values, want) {
			t.Errorf("at speed %v:\ngot  %s\nwant %s", speed, strings.Join(sink.values, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// Each pass of a loop happens anew: its first event is now.
func TestRetimeLoop(t *testing.T) {
	clock := &fakeClock{time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	var sink memory
	config := Config{Files: []string{write(t, "a.ndjson", commits(3)...)}, TimeField: "time", Retime: true, Speed: 1, Loop: true, Limit: 6}
	if err := run(t.Context(), config, &sink, &Progress{}, clock); err != nil {
		t.Fatal(err)
	}
	for i, second := range []int{0, 1, 2, 2, 3, 4} {
		want := fmt.Sprintf(`{"time":"2030-01-01T00:00:%02dZ","item":"item-%d","n":%d}`, second, i%3, i%3)
		if sink.values[i] != want {
			t.Errorf("got %s, want %s", sink.values[i], want)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sink := memory{onSend: func(n int) error {
		if n == 4 {
			cancel()
		}
		return nil
	}}
	config := Config{Files: []string{write(t, "a.ndjson", commits(1000)...)}}
	err := Run(ctx, config, &sink, &Progress{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(sink.values) != 5 || sink.flushed != 5 {
		t.Errorf("%d sent, %d of them flushed, want 5", len(sink.values), sink.flushed)
	}
}

func TestErrors(t *testing.T) {
	broken := write(t, "broken.ndjson.gz", commits(5000)...)
	data, err := os.ReadFile(broken)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	var sink memory
	err = Run(t.Context(), Config{Files: []string{broken}}, &sink, &Progress{})
	if err == nil || !strings.Contains(err.Error(), "behind line") || sink.flushed == 0 || sink.flushed != len(sink.values) {
		t.Errorf("a file that ends early: %v, %d of %d flushed", err, sink.flushed, len(sink.values))
	}
	sink = memory{onSend: func(n int) error {
		if n == 2 {
			return errors.New("no more")
		}
		return nil
	}}
	path := write(t, "a.ndjson", commits(5)...)
	err = Run(t.Context(), Config{Files: []string{path}}, &sink, &Progress{})
	if want := "playing " + path + ", line 3: no more"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	err = Run(t.Context(), Config{Files: []string{"none.ndjson", t.TempDir()}, Speed: -1, Limit: -1, Retime: true}, &sink, &Progress{})
	for _, want := range []string{"none.ndjson", "is a directory", "a speed of -1", "a limit of -1", "time field"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell of %q", err, want)
		}
	}
}
