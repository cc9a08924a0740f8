package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/cli"
	"crest/sources/archive"
	"crest/sources/files"
	"crest/sources/format"
	"crest/sources/kafka"
	"crest/sources/pubsub"
	"crest/sources/watermark"
)

// An Input is what a run reads.
type Input struct {
	// Name is what is read, as a person says it.
	Name string
	// Live says that it does not end.
	Live bool
	// Bytes is how much there is, where that is known.
	Bytes int64
	// Messages says that its blocks carry raw messages, which can be archived,
	// and JSON that each is one text of JSON.
	Messages, JSON bool
	// CompleteFrom is the event time, in milliseconds, from which on a live source
	// gives every event; 0 where it gives all that there are.
	CompleteFrom int64
	Read         Source
	// Release gives back what is held and not counted, where a job is stopped; nil
	// where nothing is.
	Release func(context.Context) error
}

// fields are what a record says.
func (o *Options) fields(wrong *problems) format.Options {
	extract, err := format.ParseExtract(o.Extract)
	wrong.add("extract", err)
	if o.ItemField == "" {
		wrong.add("item_field", errors.New("every record needs it: it can't be empty"))
	}
	if o.TimeField == "" && (o.Source == "files" || o.Source == "archive") {
		wrong.add("time_field", errors.New("every record of a file needs it: it can't be empty"))
	}
	return format.Options{Time: o.TimeField, Item: o.ItemField, Segment: o.SegmentField, Weight: o.WeightField, Extract: extract}
}

// planSource plans what is read, and sees whether it is there.
func (o *Options) planSource(ctx context.Context, p *Plan, wrong *problems) {
	fields := o.fields(wrong)
	switch o.Source {
	case "files":
		p.Input = o.planFiles(ctx, fields, wrong)
	case "archive":
		p.Input = o.planArchive(ctx, fields, wrong)
	case "kafka":
		p.Input = o.planKafka(ctx, p, fields, wrong)
	case "pubsub":
		p.Input = o.planPubSub(ctx, p, fields, wrong)
	default:
		wrong.add("source", fmt.Errorf("%q is not a source: files, archive, kafka or pubsub", o.Source))
	}
}

func (o *Options) planFiles(ctx context.Context, fields format.Options, wrong *problems) Input {
	kind, err := format.ParseKind(o.Format)
	wrong.add("format", err)
	cfg := files.Config{Patterns: cli.Split(o.Input), Kind: kind, Fields: fields, Workers: workers()}
	if len(cfg.Patterns) == 0 {
		wrong.add("input", errors.New("say what to read, as --input=events.ndjson.gz"))
		return Input{}
	}
	_, bytes, err := files.Stat(ctx, cfg.Patterns)
	wrong.add("input", err)
	return Input{Name: o.Input, Bytes: bytes, Read: func(s beam.Scope) beam.PCollection { return files.Read(s, cfg) }}
}

func (o *Options) planArchive(ctx context.Context, fields format.Options, wrong *problems) Input {
	payload, err := format.ParsePayload(o.Payload)
	wrong.add("payload", err)
	cfg := archive.Config{Prefix: o.Input, Fields: fields, Payload: payload, Workers: workers()}
	for _, f := range []struct {
		flag, value string
		to          *time.Time
	}{{"from", o.From, &cfg.From}, {"to", o.To, &cfg.To}} {
		if f.value == "" {
			continue
		}
		*f.to, err = time.Parse(time.RFC3339, f.value)
		if err == nil && f.to.Truncate(time.Hour) != *f.to {
			err = fmt.Errorf("%s is not the beginning of an hour", f.value)
		}
		wrong.add(f.flag, err)
	}
	if o.Input == "" {
		wrong.add("input", errors.New("say what to read: the prefix that --archive had"))
		return Input{}
	}
	_, bytes, err := archive.Stat(ctx, cfg)
	wrong.add("input", err)
	return Input{Name: o.Input, Bytes: bytes, Read: func(s beam.Scope) beam.PCollection { return archive.Read(s, cfg) }}
}

