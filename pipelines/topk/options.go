package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"crest/runners/flink"
	"crest/table"
	"crest/transforms"
)

// Options are the flags, as they were given.
type Options struct {
	Source, Input, Format                           string
	TimeField, ItemField, SegmentField, WeightField string
	Extract                                         string
	Path, Windows, Pane, Sliding, Counts            string
	K, MaxSegments, Shards                          int
	MaxRejects                                      string
	Memory                                          string
	Budget, Counters, SketchWidth, SketchDepth      int
	HashSeedFile                                    string
	Sinks                                           list
	Job                                             string
	CPUProfile                                      string
	LiveOptions
}

// list is a flag that may be given more than once, or hold several values with
// commas between them.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	*l = append(*l, split(s)...)
	return nil
}

// split cuts a list at its commas and drops what is empty.
func split(s string) (parts []string) {
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

// The windows that there are by default.
const (
	batchWindows = "1h,24h,all"
	liveWindows  = "1m,5m,1h,24h"
)

// A group is a part of the help text.
type group struct {
	title string
	flags []string
}

var groups = []group{
	{"What is read", []string{"source", "input", "format"}},
	{"What a record says (dotted paths or column names)", []string{"time_field", "item_field", "segment_field", "weight_field", "extract"}},
	{"What is counted", []string{"path", "windows", "sliding", "pane", "k", "counts", "max_segments", "max_rejects"}},
	{"How accurate the fast path is", []string{"memory", "budget", "counters", "sketch_width", "sketch_depth", "hash_seed_file", "shards"}},
	{"Where it goes", []string{"sink", "job"}},
	{"How it runs", []string{"runner", "cpu_profile", "metrics_listen"}},
	{"Flink (--runner=flink)", append([]string{"endpoint", "environment_type", "environment_config", "parallelism"}, flink.Flags...)},
}

// register defines the flags.
func (o *Options) register(fs *flag.FlagSet) {
	o.LiveOptions.register(fs)
	fs.StringVar(&o.Source, "source", "files", "`where` events come from: files, archive (what --archive wrote), kafka or pubsub")
	fs.StringVar(&o.Input, "input", "", "`patterns` of files, comma-separated: local paths, gs://…, hdfs://…, s3://…; or the archive's prefix")
	fs.StringVar(&o.Format, "format", "auto", "`format` of the files: auto, ndjson, csv, tsv, accesslog, avro or parquet; .gz, .zst and .bz2 are decompressed")

	fs.StringVar(&o.TimeField, "time_field", "time", "`field` of the event time: RFC 3339, epoch seconds to nanoseconds, or an access log's date")
	fs.StringVar(&o.ItemField, "item_field", "item", "`field` of what is counted; of an access log the path")
	fs.StringVar(&o.SegmentField, "segment_field", "segment", "`field` that lists are kept apart by; empty for one list")
	fs.StringVar(&o.WeightField, "weight_field", "weight", "`field` of what an event counts for, a whole number; 1 where there is none")
	fs.StringVar(&o.Extract, "extract", "value", "`what` of the item field is counted: value, words, hashtags or regex:EXPR")

	fs.StringVar(&o.Path, "path", "fast", "`how` to count: fast (bounded memory, with bounds), exact, or both, compared")
	fs.StringVar(&o.Windows, "windows", "", "`sizes` of windows, as 1m, 5m, 1h, 24h, 7d; all is one window over everything (default: "+batchWindows+"; where events still come "+liveWindows+")")
	fs.StringVar(&o.Sliding, "sliding", "", "sliding windows, as `size/period`: 1h/5m,…")
	fs.StringVar(&o.Pane, "pane", "", "`size` of the windows that events are counted in; larger ones are merged from them (default: the smallest window asked for)")
	fs.IntVar(&o.K, "k", 100, "length of the lists")
	fs.StringVar(&o.Counts, "counts", "", "also write every item's exact count in windows of this `size`, as 1h (exact path)")
	fs.IntVar(&o.MaxSegments, "max_segments", 10_000, "most segments that have lists of their own; the others share one (0: no limit)")
	fs.StringVar(&o.MaxRejects, "max_rejects", "5%", "`share` of the records that may be rejected before the run fails")

	fs.StringVar(&o.Memory, "memory", "256KiB", "`size` of a summary: of one shard of one segment in one window")
	fs.IntVar(&o.Budget, "budget", 0, "`items` that a summary counts exactly before it is sketched (default: by --memory)")
	fs.IntVar(&o.Counters, "counters", 0, "`candidates` that a sketched summary keeps (default: by --memory)")
	fs.IntVar(&o.SketchWidth, "sketch_width", 0, "`columns` of a summary's count-min sketch (default: by --memory)")
	fs.IntVar(&o.SketchDepth, "sketch_depth", 0, "`rows` of a summary's count-min sketch (default: by --memory)")
	fs.StringVar(&o.HashSeedFile, "hash_seed_file", "", "`file` with the secret that keys the hash of items; summaries merge only under one secret")
	fs.IntVar(&o.Shards, "shards", 0, "`shards` that the items of a segment are spread over (default: 2 fast; exact 16, or one a CPU on the local runner)")

	fs.Var(&o.Sinks, "sink", "where the tables go, as sqlite:`FILE`; may be given more than once (default: sqlite:crest.db)")
	fs.StringVar(&o.Job, "job", "topk", "`name` of the job: runs of one job replace each other's lists")
	fs.StringVar(&o.CPUProfile, "cpu_profile", "", "`file` to write a CPU profile of this process to, for go tool pprof")
}

// usage prints the flags by group.
func usage(fs *flag.FlagSet) {
	w := fs.Output()
	fmt.Fprintf(w, "Finds the heavy hitters of events: the top K items of each segment in each window.\n\n")
	fmt.Fprintf(w, "  topk --input=events.ndjson.gz\n  topk --input='logs/*.gz' --windows=1h,24h --path=both\n")
	known := make(map[string]bool)
	for _, g := range slices.Insert(slices.Clone(groups), 1, liveGroups...) {
		fmt.Fprintf(w, "\n%s:\n", g.title)
		for _, name := range g.flags {
			known[name] = true
			f := fs.Lookup(name)
			if f == nil {
				continue
			}
			if name == "runner" { // Beam's own text says no more than that
				f.Usage = "`name` of Beam's runner: prism (in this process, the default), flink, dataflow"
			}
			value, text := flag.UnquoteUsage(f)
			if f.DefValue != "" && f.DefValue != "0" {
				text += fmt.Sprintf(" (default: %s)", f.DefValue)
			}
			fmt.Fprintf(w, "  --%-24s %s\n", name+"="+strings.ToUpper(value), text)
		}
	}
	var beam []string
	fs.VisitAll(func(f *flag.Flag) {
		if !known[f.Name] && !strings.HasPrefix(f.Name, "test.") {
			beam = append(beam, "--"+f.Name)
		}
	})
	fmt.Fprintf(w, "\nBeam's own, for its runners:\n  %s\n", wrap(strings.Join(beam, " "), 90, "\n  "))
}

// wrap breaks a text at spaces.
func wrap(text string, width int, newline string) string {
	var b strings.Builder
	n := 0
	for i, word := range strings.Fields(text) {
		if n+len(word) > width && n > 0 {
			b.WriteString(newline)
			n = 0
		} else if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		n += len(word) + 1
	}
	return b.String()
}

// parse reads the command line, and reports everything that is wrong with it,
// not only the first thing.
func parse(fs *flag.FlagSet, args []string) (errs []error) {
	dashes := strings.NewReplacer("flag -", "flag --", "defined: -", "defined: --", "argument: -", "argument: --")
	for {
		err := fs.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return []error{err}
		}
		if err == nil {
			if fs.NArg() == 0 {
				return errs
			}
			err = fmt.Errorf("%q is not a flag: flags begin with --", fs.Arg(0))
			args = fs.Args()[1:]
		} else {
			err = errors.New(dashes.Replace(err.Error()))
			args = fs.Args()
		}
		errs = append(errs, err)
	}
}

