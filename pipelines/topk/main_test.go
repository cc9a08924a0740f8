package main

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"

	"crest/block"
	"crest/datatest"
	"crest/table"
)

// beTopK in the environment makes the test binary the program, for tests that kill
// it.
const beTopK = "CREST_TEST_BE_TOPK"

func TestMain(m *testing.M) {
	block.ClobberReleased = true
	if os.Getenv(beTopK) != "" {
		main()
	}
	log.SetupLogging("error", "text")
	flag.Parse()
	beam.Init()
	os.Exit(m.Run())
}

// topk runs the program with the arguments, and returns its exit code and what
// it printed.
func topk(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	m := &Main{Stdout: &stdout, Stderr: &stderr}
	err := m.ParseFlags(flag.NewFlagSet("topk", flag.ContinueOnError), args)
	if err == nil {
		err = m.Run(t.Context())
	}
	if closing := m.Close(); err == nil {
		err = closing
	}
	code = m.explain(err)
	return code, stdout.String(), stderr.String()
}

// must is topk for a run that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := topk(t, args...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	return out
}

// an event as an independent reader sees it.
type seen struct {
	time          time.Time
	segment, item string
}

func commits(t *testing.T) (events []seen) {
	datatest.Lines(t, datatest.Commits, func(line []byte) {
		var c struct {
			Time        time.Time
			Item, Group string
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		events = append(events, seen{c.Time, c.Group, c.Item})
	})
	return events
}

var accessLine = regexp.MustCompile(`^\S+ \S+ \S+ \[([^\]]+)\] "\S+ (\S+) [^"]*" \d+ \S+ "[^"]*" "[^"]*"`)

func accesses(t *testing.T) (events []seen) {
	datatest.Lines(t, datatest.AccessLog, func(line []byte) {
		m := accessLine.FindSubmatch(line)
		if m == nil {
			return
		}
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		path := string(m[2])
		if u, err := url.Parse(path); err == nil && u.IsAbs() {
			path = u.EscapedPath()
		}
		path, _, _ = strings.Cut(path, "?")
		path, _, _ = strings.Cut(path, "#")
		events = append(events, seen{at, "", path})
	})
	return events
}

type window struct {
	seconds int64
	start   string
	segment string
}

type counted struct {
	item  string
	count int64
}

// count counts events one by one, in tumbling windows.
func count(events []seen, sizes ...int64) map[window]map[string]int64 {
	counts := make(map[window]map[string]int64)
	for _, seconds := range sizes {
		for _, e := range events {
			w := window{seconds, table.AllStart.String(), e.segment}
			if seconds > 0 {
				at := e.time.Unix()
				w.start = table.TimeOf(time.Unix(at-at%seconds, 0)).String()
			}
			if counts[w] == nil {
				counts[w] = make(map[string]int64)
			}
			counts[w][e.item]++
		}
	}
	return counts
}

// top ranks the counts of one window.
func top(counts map[string]int64, k int) (rows []counted) {
	for item, n := range counts {
		rows = append(rows, counted{item, n})
	}
	slices.SortFunc(rows, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.item, b.item))
	})
	return rows[:min(k, len(rows))]
}

type item struct {
	counted
	lower, upper int64
	certain      bool
}

