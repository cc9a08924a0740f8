package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crest/archive"
	"crest/sinks/sqlite"
	"crest/store"
	"crest/table"
)

// fakeExact stands in for the exact job: it commits a run, and keeps its flags in
// a file.
func fakeExact(args []string) int {
	if os.Getenv("CREST_TEST_FAIL") != "" {
		fmt.Println("topk: the command line is wrong")
		return 2
	}
	f, err := os.OpenFile(os.Getenv("CREST_TEST_ARGS"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 1
	}
	defer f.Close()
	fmt.Fprintln(f, strings.Join(args, " "))
	now := time.Now()
	row := table.Run{Run: table.NewRunID(now), Path: table.Exact, Kind: table.Batch, StartedAt: table.TimeOf(now), CommittedAt: table.TimeOf(now), Settings: "{}"}
	var file string
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "--job":
			row.Job = value
		case "--sink":
			file = strings.TrimPrefix(value, "sqlite:")
		}
	}
	store, err := sqlite.Open(file)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer store.Close()
	run, err := table.Encode(row)
	if err == nil {
		err = store.Write(context.Background(), []table.Row{run})
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// archived puts an event into an archive.
func archived(t *testing.T, prefix string, at time.Time, offset int64, item string) {
	t.Helper()
	p := archive.NewPacker()
	rec := archive.Record{Source: "kafka:events/0", Offset: offset, Time: at.UnixMilli(), Text: true,
		Payload: fmt.Appendf(nil, `{"time":%q,"item":%q}`, at.Format(time.RFC3339), item)}
	err := p.Pack([]archive.Record{rec}, func(c archive.Chunk) {
		content, err := p.NewContent(rec.Source, archive.NDJSON, []archive.Chunk{c})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(prefix, content.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, slices.Concat(content.Data...), 0o666); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// backfilled runs the command with a pipeline that stands in, and returns what the
// pipeline was started with.
func backfilled(t *testing.T, args ...string) (code int, out, said string, ran []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "args")
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("CREST_TEST_AS", "exact")
	t.Setenv("CREST_TEST_ARGS", file)
	code, out, said = crest(t, append([]string{"backfill", "--pipeline=" + os.Args[0]}, args...)...)
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	text, err := os.ReadFile(file)
	if err == nil {
		ran = strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	return code, out, said, ran
}

// Each span that changed is counted once, with the flags that were given, and
// again when events came or the flags are others.
func TestBackfill(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "crest.db")
	prefix := filepath.Join(dir, "archive")
	for i := range int64(3) {
		archived(t, prefix, noon.Add(time.Duration(i)*time.Hour), i, "a")
	}
	args := []string{"--archive=" + prefix, "--windows=1m,2h", "--sink=sqlite:" + db, "--job=j", "--k=7", "--pipeline_flag=runner=prism"}
	code, out, said, ran := backfilled(t, args...)
	want := "--source=archive --input=" + prefix + " --from=2026-01-31T12:00:00Z --to=2026-01-31T14:00:00Z --path=exact --job=j --windows=1m,2h --k=7 --runner=prism --sink=sqlite:" + db
	if code != 0 || len(ran) != 2 || ran[0] != want || !strings.HasPrefix(out, "2 of 2 spans of 2h0m0s had changed") || strings.Count(said, "not run yet") != 2 {
		t.Fatalf("exit code %d, %s%sran\n%s", code, out, said, strings.Join(ran, "\n"))
	}
	if code, out, _, ran := backfilled(t, args...); code != 0 || len(ran) != 0 || !strings.HasPrefix(out, "nothing changed") {
		t.Errorf("the second time: exit code %d, %s, %q", code, out, ran)
	}
	archived(t, prefix, noon.Add(2*time.Hour), 3, "b")
	code, _, said, ran = backfilled(t, args...)
	if code != 0 || len(ran) != 1 || !strings.Contains(ran[0], "--from=2026-01-31T14:00:00Z") || !strings.Contains(said, "events came since run ") {
		t.Errorf("with one event more: exit code %d, %s, %q", code, said, ran)
	}
	if code, _, said, ran := backfilled(t, append(args, "--k=8", "--to=2026-01-31T13:00:00Z")...); code != 0 || len(ran) != 1 || !strings.Contains(said, "other settings") {
		t.Errorf("with other settings: exit code %d, %s, %q", code, said, ran)
	}
	if code, out, _, ran := backfilled(t, append(args, "--from=2026-02-01")...); code != 0 || len(ran) != 0 || !strings.Contains(out, "no events") {
		t.Errorf("without events: exit code %d, %s, %q", code, out, ran)
	}
}

// A pipeline that fails has its account kept by nobody: it is run again.
func TestBackfillFails(t *testing.T) {
	dir := t.TempDir()
	archived(t, dir, noon, 0, "a")
	args := []string{"--archive=" + dir, "--sink=sqlite:" + filepath.Join(t.TempDir(), "crest.db")}
	t.Setenv("CREST_TEST_FAIL", "1")
	if code, _, said, _ := backfilled(t, args...); code != 2 || !strings.Contains(said, "2026-01-31T00:00:00Z") || !strings.Contains(said, "command line is wrong") {
		t.Errorf("exit code %d, %s", code, said)
	}
	t.Setenv("CREST_TEST_FAIL", "")
	if code, _, said, ran := backfilled(t, args...); code != 0 || len(ran) != 1 {
		t.Errorf("exit code %d, %s, %q", code, said, ran)
	}
}

// TestBackfillInterrupted: a signal ends the pipeline, and the exit code says so.
func TestBackfillInterrupted(t *testing.T) {
	dir := t.TempDir()
	archived(t, dir, noon, 0, "a")
	ctx, interrupt := context.WithCancel(t.Context())
	said := waitFor("not run yet")
	go func() {
		select {
		case <-said.seen:
		case <-time.After(time.Minute):
		}
		interrupt()
	}()
	t.Setenv("CREST_TEST_AS", "sleep")
	m := &Main{Stdout: said, Stderr: said}
	if code := m.Run(ctx, []string{"backfill", "--archive=" + dir, "--pipeline=" + os.Args[0]}); code != 130 || !strings.Contains(said.String(), "interrupted") {
		t.Errorf("exit code %d, %s", code, said)
	}
}

// TestBackfillCounts counts an archive with the pipeline itself.
func TestBackfillCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the pipeline")
	}
	db := filepath.Join(t.TempDir(), "crest.db")
	countTwice(t, func() (store.Reader, error) { return sqlite.OpenReader(db) }, "--sink=sqlite:"+db)
}

// countTwice counts an archive, and again what of it has changed, and holds the
// lists of the store against what is in it.
func countTwice(t *testing.T, open func() (store.Reader, error), sink ...string) {
	t.Helper()
	dir := t.TempDir()
	program, prefix := filepath.Join(dir, "topk"), filepath.Join(dir, "archive")
	if out, err := exec.Command("go", "build", "-o", program, "../../pipelines/topk").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, item := range []string{"a", "b", "a", "c", "c", "c"} {
		archived(t, prefix, noon.Add(time.Duration(i)*20*time.Minute), int64(i), item)
	}
	args := append([]string{"backfill", "--archive=" + prefix, "--windows=1h", "--pipeline=" + program}, sink...)
	for _, want := range []string{"2 of 2 spans", "1 of 2 spans", "nothing changed"} {
		code, out, said := crest(t, args...)
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("exit code %d, not %q: %s%s", code, want, out, said)
		}
		if want == "2 of 2 spans" {
			archived(t, prefix, noon, 6, "b")
		}
	}
	tables, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	for h, want := range []string{"a 2 b 2", "c 3"} { // the second hour's list is of the first run
		at := table.TimeOf(noon.Add(time.Duration(h) * time.Hour))
		l, ok, err := tables.List(t.Context(), store.Select{Job: "topk", WindowSeconds: 3600, At: &at}, "")
		var got []string
		for _, it := range l.Items {
			got = append(got, fmt.Sprint(it.Item, " ", it.Count))
		}
		if err != nil || !ok || strings.Join(got, " ") != want || l.Path != table.Exact {
			t.Errorf("hour %d: %q, %v, %v, not %q", h, got, ok, err, want)
		}
	}
}
