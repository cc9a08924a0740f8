package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/archive"
	"crest/cli"
	"crest/runners/flink"
	archivesink "crest/sinks/archive"
	"crest/sketchcombine/summary"
	"crest/sources/kafka"
	"crest/table"
	"crest/transforms"
)

// A Plan is what the options come to: everything that a run needs.
type Plan struct {
	Graph
	Input  Input
	Stores []Store
}

// problems gathers what is wrong with the options.
type problems []error

func (p *problems) add(flag string, err error) {
	if err != nil {
		*p = append(*p, fmt.Errorf("--%s: %w", flag, err))
	}
}

// Plan checks the options and returns what they come to, or an error that joins
// everything that is wrong with them.
func (o *Options) Plan(ctx context.Context) (*Plan, error) {
	var wrong problems
	now := time.Now()
	p := &Plan{}
	p.Run = table.Run{Job: o.Job, Run: table.NewRunID(now), Path: o.Path, Kind: table.Batch, StartedAt: table.TimeOf(now)}
	if !isRunner(runnerName()) {
		wrong.add("runner", fmt.Errorf("%q is not a runner: %s", runnerName(), strings.Join(knownRunners, ", ")))
	}
	live := o.live()
	if runnerName() == "flink" {
		wrong.add("runner", flink.Check(live))
	}
	if live {
		o.planLive(p, &wrong)
	}
	o.planWindows(p, live, &wrong)
	o.planPaths(p, live, &wrong)
	o.planSinks(p, &wrong)
	o.planSource(ctx, p, &wrong)
	o.planArchiving(ctx, p, &wrong)
	if o.Job == "" || len(o.Job) > 200 {
		wrong.add("job", errors.New("a job needs a name of at most 200 bytes"))
	}
	settings, err := json.Marshal(o)
	wrong.add("job", err)
	p.Run.Settings, p.Run.HashSeed = string(settings), p.fingerprint()
	return p, errors.Join(wrong...)
}

// live says that what is read does not end, as far as the flags tell.
func (o *Options) live() bool {
	return o.Source == "pubsub" || o.Source == "kafka" && o.End == string(kafka.Never)
}

// buckets is how many elements a window's summaries travel in between machines.
const buckets = 64

// refresh is how often the local runner makes the lists of open windows.
const refresh = 10 * time.Second

// planLive plans what is different where events still come.
func (o *Options) planLive(p *Plan, wrong *problems) {
	p.Firing = &transforms.Firing{Buckets: 1, Refresh: refresh}
	if !local() {
		p.Firing.Buckets, p.Firing.Refresh = buckets, 0
	}
	p.Run.Kind, p.Run.CompleteFrom = table.Streaming, table.MinTime
	for _, f := range []struct {
		flag, value string
		to          *time.Duration
	}{{"lateness", o.Lateness, &p.Firing.Lateness}, {"early", o.Early, &p.Firing.Early}} {
		d, err := cli.ParseSpan(f.value)
		wrong.add(f.flag, err)
		*f.to = d
	}
	if o.Path != table.Fast {
		wrong.add("path", fmt.Errorf("%s needs an end: what is read goes on for ever. Add --end=latest (kafka), or --archive=PREFIX and count that with --source=archive --path=exact", o.Path))
	}
	if slices.Contains(cli.Split(o.Windows), "all") {
		wrong.add("windows", errors.New("all is over everything, and what is read does not end: choose sizes, as "+liveWindows))
	}
}

func (o *Options) planWindows(p *Plan, live bool, wrong *problems) {
	windows := o.Windows
	if windows == "" {
		if windows = batchWindows; live {
			windows = liveWindows
		}
	}
	for _, s := range cli.Split(windows) {
		size, err := cli.ParseWindow(s)
		wrong.add("windows", err)
		if w := transforms.Tumbling(size); err == nil && !slices.Contains(p.Windows, w) {
			p.Windows = append(p.Windows, w)
		}
	}
	for _, s := range cli.Split(o.Sliding) {
		w, err := parseSliding(s)
		wrong.add("sliding", err)
		if err == nil && !slices.Contains(p.Windows, w) {
			p.Windows = append(p.Windows, w)
		}
	}
	if o.Counts != "" {
		size, err := cli.ParseWindow(o.Counts)
		wrong.add("counts", err)
		w := transforms.Tumbling(size)
		p.Counts = &w
		if o.Path == table.Fast {
			wrong.add("counts", errors.New("the exact path makes them: add --path=exact or --path=both"))
		}
	}
	if len(p.Windows) == 0 {
		wrong.add("windows", errors.New("say at least one, as 1h or all"))
		return
	}
	for _, w := range p.made(table.Exact) {
		if w.Size > 0 && (p.Pane == 0 || w.Period < p.Pane) {
			p.Pane = w.Period
		}
	}
	if o.Pane != "" {
		size, err := cli.ParseWindow(o.Pane)
		wrong.add("pane", err)
		p.Pane = size
	}
	if _, _, err := transforms.Plan(p.Pane, p.made(table.Exact)); err != nil && len(*wrong) == 0 {
		wrong.add("windows", fmt.Errorf("%w: choose sizes that are multiples of it, or a smaller --pane", err))
	}
}

