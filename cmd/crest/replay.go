package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"crest/cli"
	"crest/replay"
	"crest/sources/kafka"
)

var replayCommand = command{
	name:    "replay",
	summary: "plays files of events into Kafka, Pub/Sub or standard output, as they happened",
	usage: `  crest replay events.ndjson.gz --to=kafka --brokers=localhost:9092 --topic=events --partitions=4
  crest replay events.ndjson.gz --to=pubsub --topic=projects/p/topics/events --speed=60 --retime
  crest replay events.ndjson.gz --to=stdout --speed=1

The files are newline-delimited JSON (.gz, .zst and .bz2 are decompressed), played one after another, each line as it is.
`,
	groups: []cli.Group{
		{Title: "Where events go", Flags: []string{"to", "brokers", "topic", "create_topic", "partitions"}},
		{Title: "How to connect to Kafka", Flags: kafka.SecurityFlags},
		{Title: "What an event says (dotted paths)", Flags: []string{"time_field", "key_field"}},
		{Title: "How fast, and how much", Flags: []string{"speed", "retime", "limit", "loop"}},
		{Title: "Transactions of Kafka, to test what reads them", Flags: []string{"transactions", "abort", "seed"}},
	},
	new: func(fs *flag.FlagSet) action { return newReplay(fs) },
}

// replayAction has the flags, as they were given, and what they come to.
type replayAction struct {
	To, Topic           string
	Brokers             cli.List
	Create              bool
	Partitions          int
	TimeField, KeyField string
	Speed               string
	Retime, Loop        bool
	Limit               int64
	Transactions        int
	Abort               string
	Seed                uint64
	Security            kafka.Security

	play   replay.Config
	kafka  replay.KafkaConfig
	pubsub replay.PubSubConfig
}

func newReplay(fs *flag.FlagSet) *replayAction {
	o := &replayAction{}
	fs.StringVar(&o.To, "to", "", "`where` events go: kafka, pubsub or stdout (required)")
	fs.Var(&o.Brokers, "brokers", "`host:port` of brokers of Kafka, comma-separated")
	fs.StringVar(&o.Topic, "topic", "", "`name` of the topic; of Pub/Sub projects/P/topics/T. PUBSUB_EMULATOR_HOST names an emulator")
	fs.BoolVar(&o.Create, "create_topic", false, "create the topic where it is missing")
	fs.IntVar(&o.Partitions, "partitions", 0, "create a missing topic of Kafka, with that `number` of partitions")
	o.Security.Register(fs)
	fs.StringVar(&o.TimeField, "time_field", "time", "`field` of the event time: RFC 3339, or epoch seconds to nanoseconds")
	fs.StringVar(&o.KeyField, "key_field", "item", "`field` that becomes the record's key in Kafka, and so chooses the partition; empty for none")
	fs.StringVar(&o.Speed, "speed", "max", "`times` as fast as the events happened: 1 is true speed, max is as fast as it goes. Events that are out of order are sent at once")
	fs.BoolVar(&o.Retime, "retime", false, "move the event times so that the first event happens now; with a speed N they lie N times closer together, and keep pace with the clock")
	fs.Int64Var(&o.Limit, "limit", 0, "end after that `number` of events (0: no limit)")
	fs.BoolVar(&o.Loop, "loop", false, "play the files again and again")
	fs.IntVar(&o.Transactions, "transactions", 0, "send that `number` of events in each transaction; before a wait, and after ten seconds, it ends early (0: no transactions)")
	fs.StringVar(&o.Abort, "abort", "0%", "`share` of the transactions that are aborted, and sent again")
	fs.Uint64Var(&o.Seed, "seed", 1, "`number` from which follows which transactions are aborted")
	return o
}

