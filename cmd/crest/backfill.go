package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crest/backfill"
	"crest/cli"
)

var backfillCommand = command{
	name:    "backfill",
	summary: "counts exactly what changed in an archive since it was last counted",
	usage: `  crest backfill --archive=gs://bucket/events --windows=1h,24h
  crest backfill --archive=events --from=2026-01-01 --to=2026-02-01 --segment_field=country --sink=sqlite:crest.db

The archive is what a live run wrote with --archive. It is cut into spans of whole hours that no window crosses; each span with
events that came since its last run is counted exactly, in a run of its own. Where nothing changed nothing is done: it is for cron.
`,
	groups: []cli.Group{
		{Title: "What is read", Flags: []string{"archive", "payload", "from", "to"}},
		{Title: "What a record says, as for the pipeline", Flags: []string{"time_field", "item_field", "segment_field", "weight_field", "extract"}},
		{Title: "What is counted, as for the pipeline", Flags: []string{"windows", "counts", "k", "max_segments", "max_rejects", "hash_seed_file"}},
		{Title: "Where it goes", Flags: []string{"sink", "job", "bigquery_endpoint", "bigquery_storage_endpoint"}},
		{Title: "What counts it", Flags: []string{"pipeline", "pipeline_flag"}},
	},
	new: func(fs *flag.FlagSet) action { return newBackfill(fs) },
}

// passedOn are the flags that the pipeline gets as they were given, and checks.
var passedOn = []struct{ name, usage string }{
	{"payload", "`what` an archived message holds: json, avro or batch (default: json)"},
	{"time_field", "`field` of the event time (default: time)"},
	{"item_field", "`field` of what is counted (default: item)"},
	{"segment_field", "`field` that lists are kept apart by; empty for one list (default: segment)"},
	{"weight_field", "`field` of what an event counts for (default: weight)"},
	{"extract", "`what` of the item field is counted: value, words, hashtags or regex:EXPR (default: value)"},
	{"k", "`length` of the lists (default: 100)"},
	{"max_segments", "most `segments` that have lists of their own (default: 10000)"},
	{"max_rejects", "`share` of the records that may be rejected before a run fails (default: 5%)"},
	{"hash_seed_file", "`file` with the secret that keys the hash of items"},
}

// backfillAction has the flags, as they were given, and what they come to.
type backfillAction struct {
	Archive, From, To, Job, Pipeline string
	Windows, Counts                  string
	Sinks                            cli.List
	passed                           []string // flags of the pipeline

	config backfill.Config
	first  sink // where the run's id is read from
	// The emulator of BigQuery that stands for it, as for the pipeline.
	endpoint, storageEndpoint string
}

func newBackfill(fs *flag.FlagSet) *backfillAction {
	o := &backfillAction{}
	fs.StringVar(&o.Archive, "archive", "", "`prefix` that the live run wrote to: a directory, or gs://…, hdfs://…, s3://… (required)")
	fs.StringVar(&o.From, "from", "", "`time` (RFC 3339, or a date) of the first events; its whole span is counted")
	fs.StringVar(&o.To, "to", "", "`time` before which events are counted, up to the end of its span")
	fs.StringVar(&o.Windows, "windows", "1h,24h", "`sizes` of windows, as 1m, 5m, 1h, 24h, 7d")
	fs.StringVar(&o.Counts, "counts", "", "also write every item's count in windows of this `size`, as 1h")
	fs.Var(&o.Sinks, "sink", "where the `tables` go: sqlite:FILE or bigquery:PROJECT.DATASET; may be given more than once (default: sqlite:crest.db)")
	fs.StringVar(&o.Job, "job", "topk", "`name` of the job: its exact lists stand beside the fast ones of the live run with that name")
	fs.StringVar(&o.Pipeline, "pipeline", "", "`program` that counts (default: topk beside this program, else built from ./pipelines/topk)")
	fs.Func("pipeline_flag", "one more flag for it, as `NAME=VALUE`; may be given more than once", func(s string) error {
		if name, _, ok := strings.Cut(s, "="); !ok || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || name == "" {
			return errors.New("a flag of the pipeline is NAME=VALUE, as runner=prism")
		}
		o.passed = append(o.passed, "--"+s)
		return nil
	})
	for name, to := range map[string]*string{"bigquery_endpoint": &o.endpoint, "bigquery_storage_endpoint": &o.storageEndpoint} {
		fs.StringVar(to, name, "", "`address` of another BigQuery than Google's, as for the pipeline")
	}
	for _, f := range passedOn {
		fs.Func(f.name, f.usage, func(s string) error {
			o.passed = append(o.passed, "--"+f.name+"="+s)
			return nil
		})
	}
	return o
}

