package live

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crest/sinks/sqlite"
	"crest/table"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden holds text against a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test ./live -rewrite writes it anew)\ngot\n%s\nwant\n%s", path, got, want)
	}
}

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// list is a list of a window that starts so many minutes after noon.
func list(t *testing.T, segment string, minute, minutes int, total uint64, items ...table.Item) table.Row {
	t.Helper()
	start := noon.Add(time.Duration(minute) * time.Minute)
	for i := range items {
		items[i].Rank = int64(i) + 1
	}
	return encode(t, table.TopK{Job: "topk", Run: "r1", Path: table.Fast, Segment: segment,
		WindowStart: table.TimeOf(start), WindowEnd: table.TimeOf(start.Add(time.Duration(minutes) * time.Minute)),
		WindowSeconds: int64(minutes) * 60, Revision: total, Total: total, Items: items,
		WrittenAt: table.TimeOf(noon.Add(7*time.Minute + 20*time.Second))})
}

func encode[T table.Any](t *testing.T, v T) table.Row {
	t.Helper()
	r, err := table.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newFile writes a file as a streaming run does at noon and 7:20.
func newFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crest.db")
	s, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sure := func(item string, n uint64) table.Item {
		return table.Item{Item: item, Count: n, Lower: n, Upper: n, Certain: true}
	}
	unsure := func(item string, n, lower, upper uint64) table.Item {
		return table.Item{Item: item, Count: n, Lower: lower, Upper: upper}
	}
	err = s.Write(t.Context(), []table.Row{
		encode(t, table.Run{Job: "topk", Run: "r1", Path: table.Fast, Kind: table.Streaming, StartedAt: table.TimeOf(noon.Add(-time.Hour)), Settings: "{}"}),
		list(t, "prometheus", 6, 1, 999, sure("an older window", 999)),
		list(t, "prometheus", 7, 1, 1234, sure("cmd/prometheus/main.go", 800), sure("go.mod", 300), unsure("tsdb/db.go", 100, 90, 110), sure("rest", 34)),
		list(t, "redis", 7, 1, 700, sure("src/服务器/\x1b[2Jserver.c", 500), sure("go.mod", 200)),
		list(t, "tiny", 7, 1, 1, sure("one", 1)),
		list(t, "prometheus", 5, 5, 2_234_567, sure("cmd/prometheus/main.go", 2_000_000), unsure("a/very/long/path/which/does/not/fit/into/its/column.go", 234_567, 234_000, 240_000)),
		list(t, "prometheus", 0, 60, 5_000_000, sure("hour", 5)),
		encode(t, table.Progress{Job: "topk", Run: "r1", Path: table.Fast, WindowSeconds: 60, ClosedThrough: table.TimeOf(noon.Add(7 * time.Minute)), WrittenAt: 1}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func lines(t *testing.T, c Config, s *screen) string {
	t.Helper()
	file, err := sqlite.OpenReader(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	v := &view{Config: c, tables: file}
	defer v.close()
	now := noon.Add(7*time.Minute + 21*time.Second + 500*time.Millisecond)
	windows, err := v.read(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(s.lines(windows, now, c.K), "\n") + "\n"
}

func TestLists(t *testing.T) {
	path := newFile(t)
	segment, none := "prometheus", "none"
	for name, c := range map[string]Config{
		"all":     {K: 5},
		"two":     {K: 2, Windows: []int64{60, 300}},
		"segment": {K: 3, Segment: &segment, Windows: []int64{60}},
		"none":    {K: 3, Segment: &none, Windows: []int64{60}},
		"nothing": {K: 3, Windows: []int64{86400}},
	} {
		c.Path, c.Job = path, "topk"
		t.Run(name, func(t *testing.T) { golden(t, name, lines(t, c, &screen{width: pipeWidth})) })
	}
}

// On a terminal no line is wider than the screen, nor are there more than it
// has, and each drawing takes the place of the one before.
func TestTerminal(t *testing.T) {
	c := Config{Path: newFile(t), Job: "topk", K: 5, Windows: []int64{60, 300}}
	golden(t, "narrow", lines(t, c, &screen{width: 60}))
	golden(t, "low", lines(t, c, &screen{width: 100, height: 9}))
	var b bytes.Buffer
	s := &screen{out: &b, file: os.Stdin, width: 20, height: 4}
	for _, lines := range [][]string{{"one", "two"}, {"1", "2", "3", "4"}} {
		if err := s.draw(lines); err != nil {
			t.Fatal(err)
		}
	}
	if want := "\rone\x1b[K\n\rtwo\x1b[K\n\x1b[J\x1b[2A\r1\x1b[K\n\r2\x1b[K\n\r3\x1b[K\n\x1b[J"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// A buffer that ends the view when it has seen a text.
type until struct {
	bytes.Buffer
	text string
	end  func()
}

func (u *until) Write(p []byte) (int, error) {
	n, err := u.Buffer.Write(p)
	if strings.Contains(u.String(), u.text) {
		u.end()
	}
	return n, err
}

func TestRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out := &until{text: "cmd/prometheus/main.go", end: cancel}
	c := Config{Path: filepath.Join(t.TempDir(), "none.db"), Job: "topk", K: 3, Every: 100 * time.Millisecond, Status: func() string { return "status" }}
	if err := Run(ctx, out, c); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	c.Wait = true
	go func() { // while the view waits
		if err := os.Rename(newFile(t), c.Path); err != nil {
			t.Error(err)
		}
	}()
	if err := Run(ctx, out, c); err != nil {
		t.Error(err)
	}
	if !errors.Is(ctx.Err(), context.Canceled) || !strings.HasSuffix(out.String(), "status\n\n") {
		t.Errorf("%v: got %q", ctx.Err(), out.String())
	}
	if err := (Config{}).Validate(); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v", err)
	}
}
