package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"crest/cli"
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
	Sinks                                           cli.List
	Job                                             string
	CPUProfile                                      string
	BigQuery                                        BigQueryOptions
	LiveOptions
}

// The windows that there are by default.
const (
	batchWindows = "1h,24h,all"
	liveWindows  = "1m,5m,1h,24h"
)

var groups = []cli.Group{
	{Title: "What is read", Flags: []string{"source", "input", "format"}},
	{Title: "What a record says (dotted paths or column names)", Flags: []string{"time_field", "item_field", "segment_field", "weight_field", "extract"}},
	{Title: "What is counted", Flags: []string{"path", "windows", "sliding", "pane", "k", "counts", "max_segments", "max_rejects"}},
	{Title: "How accurate the fast path is", Flags: []string{"memory", "budget", "counters", "sketch_width", "sketch_depth", "hash_seed_file", "shards"}},
	{Title: "Where it goes", Flags: []string{"sink", "job"}},
	{Title: "BigQuery", Flags: bigqueryFlags},
	{Title: "How it runs", Flags: []string{"runner", "cpu_profile", "metrics_listen"}},
	{Title: "Flink (--runner=flink)", Flags: append([]string{"endpoint", "environment_type", "environment_config", "parallelism"}, flink.Flags...)},
}

// register defines the flags.
func (o *Options) register(fs *flag.FlagSet) {
	o.LiveOptions.register(fs)
	o.BigQuery.register(fs)
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

	fs.Var(&o.Sinks, "sink", "where the `tables` go: sqlite:FILE or bigquery:PROJECT.DATASET; may be given more than once (default: sqlite:crest.db)")
	fs.StringVar(&o.Job, "job", "topk", "`name` of the job: runs of one job replace each other's lists")
	fs.StringVar(&o.CPUProfile, "cpu_profile", "", "`file` to write a CPU profile of this process to, for go tool pprof")
}

// usage prints the flags by group.
func usage(w io.Writer, fs *flag.FlagSet) {
	if f := fs.Lookup("runner"); f != nil { // Beam's own text says no more than that
		f.Usage = "`name` of Beam's runner: prism (in this process, the default), flink, dataflow"
	}
	fmt.Fprintf(w, "Finds the heavy hitters of events: the top K items of each segment in each window.\n\n")
	fmt.Fprintf(w, "  topk --input=events.ndjson.gz\n  topk --input='logs/*.gz' --windows=1h,24h --path=both\n")
	var beam []string
	for _, name := range cli.Usage(w, fs, slices.Insert(slices.Clone(groups), 1, liveGroups...)) {
		if !strings.HasPrefix(name, "test.") {
			beam = append(beam, "--"+name)
		}
	}
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

// maxOverlap bounds how many sliding windows a pane is in, and so how often it is
// merged.
const maxOverlap = 1440

// parseSliding reads size/period.
func parseSliding(s string) (transforms.Window, error) {
	size, period, ok := strings.Cut(s, "/")
	w, err := cli.ParseWindow(size)
	p, err2 := cli.ParseWindow(period)
	if !ok || err != nil || err2 != nil || w == 0 || p == 0 || p >= w || w%p != 0 {
		return transforms.Window{}, fmt.Errorf("%q is not a sliding window: a size and a period that divides it, as 1h/5m", s)
	}
	if w/p > maxOverlap {
		return transforms.Window{}, fmt.Errorf("%q puts each pane into %d windows: %d are the most", s, w/p, maxOverlap)
	}
	return transforms.Window{Size: w, Period: p}, nil
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