func (o *Options) planPaths(p *Plan, live bool, wrong *problems) {
	memory, err := cli.ParseBytes(o.Memory, 1<<30)
	if err == nil && memory < 16<<10 {
		err = fmt.Errorf("%s is too little: a summary needs 16KiB", o.Memory)
	}
	wrong.add("memory", err)
	sized := summary.ForMemory(int(max(memory, 16<<10)))
	for _, f := range []struct {
		flag string
		set  int
		to   *int
	}{{"budget", o.Budget, &sized.Budget}, {"counters", o.Counters, &sized.Counters}, {"sketch_width", o.SketchWidth, &sized.Width}, {"sketch_depth", o.SketchDepth, &sized.Depth}} {
		if f.set < 0 {
			wrong.add(f.flag, fmt.Errorf("%d is less than nothing", f.set))
		} else if f.set > 0 {
			*f.to = f.set
		}
	}
	sized.Width += sized.Width % 2
	wrong.add("memory", sized.Validate())
	if o.K < 1 || o.K > 10_000 {
		wrong.add("k", fmt.Errorf("%d rows: a list has 1 to 10000", o.K))
	} else if least := sized.Kept(); o.Path != table.Exact && o.K > least {
		wrong.add("k", fmt.Errorf("a summary of this size may keep no more than %d items: give it more --memory, or ask for fewer", least))
	}
	p.K = o.K
	sized.Seed, err = readSeed(o.HashSeedFile)
	wrong.add("hash_seed_file", err)
	if o.Shards < 0 || o.Shards > 10_000 {
		wrong.add("shards", fmt.Errorf("%d shards: 1 to 10000, or 0 to let Crest choose", o.Shards))
	}
	names, err := paths(o.Path)
	wrong.add("path", err)
	p.Paths = make(map[string]transforms.Counting)
	for _, name := range names {
		shards := max(o.Shards, 1)
		if o.Shards == 0 {
			shards = defaultShards(name)
		}
		p.Paths[name] = counting(name, sized, shards, p.Pane, workers())
	}
	if o.MaxSegments < 0 || o.MaxSegments > 100_000 {
		wrong.add("max_segments", fmt.Errorf("%d segments: 1 to 100000, or 0 for no limit", o.MaxSegments))
	} else if o.SegmentField != "" {
		p.MaxSegments = o.MaxSegments
	}
	if fast, ok := p.Paths[table.Fast]; live && ok {
		fast.Lateness, fast.MaxSegments, fast.Run = p.Firing.Lateness, p.MaxSegments, p.Run.Run
		p.Paths[table.Fast] = fast
	}
	p.MaxRejects, err = cli.ParseShare(o.MaxRejects)
	wrong.add("max_rejects", err)
}

// defaultShards is how many shards a path has. The fast path's are few, and the
// same on every machine, since stored summaries merge shard by shard; they
// spread a segment that is hot. The exact path's keep elements small where they
// travel between machines, and are as many as its workers where they do not.
func defaultShards(path string) int {
	switch {
	case path == table.Fast:
		return 2
	case local():
		return max(2, workers())
	default:
		return 16
	}
}

// readSeed makes a seed of a secret; without a file it is the seed that everybody
// knows.
func readSeed(path string) (summary.Seed, error) {
	if path == "" {
		return 0, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	secret := strings.TrimSpace(string(b))
	if len(secret) < 16 {
		return 0, fmt.Errorf("%s holds %d bytes: a secret has at least 16 (head -c 32 /dev/urandom | base64)", path, len(secret))
	}
	return summary.Seed(summary.Seed(0).Hash([]byte(secret))), nil
}

func (o *Options) planSinks(p *Plan, wrong *problems) {
	sinks := o.Sinks
	if len(sinks) == 0 {
		sinks = cli.List{"sqlite:crest.db"}
	}
	for i, s := range sinks {
		switch kind, name, _ := strings.Cut(s, ":"); {
		case slices.Contains(sinks[:i], s):
		case kind == "sqlite" && name != "":
			p.Stores = append(p.Stores, &sqliteStore{path: name})
		case kind == "bigquery" && name != "":
			b, err := o.BigQuery.store(name, p)
			wrong.add("sink", err)
			p.Stores, p.FrequentStrings = append(p.Stores, b), true
		default:
			wrong.add("sink", fmt.Errorf("%q is not a sink: sqlite:FILE or bigquery:PROJECT.DATASET", s))
		}
	}
}

// planArchiving plans where raw events go.
func (o *Options) planArchiving(ctx context.Context, p *Plan, wrong *problems) {
	if in := p.Input; in.CompleteFrom > 0 {
		p.Run.CompleteFrom = table.Time(in.CompleteFrom)
	}
	if o.Archive == "" {
		return
	}
	if !p.Input.Messages {
		wrong.add("archive", fmt.Errorf("--source=%s is stored already: an archive is of kafka or pubsub", o.Source))
		return
	}
	kind, err := archive.ParseFormat(o.ArchiveFormat)
	wrong.add("archive_format", err)
	if len(*wrong) == 0 {
		wrong.add("archive", archivesink.Check(ctx, o.Archive))
	}
	cfg := archivesink.Config{Prefix: o.Archive, Format: kind, Every: o.ArchiveEvery, JSON: p.Input.JSON}
	p.Archive = func(s beam.Scope, blocks beam.PCollection) beam.PCollection { return archivesink.Write(s, cfg, blocks) }
}

// Sinks are the sinks as transforms.
func (p *Plan) Sinks() (sinks []TableSink) {
	for _, s := range p.Stores {
		sinks = append(sinks, s.Sink())
	}
	return sinks
}

func (p *Plan) fingerprint() string {
	for _, c := range p.Paths {
		return fmt.Sprintf("%016x", c.Summary.Seed.Fingerprint())
	}
	return ""
}

// workers is how many goroutines work within a bundle: prism runs one bundle
// after another, the other runners one a core.
func workers() int {
	if local() {
		return runtime.GOMAXPROCS(0)
	}
	return 1
}