func (o *Options) planKafka(ctx context.Context, p *Plan, fields format.Options, wrong *problems) Input {
	cfg := kafka.Config{
		Brokers: cli.Split(o.Brokers), Topic: o.Topic, Fields: fields, ID: p.Run.Run,
		Local: local(), Workers: workers(), Pane: p.Pane, Watermark: o.watermark(p, wrong),
		Security: o.Security, Registry: kafka.Registry{URL: o.SchemaRegistry},
	}
	var err error
	cfg.Payload, err = format.ParsePayload(o.Payload)
	wrong.add("payload", err)
	cfg.Start, err = kafka.ParseStart(o.Start)
	wrong.add("start", err)
	cfg.End, err = kafka.ParseEnd(o.End)
	wrong.add("end", err)
	cfg.OnExpired, err = kafka.ParseOnExpired(o.OnExpired)
	wrong.add("on_expired", err)
	if o.AvroSchema != "" {
		schema, err := os.ReadFile(o.AvroSchema)
		wrong.add("avro_schema", err)
		cfg.Schema = string(schema)
	}
	in := Input{
		Name: "topic " + o.Topic, Live: !cfg.Bounded(), Messages: true, JSON: cfg.Payload == format.JSON,
		Read: func(s beam.Scope) beam.PCollection { return kafka.Read(s, cfg) },
	}
	switch cfg.Start.Kind {
	case kafka.EarliestOffset:
	case kafka.AtTime:
		in.CompleteFrom = cfg.Start.Time
	default:
		in.CompleteFrom = time.Now().UnixMilli()
	}
	if len(cfg.Brokers) == 0 {
		wrong.add("brokers", errors.New("say where Kafka is, as --brokers=localhost:9092"))
	}
	if cfg.Topic == "" {
		wrong.add("topic", errors.New("say which topic to read"))
	}
	if len(*wrong) == 0 {
		wrong.add("source", kafka.Check(ctx, cfg))
	}
	return in
}

// flinkAckAfter outlasts a checkpoint of a job that is well.
const flinkAckAfter = 10 * time.Second

func (o *Options) planPubSub(ctx context.Context, p *Plan, fields format.Options, wrong *problems) Input {
	cfg := pubsub.Config{
		ID: p.Run.Run, Subscription: o.Subscription, Fields: fields, TimeAttribute: o.TimeAttribute,
		Local: local(), Workers: workers(), Watermark: o.watermark(p, wrong), Dataflow: o.PubSubByDataflow, AckAfter: o.AckAfter,
	}
	if cfg.AckAfter == 0 && !local() {
		cfg.AckAfter = flinkAckAfter
	}
	var err error
	cfg.Payload, err = format.ParsePayload(o.Payload)
	wrong.add("payload", err)
	if o.PubSubByDataflow && runnerName() != "dataflow" {
		wrong.add("pubsub_by_dataflow", fmt.Errorf("the runner is %s, not dataflow", runnerName()))
	}
	if len(*wrong) == 0 {
		wrong.add("source", pubsub.Check(ctx, cfg))
	}
	return Input{
		Name: o.Subscription, Live: true, Messages: true, JSON: cfg.Payload == format.JSON, CompleteFrom: time.Now().UnixMilli(),
		Read:    func(s beam.Scope) beam.PCollection { return pubsub.Read(s, cfg) },
		Release: func(ctx context.Context) error { return pubsub.Release(ctx, cfg) },
	}
}

// openPanes is how many panes the local runner may step over at once.
const openPanes = 32

// watermark is how event time runs.
func (o *Options) watermark(p *Plan, wrong *problems) (cfg watermark.Config) {
	for _, f := range []struct {
		flag, value string
		to          *time.Duration
	}{{"disorder", o.Disorder, &cfg.Disorder}, {"idle_after", o.IdleAfter, &cfg.IdleAfter}} {
		d, err := cli.ParseSpan(f.value)
		wrong.add(f.flag, err)
		*f.to = d
	}
	if p.Firing == nil {
		return cfg
	}
	if local() {
		cfg.Step = max(p.Firing.Lateness/2, openPanes*p.Pane)
		p.Firing.Slack = cfg.Step
	} else {
		cfg.Forget = time.Minute
	}
	return cfg
}
