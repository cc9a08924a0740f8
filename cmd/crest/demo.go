package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/twmb/franz-go/pkg/kfake"

	"crest/cli"
	"crest/live"
	"crest/replay"
)

var demoCommand = command{
	name:    "demo",
	summary: "shows all of it at work: events replayed into a Kafka of its own, counted live",
	usage: `  crest demo

Starts a Kafka in this process, replays a file of events into it as if they happened now, runs the streaming pipeline on them,
and shows the lists that it writes. Ctrl-C ends all of it, and nothing of it is kept.
`,
	groups: []cli.Group{
		{Title: "What is replayed", Flags: []string{"file", "segment_field", "speed"}},
		{Title: "What counts it", Flags: []string{"pipeline"}},
		{Title: "What is shown", Flags: []string{"k", "every"}},
	},
	new: func(fs *flag.FlagSet) action { return newDemo(fs) },
}

// demoSpeed plays four days of the commits in a second, and their 17 years in 26
// minutes.
const demoSpeed = "345600"

const demoTopic = "events"

// demoAction has the flags, as they were given, and what they come to.
type demoAction struct {
	File, SegmentField, Speed, Pipeline string
	K                                   int
	Every                               time.Duration

	play replay.Config
	view live.Config
}

func newDemo(fs *flag.FlagSet) *demoAction {
	o := &demoAction{}
	fs.StringVar(&o.File, "file", "testdata/commits.ndjson.gz", "`file` of events with time and item")
	fs.StringVar(&o.SegmentField, "segment_field", "group", "`field` that lists are kept apart by")
	fs.StringVar(&o.Speed, "speed", demoSpeed, "`times` as fast as the events happened")
	fs.StringVar(&o.Pipeline, "pipeline", "", "`program` that counts (default: topk beside this program, else built from ./pipelines/topk)")
	fs.IntVar(&o.K, "k", 10, "`number` of items of each window, cut where the terminal is too low")
	fs.DurationVar(&o.Every, "every", 0, "`time` from one drawing to the next (default: 1s on a terminal, else 5s)")
	return o
}

func (o *demoAction) plan(m *Main, args []string) error {
	speed, wrong := parseSpeed(o.Speed)
	o.play = replay.Config{Files: []string{o.File}, TimeField: "time", KeyField: "item", Speed: speed, Retime: true, Loop: true}
	if o.Every == 0 {
		o.Every = drawEvery(m.Stdout)
	}
	o.view = live.Config{Path: "counts.db", Job: "topk", K: o.K, Every: o.Every, Wait: true}
	return errors.Join(cli.OnlyFlags(args), cli.Prefix("speed", wrong), o.play.Validate(), o.view.Validate())
}

// pipelineArgs are the flags that the streaming pipeline is started with.
func (o *demoAction) pipelineArgs(broker, db string) []string {
	return []string{
		"--source=kafka", "--brokers=" + broker, "--topic=" + demoTopic,
		"--segment_field=" + o.SegmentField,
		"--windows=1m,5m", "--early=2s",
		"--sink=sqlite:" + db,
	}
}

// run starts everything, shows the lists until it is interrupted or a part of it
// fails, and ends everything again.
func (o *demoAction) run(ctx context.Context, m *Main) (err error) {
	dir, err := os.MkdirTemp("", "crest-demo-")
	if err != nil {
		return fmt.Errorf("making a directory for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := m.findPipeline(ctx, o.Pipeline, dir)
	if err != nil {
		return err
	}
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, demoTopic))
	if err != nil {
		return fmt.Errorf("starting a Kafka in this process: %w", err)
	}
	defer kafka.Close()
	broker := kafka.ListenAddrs()[0]

	parts, fail := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer fail(nil)
	o.view.Path = filepath.Join(dir, o.view.Path)
	pipeline, err := startChild(parts, program, o.pipelineArgs(broker, o.view.Path), filepath.Join(dir, "pipeline.log"))
	if err != nil {
		return err
	}
	running.Go(func() {
		err := pipeline.wait()
		if err == nil { // it has no end
			err = fmt.Errorf("running %s: it ended by itself", pipeline.name)
		}
		fail(err)
	})
	var p replay.Progress
	running.Go(func() { fail(o.replay(parts, broker, &p)) })
	o.view.Status = func() string { return o.status(&p) }
	fail(live.Run(parts, m.Stdout, o.view))
	if ctx.Err() != nil {
		return nil // interrupted: that is how it ends
	}
	return context.Cause(parts)
}

// replay plays the events until the demo ends.
func (o *demoAction) replay(ctx context.Context, broker string, p *replay.Progress) error {
	sink, err := replay.OpenKafka(ctx, replay.KafkaConfig{Brokers: []string{broker}, Topic: demoTopic})
	if err != nil {
		return err
	}
	defer sink.Close()
	return replay.Run(ctx, o.play, sink, p)
}

// status is the line under the lists.
func (o *demoAction) status(p *replay.Progress) string {
	at := ""
	if p.Records() > 0 {
		at = ", now at " + p.EventTime().Format(time.DateOnly)
	}
	return fmt.Sprintf("replaying %s, %s times as fast: %s events sent%s", filepath.Base(o.File), o.Speed, humanize.Comma(p.Records()), at)
}
