package bigquerystore

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"

	"crest/bigquery"
	"crest/store"
	"crest/table"
)

const hour table.Time = 1769900400000 // 2026-01-31T23:00:00Z

// questions are all that can be asked, in the ways that make other SQL.
func questions(r *Reader) map[string]func(context.Context) error {
	at := hour
	in := store.Interval{Job: "the-job", Segment: "the-segment", Path: table.Fast, WindowSeconds: 60, From: hour, To: hour + 3600_000}
	best, every := in, in
	best.Path, every.WindowSeconds = "", 0
	all := map[string]func(context.Context) error{
		"last run":       func(ctx context.Context) error { _, _, err := r.LastRun(ctx, "the-job"); return err },
		"closed through": func(ctx context.Context) error { _, _, err := r.ClosedThrough(ctx, "the-job", 60); return err },
		"counts":         func(ctx context.Context) error { _, err := r.Counts(ctx, in, 10); return err },
		"lists": func(ctx context.Context) error {
			for _, err := range r.Lists(ctx, in) {
				return err
			}
			return nil
		},
		"best lists": func(ctx context.Context) error {
			for _, err := range r.Lists(ctx, best) {
				return err
			}
			return nil
		},
		"sketches": func(ctx context.Context) error {
			for _, err := range r.Sketches(ctx, in) {
				return err
			}
			return nil
		},
	}
	for _, run := range []string{"", "20260131T225900.123Z-the-run"} {
		all["accuracy "+run] = func(ctx context.Context) error { _, err := r.Accuracy(ctx, "the-job", run); return err }
		all["rejects "+run] = func(ctx context.Context) error { _, err := r.Rejects(ctx, "the-job", run); return err }
		for _, path := range []string{"", table.Exact} {
			for when, at := range map[string]*table.Time{"": nil, "at": &at} {
				s := store.Select{Job: "the-job", Run: run, Path: path, WindowSeconds: 60, At: at}
				name := strings.Join([]string{"", run, path, when}, " ")
				all["list"+name] = func(ctx context.Context) error { _, _, err := r.List(ctx, s, "the-segment"); return err }
				all["heaviest"+name] = func(ctx context.Context) error { _, _, err := r.Heaviest(ctx, s); return err }
				all["segments"+name] = func(ctx context.Context) error { _, err := r.Segments(ctx, s, 3); return err }
				all["sizes"+name] = func(ctx context.Context) error { _, err := r.WindowSizes(ctx, s); return err }
			}
		}
	}
	for _, of := range []table.ID{table.TopKTable, table.CountTable, table.SketchTable} {
		all["windows of "+of.String()] = func(ctx context.Context) error { _, err := r.Windows(ctx, of, in); return err }
		all["all windows of "+of.String()] = func(ctx context.Context) error { _, err := r.Windows(ctx, of, every); return err }
	}
	all["best windows"] = func(ctx context.Context) error { _, err := r.Windows(ctx, table.TopKTable, best); return err }
	return all
}

// answers has something for each query, so that those behind it are asked too.
func answers(j job) string {
	switch j.Labels["question"] {
	case "newest", "progress", "heaviest":
		return tableOf("start:TIMESTAMP", "1769900400000000")
	case "newest-runs":
		return tableOf("run:STRING", "20260131T225900.123Z-a", "20260131T215900.123Z-b")
	case "eligible-runs":
		return tableOf("run:STRING from:TIMESTAMP", "r1 1769900400000000")
	}
	return nothing
}

var from = regexp.MustCompile(`FROM +(\w+)`)

