package backfill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crest/archive"
	"crest/block"
)

func TestUnit(t *testing.T) {
	tumbling := func(sizes ...time.Duration) (w []Window) {
		for _, s := range sizes {
			w = append(w, Window{s, s})
		}
		return w
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		windows []Window
		want    time.Duration
		fault   string
	}{
		{nil, time.Hour, ""},
		{tumbling(time.Minute, 5*time.Minute), time.Hour, ""},
		{tumbling(time.Hour, day), day, ""},
		{tumbling(90 * time.Minute), 3 * time.Hour, ""},
		{tumbling(7*time.Minute, time.Second), 7 * time.Hour, ""},
		{tumbling(7*day, 30*day), 210 * day, ""},
		{tumbling(9973*day, 9967*day), 0, "fit into no span"},
		{tumbling(10000*day - time.Second), 0, "fit into no span"},
		{tumbling(time.Hour, 0), 0, "everything"},
		{[]Window{{time.Hour, 5 * time.Minute}}, 0, "slide"},
	} {
		got, err := Unit(c.windows)
		if got != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%v: %v, %v", c.windows, got, err)
		}
	}
}

var begin = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)

// put archives an event.
func put(t *testing.T, prefix string, at int64, offset int64) {
	t.Helper()
	p := archive.NewPacker()
	rec := archive.Record{Source: "kafka:events/0", Offset: offset, Time: at, Text: true, Payload: []byte("{}")}
	err := p.Pack([]archive.Record{rec}, func(c archive.Chunk) {
		content, err := p.NewContent(rec.Source, archive.NDJSON, []archive.Chunk{c})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(prefix, content.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content.Data[0], 0o666); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func hour(h int) int64 { return begin.Add(time.Duration(h) * time.Hour).UnixMilli() }

// fake is a Runner that remembers what it ran, as hours.
type fake struct {
	ran  []string
	fail bool
}

func (f *fake) run(_ context.Context, from, to time.Time) (string, error) {
	f.ran = append(f.ran, fmt.Sprintf("%g-%g", from.Sub(begin).Hours(), to.Sub(begin).Hours()))
	if f.fail {
		return "", errors.New("the job failed")
	}
	return fmt.Sprintf("r%d", len(f.ran)), nil
}

// expect runs a backfill, and compares what it ran.
func expect(t *testing.T, cfg Config, want ...string) {
	t.Helper()
	f := &fake{}
	res, err := Run(t.Context(), cfg, f.run)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.ran, want) || res.Ran != len(want) {
		t.Errorf("ran %v, want %v; %+v", f.ran, want, res)
	}
}

func TestRun(t *testing.T) {
	prefix := t.TempDir()
	for i, h := range []int{0, 1, 5, 6, 30} {
		put(t, prefix, hour(h), int64(i))
	}
	put(t, prefix, block.NoTime, 99)
	var logged []string
	cfg := Config{Prefix: prefix + "/", Job: "top/k", Settings: "k=10", Unit: 6 * time.Hour, Log: func(format string, args ...any) {
		logged = append(logged, fmt.Sprintf(format, args...))
	}}
	expect(t, cfg, "0-6", "6-12", "30-36")
	expect(t, cfg)
	if want := "2026-01-31T00:00:00Z until before 2026-01-31T06:00:00Z: not run yet"; len(logged) != 3 || logged[0] != want {
		t.Errorf("logged %q", logged)
	}

	put(t, prefix, hour(7), 50) // late
	put(t, prefix, hour(-1), 51)
	expect(t, cfg, "-6-0", "6-12")
	if last := logged[len(logged)-1]; !strings.HasSuffix(last, "events came since run r2") {
		t.Errorf("logged %q", last)
	}
	expect(t, cfg)

	other := cfg
	other.Job = "other"
	other.From, other.To = begin.Add(7*time.Hour), begin.Add(31*time.Hour+time.Minute)
	expect(t, other, "6-12", "30-36")
	other.From, other.To = begin.Add(time.Minute), begin.Add(6*time.Hour)
	expect(t, other, "0-6")

	cfg.Settings = "k=20"
	expect(t, cfg, "-6-0", "0-6", "6-12", "30-36")
	cfg.Unit = 12 * time.Hour
	expect(t, cfg, "-12-0", "0-12", "24-36")
	expect(t, cfg)
	path := prefix + "/_exact/top~2fk/2026-01-31T00_12h.json"
	if err := os.WriteFile(path, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	expect(t, cfg, "0-12")
	expect(t, cfg)
}

// TestFailure ends at the unit that fails, which is run again.
func TestFailure(t *testing.T) {
	prefix := t.TempDir()
	put(t, prefix, hour(0), 0)
	put(t, prefix, hour(1), 1)
	cfg := Config{Prefix: prefix, Job: "j", Unit: time.Hour}
	f := &fake{fail: true}
	res, err := Run(t.Context(), cfg, f.run)
	if err == nil || !strings.Contains(err.Error(), "2026-01-31T00:00:00Z until before 2026-01-31T01:00:00Z: the job failed") || res.Ran != 0 || len(f.ran) != 1 {
		t.Errorf("%v, %+v, ran %v", err, res, f.ran)
	}
	expect(t, cfg, "0-1", "1-2")

	for name, cfg := range map[string]Config{
		"no job":        {Prefix: prefix, Unit: time.Hour},
		"a broken unit": {Prefix: prefix, Job: "j", Unit: 90 * time.Minute},
		"no time":       {Prefix: prefix, Job: "j", Unit: time.Hour, From: begin, To: begin},
	} {
		if _, err := Run(t.Context(), cfg, f.run); err == nil {
			t.Errorf("%s: ran", name)
		}
	}
}

// TestEventsDuringTheRun has those that come while a unit runs start it again.
func TestEventsDuringTheRun(t *testing.T) {
	prefix := t.TempDir()
	put(t, prefix, hour(0), 0)
	cfg := Config{Prefix: prefix, Job: "j", Unit: time.Hour}
	_, err := Run(t.Context(), cfg, func(context.Context, time.Time, time.Time) (string, error) {
		put(t, prefix, hour(0), 1)
		return "r1", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, cfg, "0-1")
	expect(t, cfg)
}