func (o *backfillAction) plan(m *Main, args []string) error {
	wrong := []error{cli.OnlyFlags(args)}
	if o.Archive == "" {
		wrong = append(wrong, errors.New("--archive: say what to count: the prefix that the live run wrote to"))
	}
	if o.Job == "" {
		wrong = append(wrong, errors.New("--job: a job needs a name"))
	}
	if len(o.Sinks) == 0 {
		o.Sinks = cli.List{"sqlite:crest.db"}
	}
	for i, s := range slices.Backward(o.Sinks) {
		parsed, err := parseSink(s)
		wrong = append(wrong, cli.Prefix("sink", err))
		if i == 0 {
			o.first = parsed
		}
	}
	unit, err := o.unit()
	wrong = append(wrong, cli.Prefix("windows", err))
	from, wrongFrom := parseMoment(o.From)
	to, wrongTo := parseMoment(o.To)
	wrong = append(wrong, cli.Prefix("from", wrongFrom), cli.Prefix("to", wrongTo))
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		wrong = append(wrong, errors.New("--to: it must be later than --from"))
	}
	settings, err := json.Marshal(append(o.settings(), o.Sinks...))
	o.config = backfill.Config{Prefix: o.Archive, Job: o.Job, Settings: string(settings), From: from, To: to, Unit: unit,
		Log: func(format string, args ...any) { fmt.Fprintf(m.Stderr, format+"\n", args...) }}
	return errors.Join(append(wrong, err)...)
}

// unit is the span that is counted at once.
func (o *backfillAction) unit() (time.Duration, error) {
	sizes := cli.Split(o.Windows)
	if len(sizes) == 0 {
		return 0, errors.New("say at least one, as 1h")
	}
	if o.Counts != "" {
		sizes = append(sizes, o.Counts)
	}
	var windows []backfill.Window
	for _, s := range sizes {
		size, err := cli.ParseWindow(s)
		if err != nil {
			return 0, err
		}
		windows = append(windows, backfill.Window{Size: size, Period: size})
	}
	return backfill.Unit(windows)
}

// parseMoment reads a time, or a date, which is its midnight in UTC; empty is the
// zero time.
func parseMoment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.Parse(time.DateOnly, s)
	}
	if err != nil || t.Before(time.UnixMilli(0)) {
		return time.Time{}, fmt.Errorf("%q is not a time since 1970: 2026-01-31T23:00:00Z, or 2026-01-31", s)
	}
	return t.UTC(), nil
}

// settings are the flags that decide what the lists say.
func (o *backfillAction) settings() []string {
	flags := []string{"--windows=" + o.Windows}
	if o.Counts != "" {
		flags = append(flags, "--counts="+o.Counts)
	}
	return append(flags, o.passed...)
}

// run counts the spans that changed, one after another.
func (o *backfillAction) run(ctx context.Context, m *Main) (err error) {
	dir, err := os.MkdirTemp("", "crest-backfill-")
	if err != nil {
		return fmt.Errorf("making a directory for the pipeline's output: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program := ""
	res, err := backfill.Run(ctx, o.config, func(ctx context.Context, from, to time.Time) (string, error) {
		if program == "" { // where nothing changed none is needed
			found, err := m.findPipeline(ctx, o.Pipeline, dir)
			if err != nil {
				return "", err
			}
			program = found
		}
		return o.count(ctx, program, filepath.Join(dir, "pipeline.log"), from, to)
	})
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted after %d spans: %w", res.Ran, ctx.Err())
	}
	if err != nil {
		return err
	}
	switch {
	case res.Units == 0:
		fmt.Fprintf(m.Stdout, "%s has no events of the time asked for\n", o.Archive)
	case res.Ran == 0:
		fmt.Fprintf(m.Stdout, "nothing changed: the lists of all %d spans of %v are those of what is archived\n", res.Units, o.config.Unit)
	default:
		fmt.Fprintf(m.Stdout, "%d of %d spans of %v had changed, and were counted\n", res.Ran, res.Units, o.config.Unit)
	}
	return nil
}

// count runs the exact job over one span, and returns the id of its run.
func (o *backfillAction) count(ctx context.Context, program, log string, from, to time.Time) (string, error) {
	args := append([]string{
		"--source=archive", "--input=" + o.Archive, "--from=" + from.Format(time.RFC3339), "--to=" + to.Format(time.RFC3339),
		"--path=exact", "--job=" + o.Job,
	}, o.settings()...)
	for _, s := range o.Sinks {
		args = append(args, "--sink="+s)
	}
	if o.endpoint != "" {
		args = append(args, "--bigquery_endpoint="+o.endpoint, "--bigquery_storage_endpoint="+o.storageEndpoint)
	}
	started := time.Now().Truncate(time.Millisecond)
	c, err := startChild(ctx, program, args, log)
	if err != nil {
		return "", err
	}
	if err := c.wait(); err != nil {
		if c.exitCode() == cli.Wrong {
			return "", cli.UsageError{Err: err}
		}
		return "", err
	}
	o.first.target.Endpoint, o.first.target.StorageEndpoint = o.endpoint, o.storageEndpoint
	tables, err := o.first.open(ctx)
	if err != nil {
		return "", err
	}
	defer tables.Close()
	run, ok, err := tables.LastRun(ctx, o.Job)
	if err == nil && (!ok || run.StartedAt.Time().Before(started)) {
		err = fmt.Errorf("%s has no run of job %s that %s has committed just now", o.Sinks[0], o.Job, filepath.Base(program))
	}
	return run.Run, err
}