// TestPruned looks at the text of every query: what it reads of a table with
// partitions is bounded by parameters, and nothing that was said is pasted into it.
func TestPruned(t *testing.T) {
	s, r := startService(t, 1<<30)
	s.answer = answers
	var restrictions []string
	s.session = func(req *storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
		restrictions = append(restrictions, req.GetReadSession().GetReadOptions().GetRowRestriction())
		return &storagepb.ReadSession{}, nil
	}
	for name, question := range questions(r) {
		if err := question(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	small := []string{"runs", "runs_eligible", "runs_newest", "progress"}
	seen := make(map[string]bool)
	for _, j := range s.asked() {
		q := j.Query
		seen[j.Labels["question"]] = true
		for _, m := range from.FindAllStringSubmatchIndex(q.Query, -1) {
			name, rest := q.Query[m[2]:m[3]], strings.Join(strings.Fields(q.Query[m[3]:]), " ")
			bounds := "WHERE window_start >= @from AND window_start < @before AND job = @job"
			if name == "rejects" {
				bounds = "WHERE job = @job AND run IN UNNEST(@runs) AND written_at >= @from"
			}
			if !slices.Contains(small, name) && !strings.HasPrefix(rest, bounds) {
				t.Errorf("%s is read without bounds: %s", name, q.Query)
			}
		}
		if strings.Contains(q.Query, "the-") || len(q.QueryParameters) == 0 {
			t.Errorf("%d parameters: %s", len(q.QueryParameters), q.Query)
		}
		if q.MaximumBytesBilled != "1073741824" || j.JobTimeoutMs != "120000" || j.Labels["application"] != "crest" || j.Location != "europe-west3" ||
			q.DefaultDataset.ProjectID != "project" || q.DefaultDataset.DatasetID != "d" {
			t.Errorf("%+v", j)
		}
	}
	for _, question := range []string{"list", "newest", "heaviest", "segments", "window-sizes", "windows", "lists", "counts", "eligible-runs",
		"accuracy", "rejects", "newest-runs", "last-run", "progress"} {
		if !seen[question] {
			t.Errorf("nobody asked for %s", question)
		}
	}
	want := `window_start >= TIMESTAMP '2026-01-31T23:00:00Z' AND window_start < TIMESTAMP '2026-01-31T23:59:01Z' AND window_seconds = 60 ` +
		`AND segment = 'the-segment' AND job = 'the-job' AND path = 'fast'`
	if len(restrictions) != 1 || restrictions[0] != want {
		t.Errorf("%q", restrictions)
	}
}

// TestWideColumns: lists are only read of windows that are known.
func TestWideColumns(t *testing.T) {
	s, r := startService(t, 1<<30)
	s.answer = answers
	for _, name := range []string{"list   ", "segments   ", "list 20260131T225900.123Z-the-run  "} {
		if err := questions(r)[name](t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	wide := 0
	for _, j := range s.asked() {
		if !strings.Contains(j.Query.Query, "items") {
			continue
		}
		wide++
		for _, p := range j.Query.QueryParameters {
			if (p.Name == "from" || p.Name == "before") && !strings.Contains(string(p.ParameterValue), "2026-01-31 23:00:00") {
				t.Errorf("%s is %s: %s", p.Name, p.ParameterValue, j.Query.Query)
			}
		}
	}
	if wide != 3 {
		t.Errorf("%d queries of items", wide)
	}
}

func TestLimit(t *testing.T) {
	s, r := startService(t, 1<<20)
	for _, c := range []struct{ message, want string }{
		{"Query exceeded limit for bytes billed: 1048576. 53687091200 or higher required.", "would read 50 GiB (53687091200 bytes), and the limit is 1.0 MiB"},
		{"It is too much.", "more than 1.0 MiB"},
	} {
		s.answer = func(job) string {
			return `"errorResult": {"reason": "bytesBilledLimitExceeded", "message": "` + c.message + `"}`
		}
		_, err := r.WindowSizes(t.Context(), store.Select{Job: "j"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, not %s", err, c.want)
		}
	}
	s.answer = answers
	s.session = func(*storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
		return &storagepb.ReadSession{EstimatedTotalBytesScanned: 1<<20 + 1, Streams: []*storagepb.ReadStream{{Name: "never"}}}, nil
	}
	err := questions(r)["sketches"](t.Context())
	var e *bigquery.Error
	if !errors.As(err, &e) || !strings.Contains(e.Advice, "--bigquery_max_billed=1.1MiB") {
		t.Errorf("%v", err)
	}
}

// TestOddAnswers: what a service should not say is an error.
func TestOddAnswers(t *testing.T) {
	s, r := startService(t, 1<<20)
	for _, c := range []struct{ name, answer, want string }{
		{"list   at", tableOf("run:STRING path:STRING window_start:TIMESTAMP window_end:TIMESTAMP revision:INTEGER total:INTEGER written_at:TIMESTAMP", "r1 fast 0 0 1 -1 0"), "-1 is negative"},
		{"list   at", tableOf("run:INTEGER", "7"), "not assignable"},
		{"list   at", tableOf("total:INTEGER", "x"), "invalid syntax"},
		{"last run", `"schema": {"fields": [{"name": "read", "type": "INTEGER"}]}, "rows": [{"f": [{"v": null}]}], "totalRows": "1"`, "NULL"},
		{"segments   at", tableOf("segment:STRING total:INTEGER", "a -5"), "-5 is negative"},
		{"counts", tableOf("weight:INTEGER items:INTEGER", "-5 1"), "-5 is negative"},
		{"last run", `"errorResult": {"reason": "notFound", "message": "Not found: Table runs"}`, "Not found: Table runs"},
	} {
		s.answer = func(job) string { return c.answer }
		if err := questions(r)[c.name](t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "bigquery:project.d") {
			t.Errorf("%s: %v, not %s", c.name, err, c.want)
		}
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]string{
		"":             `''`,
		"a 'b' \\":     `'a \'b\' \\'`,
		"\n\r\t\x00":   `'\n\r\t\x00'`,
		"ü 服务器 😀":      `'ü 服务器 😀'`,
		"\xff":         `'` + "\uFFFD" + `'`,
		`\' OR 1=1 --`: `'\\\' OR 1=1 --'`,
	} {
		if got := bigquery.Literal(text); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}