func (o *replayAction) plan(_ *Main, files []string) error {
	speed, wrongSpeed := parseSpeed(o.Speed)
	abort, wrongAbort := cli.ParseShare(o.Abort)
	errs := []error{cli.Prefix("speed", wrongSpeed), cli.Prefix("abort", wrongAbort)}
	o.play = replay.Config{Files: files, TimeField: o.TimeField, KeyField: o.KeyField, Speed: speed, Retime: o.Retime, Limit: o.Limit, Loop: o.Loop}
	errs = append(errs, o.play.Validate())
	switch o.To {
	case "kafka":
		o.kafka = replay.KafkaConfig{Brokers: o.Brokers, Topic: o.Topic, Create: o.Create || o.Partitions > 0, Partitions: o.Partitions,
			Transaction: o.Transactions, Abort: abort, Seed: o.Seed}
		errs = append(errs, o.kafka.Validate(), o.Security.Validate())
	case "pubsub":
		o.pubsub = replay.PubSubConfig{Topic: o.Topic, Create: o.Create}
		errs = append(errs, o.pubsub.Validate(), o.onlyKafka())
	case "stdout":
		errs = append(errs, o.onlyKafka())
		if o.Topic != "" || o.Create {
			errs = append(errs, errors.New("--topic and --create_topic: standard output has no topics"))
		}
	default:
		errs = append(errs, fmt.Errorf("--to: %q is nowhere to go: kafka, pubsub or stdout", o.To))
	}
	return errors.Join(errs...)
}

// parseSpeed reads a speed: a number above 0, or max, which is 0.
func parseSpeed(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 1e-6 && v <= 1e9) {
		return 0, fmt.Errorf("%q is not a speed: 1 is true speed, N is N times as fast, max is as fast as it goes", s)
	}
	return v, nil
}

// onlyKafka says which flags were given that only Kafka has a use for.
func (o *replayAction) onlyKafka() error {
	var given []string
	for name, set := range map[string]bool{"--brokers": len(o.Brokers) > 0, "--partitions": o.Partitions != 0, "--transactions": o.Transactions != 0,
		"--tls": o.Security.TLS, "--sasl": o.Security.Mechanism != ""} {
		if set {
			given = append(given, name)
		}
	}
	if len(given) == 0 {
		return nil
	}
	slices.Sort(given)
	return fmt.Errorf("%s: only --to=kafka has a use for it", strings.Join(given, ", "))
}

// run plays the files.
func (o *replayAction) run(ctx context.Context, m *Main) error {
	sink, err := o.open(ctx, m)
	if err != nil {
		return err
	}
	var p replay.Progress
	show := startProgress(m.Stderr, &p)
	started := time.Now()
	err = replay.Run(ctx, o.play, sink, &p)
	show.Stop()
	m.summary(&p, sink, time.Since(started))
	if closed := sink.Close(); err == nil {
		err = closed
	}
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("interrupted: %w", err)
	}
	return err
}

func (o *replayAction) open(ctx context.Context, m *Main) (replay.Sink, error) {
	switch o.To {
	case "kafka":
		var err error
		if o.kafka.Client, err = o.Security.Options(); err != nil {
			return nil, cli.UsageError{Err: err}
		}
		return replay.OpenKafka(ctx, o.kafka)
	case "pubsub":
		return replay.OpenPubSub(ctx, o.pubsub)
	}
	return replay.NewWriter(m.Stdout), nil
}

// summary says what was played.
func (m *Main) summary(p *replay.Progress, sink replay.Sink, took time.Duration) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s events sent, %s, in %v (%s)", humanize.Comma(p.Records()), humanize.IBytes(uint64(p.Bytes())),
		took.Round(10*time.Millisecond), humanize.SIWithDigits(float64(p.Records())/max(took.Seconds(), 1e-3), 1, "events/s"))
	if n := p.Untimed(); n > 0 {
		fmt.Fprintf(&b, ", %s of them without a time that can be read: sent at once, as they are", humanize.Comma(n))
	}
	if k, ok := sink.(*replay.Kafka); ok {
		if committed, aborted := k.Transactions(); committed > 0 {
			fmt.Fprintf(&b, "; %s transactions committed, %s of them aborted first", humanize.Comma(committed), humanize.Comma(aborted))
		}
	}
	io.WriteString(m.Stderr, b.String()+"\n")
}