// parseWindow reads a window's size: a duration, in which d is a day, or all.
func parseWindow(s string) (time.Duration, error) {
	if s == "all" {
		return 0, nil
	}
	d, err := parseDays(s)
	if err != nil || d < time.Second || d%time.Second != 0 || d > 10000*24*time.Hour {
		return 0, fmt.Errorf("%q is not a window: whole seconds to 10000 days, as 30s, 5m, 1h, 24h, 7d, or all", s)
	}
	return d, nil
}

// maxOverlap bounds how many sliding windows a pane is in, and so how often it is
// merged.
const maxOverlap = 1440

// parseSliding reads size/period.
func parseSliding(s string) (transforms.Window, error) {
	size, period, ok := strings.Cut(s, "/")
	w, err := parseWindow(size)
	p, err2 := parseWindow(period)
	if !ok || err != nil || err2 != nil || w == 0 || p == 0 || p >= w || w%p != 0 {
		return transforms.Window{}, fmt.Errorf("%q is not a sliding window: a size and a period that divides it, as 1h/5m", s)
	}
	if w/p > maxOverlap {
		return transforms.Window{}, fmt.Errorf("%q puts each pane into %d windows: %d are the most", s, w/p, maxOverlap)
	}
	return transforms.Window{Size: w, Period: p}, nil
}

// parseShare reads a share: a percentage, or a number from 0 to 1.
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("%q is not a share: a percentage from 0%% to 100%%, or a number from 0 to 1", s)
	}
	return v, nil
}

// parseBytes reads a size in bytes.
func parseBytes(s string) (int, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil || n > 1<<30 {
		return 0, fmt.Errorf("%q is not a size up to 1GiB, as 64KiB or 1MiB", s)
	}
	return int(n), nil
}

// parseDays reads a duration, in which d is a day.
func parseDays(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(min(n, 20000)) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

// parseSpan reads a span of time that may be 0.
func parseSpan(s string) (time.Duration, error) {
	d, err := parseDays(s)
	if err != nil || d < 0 || d > 10000*24*time.Hour {
		return 0, fmt.Errorf("%q is not a span of time: 0, 500ms, 5s, 1h, 7d", s)
	}
	return d, nil
}

// paths are those that --path names.
func paths(s string) ([]string, error) {
	switch s {
	case table.Fast, table.Exact:
		return []string{s}, nil
	case table.Both:
		return []string{table.Fast, table.Exact}, nil
	}
	return nil, fmt.Errorf("%q is not a path: fast, exact or both", s)
}