// stored reads all lists of a path from a file, as an analyst would.
func stored(t *testing.T, file, path string) (lists map[window][]item, totals map[window]int64) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT window_seconds, window_start, segment, total, item, count, lower, upper, certain
		FROM topk_items WHERE path = ? ORDER BY window_seconds, window_start, segment, rank`, path)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	lists, totals = make(map[window][]item), make(map[window]int64)
	for rows.Next() {
		var w window
		var total int64
		var it item
		if err := rows.Scan(&w.seconds, &w.start, &w.segment, &total, &it.item, &it.count, &it.lower, &it.upper, &it.certain); err != nil {
			t.Fatal(err)
		}
		lists[w] = append(lists[w], it)
		totals[w] = total
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lists, totals
}

// compare holds the lists of a file against counts made one by one: the exact
// ones must be the same, the fast ones as well where they claim to be exact, and
// within their bounds where they do not. Without paths it is both.
func compare(t *testing.T, file string, want map[window]map[string]int64, k int, paths ...string) {
	t.Helper()
	if len(paths) == 0 {
		paths = []string{table.Exact, table.Fast}
	}
	for _, path := range paths {
		lists, totals := stored(t, file, path)
		if len(lists) != len(want) {
			t.Errorf("%s: %d lists, not %d", path, len(lists), len(want))
		}
		for w, counts := range want {
			var total int64
			for _, n := range counts {
				total += n
			}
			rows := top(counts, k)
			if totals[w] != total || len(lists[w]) != len(rows) {
				t.Fatalf("%s, %v: total %d of %d, %d rows of %d", path, w, totals[w], total, len(lists[w]), len(rows))
			}
			exact := true
			for _, it := range lists[w] {
				n := counts[it.item]
				if n < it.lower || n > it.upper || it.certain && n < rows[len(rows)-1].count {
					t.Fatalf("%s, %v: %+v was counted %d times", path, w, it, n)
				}
				exact = exact && it.lower == it.upper
			}
			if path == table.Exact && !exact {
				t.Fatalf("%s, %v: not exact", path, w)
			}
			for i, r := range rows {
				if exact && lists[w][i].counted != r {
					t.Fatalf("%s, %v: rank %d is %+v, not %+v", path, w, i+1, lists[w][i], r)
				}
			}
		}
	}
}

// TestCommits is the main job, held against an independent count of the same
// file, for every window; run again, it doubles nothing.
func TestCommits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "commits.db")
	events := commits(t)
	args := []string{"--input=../../testdata/commits.ndjson.gz", "--segment_field=group", "--windows=1d,30d,all", "--path=both", "--sink=sqlite:" + file}
	out := must(t, args...)
	for _, want := range []string{"194,002 read, 194,002 counted, 0 rejected", "ipn/ipnlocal/local.go", "Fast against exact"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	want := count(events, 86400, 30*86400, 0)
	compare(t, file, want, 100)
	must(t, args...)
	compare(t, file, want, 100)
}

func TestAccessLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log.db")
	events := accesses(t)
	out := must(t, "--input=../../testdata/apache_access.log.gz", "--windows=1h,all", "--path=both", "--sink=sqlite:"+file)
	if !strings.Contains(out, "10,000 read, 9,999 counted, 1 rejected") || len(events) != 9999 {
		t.Errorf("an independent reader reads %d events, the report says:\n%s", len(events), out)
	}
	compare(t, file, count(events, 3600, 0), 100)
}

// write makes a file of lines.
func write(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRejects: every record that is read is counted or kept with its reason.
func TestRejects(t *testing.T) {
	good := `{"time":"2026-01-01T00:00:00Z","item":"a"}`
	file := filepath.Join(t.TempDir(), "rejects.db")
	input := write(t, "bad.ndjson", good, good, "not json", `{"item":"a"}`, `{"time":"1969-12-31T23:59:59Z","item":"a"}`,
		fmt.Sprintf(`{"time":0,"item":%q}`, strings.Repeat("x", 2000)), good)
	out := must(t, "--input="+input, "--windows=all", "--max_rejects=60%", "--sink=sqlite:"+file)
	if !strings.Contains(out, "7 read, 3 counted, 4 rejected") {
		t.Error(out)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var reasons, raw string
	err = db.QueryRow(`SELECT group_concat(reason || ' at ' || offset, ', '), max(CASE WHEN reason = 'malformed' THEN raw END)
		FROM (SELECT * FROM rejects_latest ORDER BY offset)`).Scan(&reasons, &raw)
	if want := "malformed at 86, missing time at 95, time out of range at 108, item too long at 151"; err != nil || reasons != want || raw != "not json" {
		t.Errorf("%s (%v), not %s; raw %q", reasons, err, want, raw)
	}
}

// TestTooManyRejects: the run fails, says what is lacking, and leaves nothing to
// be seen.
func TestTooManyRejects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fail.db")
	input := write(t, "other.ndjson", `{"ts":1,"video":"a"}`, `{"ts":2,"video":"b"}`)
	code, out, errs := topk(t, "--input="+input, "--windows=all", "--sink=sqlite:"+file)
	if code != 1 || out != "" || !strings.Contains(errs, "2 of 2 records were rejected") || !strings.Contains(errs, "ts, video") || strings.Count(errs, "\n") > 2 {
		t.Errorf("exit code %d, printed %q and %q", code, out, errs)
	}
	if lists, _ := stored(t, file, table.Fast); len(lists) != 0 {
		t.Errorf("%d lists are shown", len(lists))
	}
}

// TestOtherFields: names, paths, extraction and weights as flags say them.
func TestOtherFields(t *testing.T) {
	file := filepath.Join(t.TempDir(), "other.db")
	input := write(t, "other.csv", "ts,query,geo,n", "1767225600,Red shoes,us,3", "1767225601,blue SHOES,us,2", "1767225602,red,de,1")
	must(t, "--input="+input, "--time_field=ts", "--item_field=query", "--segment_field=geo", "--weight_field=n", "--extract=words", "--windows=1h", "--path=both", "--sink=sqlite:"+file)
	lists, _ := stored(t, file, table.Exact)
	if got := fmt.Sprint(lists); got != "map[{3600 2026-01-01T00:00:00Z de}:[{{red 1} 1 1 true}] {3600 2026-01-01T00:00:00Z us}:[{{shoes 5} 5 5 true} {{red 3} 3 3 true} {{blue 2} 2 2 true}]]" {
		t.Error(got)
	}
}

// TestWrongFlags: all of them are told at once, before anything starts.
func TestWrongFlags(t *testing.T) {
	unwritable := filepath.Join(t.TempDir(), "no", "such", "folder", "x.db")
	for want, args := range map[string][]string{
		"--input: say what to read":                 {"--windows=1h"},
		"gone.ndjson":                               {"--input=gone.ndjson"},
		"-colour":                                   {"--colour=red", "--input=x"},
		"\"extra\" is not a flag":                   {"extra"},
		"--windows: \"90x\" is not a window":        {"--windows=90x"},
		"are not made of whole panes of 1h0m0s":     {"--windows=1h,90m", "--input=../../testdata/commits.ndjson.gz"},
		"--path: \"slow\" is not a path":            {"--path=slow"},
		"--k: 0 rows":                               {"--k=0"},
		"--memory: \"much\" is not a size":          {"--memory=much"},
		"--max_rejects: \"200%\" is not a share":    {"--max_rejects=200%"},
		"--extract: ":                               {"--extract=vowels"},
		"--format: ":                                {"--format=xml"},
		"--sliding: \"1h/7m\" is not":               {"--sliding=1h/7m"},
		"--sliding: \"30d/1s\" puts each pane into": {"--sliding=30d/1s"},
		"--counts: the exact path makes them":       {"--counts=1h"},
		"--source: \"csv\" is not a source":         {"--source=csv"},
		"--brokers: say where Kafka is":             {"--source=kafka"},
		"--path: exact needs an end":                {"--source=kafka", "--path=exact"},
		"--sink: \"csv:x\" is not a sink":           {"--sink=csv:x"},
		"--hash_seed_file: open gone":               {"--hash_seed_file=gone"},
		"--sink: ":                                  {"--input=../../testdata/commits.ndjson.gz", "--sink=sqlite:" + unwritable},
		"a summary of this size may keep no more":   {"--k=9000"},
		"--item_field: every record needs it":       {"--item_field="},
		"--shards: -1 shards":                       {"--shards=-1"},
		"--max_segments: -5 segments":               {"--max_segments=-5"},
	} {
		code, out, errs := topk(t, args...)
		if code != 2 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%v: exit code %d, %q lacks %q", args, code, errs, want)
		}
	}
	_, _, errs := topk(t, "--windows=x", "--path=y", "--k=0", "--memory=z")
	for _, flag := range []string{"--windows", "--path", "--k", "--memory", "--input"} {
		if !strings.Contains(errs, flag) {
			t.Errorf("%q does not tell of %s", errs, flag)
		}
	}
}

func TestHelp(t *testing.T) {
	code, out, _ := topk(t, "--help")
	var o Options
	fs := flag.NewFlagSet("all", flag.ContinueOnError)
	o.register(fs)
	fs.VisitAll(func(f *flag.Flag) {
		if !strings.Contains(out, "\n  --"+f.Name+"=") && !strings.Contains(out, "\n  --"+f.Name+" ") {
			t.Errorf("--%s has no group in the help text", f.Name)
		}
	})
	if code != 0 || !strings.Contains(out, "What is counted") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// TestEmpty: a file without records is a run without lists.
func TestEmpty(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty.db")
	out := must(t, "--input="+write(t, "empty.ndjson"), "--path=both", "--sink=sqlite:"+file)
	if !strings.Contains(out, "0 read, 0 counted, 0 rejected") {
		t.Error(out)
	}
}

// TestInterrupted: a run whose context ends leaves nothing to be seen.
func TestInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stop.db")
	var stdout, stderr bytes.Buffer
	m := &Main{Stdout: &stdout, Stderr: &stderr}
	if err := m.ParseFlags(flag.NewFlagSet("topk", flag.ContinueOnError), []string{"--input=../../testdata/commits.ndjson.gz", "--sink=sqlite:" + file}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	code := m.explain(m.Run(ctx))
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if code != 130 || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

// TestManySegments: two thousand segments, each with lists of its own.
func TestManySegments(t *testing.T) {
	const segments = 2000
	file := filepath.Join(t.TempDir(), "segments.db")
	var input []string
	var events []seen
	for i := range 5 * segments {
		e := seen{time.Unix(1767225600+int64(i), 0), fmt.Sprint("segment ", i*i%segments), fmt.Sprint("item ", i%7)}
		events = append(events, e)
		input = append(input, fmt.Sprintf(`{"meta":{"at":%d},"what":%q,"where":%q}`, e.time.UnixMilli(), e.item, e.segment))
	}
	must(t, "--input="+write(t, "segments.ndjson", input...), "--time_field=meta.at", "--item_field=what", "--segment_field=where",
		"--windows=1h,all", "--path=both", "--sink=sqlite:"+file)
	compare(t, file, count(events, 3600, 0), 100)
}
