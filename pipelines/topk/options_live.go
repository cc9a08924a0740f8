package main

import (
	"flag"
	"time"

	"crest/cli"
	"crest/sources/kafka"
)

// LiveOptions are the flags of sources that are message queues, and of what is
// counted while events still come.
type LiveOptions struct {
	Payload, AvroSchema, SchemaRegistry string

	Brokers, Topic, Start, End, OnExpired string
	Security                              kafka.Security

	Subscription, TimeAttribute string
	AckAfter                    time.Duration
	PubSubByDataflow            bool

	Lateness, Disorder, IdleAfter, Early string

	Archive, ArchiveFormat string
	ArchiveEvery           time.Duration
	From, To               string

	MetricsListen string
}

var liveGroups = []cli.Group{
	{Title: "Kafka and Pub/Sub: what a message holds", Flags: []string{"payload", "avro_schema", "schema_registry"}},
	{Title: "Kafka", Flags: append([]string{"brokers", "topic", "start", "end", "on_expired"}, kafka.SecurityFlags...)},
	{Title: "Pub/Sub", Flags: []string{"subscription", "time_attribute", "ack_after", "pubsub_by_dataflow"}},
	{Title: "Time, where events still come", Flags: []string{"lateness", "disorder", "idle_after", "early"}},
	{Title: "The archive of raw events", Flags: []string{"archive", "archive_format", "archive_every", "from", "to"}},
}

func (o *LiveOptions) register(fs *flag.FlagSet) {
	fs.StringVar(&o.Payload, "payload", "json", "`what` a message holds: json (one event), avro (one event), or batch (pre-aggregated)")
	fs.StringVar(&o.AvroSchema, "avro_schema", "", "`file` with the schema of avro messages that carry none")
	fs.StringVar(&o.SchemaRegistry, "schema_registry", "", "`URL` of the schema registry that avro messages name their schema in")

	fs.StringVar(&o.Brokers, "brokers", "", "`addresses` of brokers, HOST:PORT,…")
	fs.StringVar(&o.Topic, "topic", "", "the topic's `name`")
	fs.StringVar(&o.Start, "start", "earliest", "`where` to start: earliest, latest, a time (RFC 3339), or offsets as 0:123,1:456")
	fs.StringVar(&o.End, "end", "never", "`where` to end: never, latest, a time, or offsets; an end makes it a batch, and --path=exact possible")
	fs.StringVar(&o.OnExpired, "on_expired", "fail", "what to `do` where offsets have been deleted: fail, or go on at the earliest")
	o.Security.Register(fs)

	fs.StringVar(&o.Subscription, "subscription", "", "the `subscription`, as projects/P/subscriptions/S")
	fs.StringVar(&o.TimeAttribute, "time_attribute", "", "`attribute` of a message that holds its event time (default: --time_field, else when it was published)")
	fs.DurationVar(&o.AckAfter, "ack_after", 0, "`time` from a bundle's commit until its messages are acknowledged (default: at once on the local runner; on Flink 10s, which must outlast a checkpoint)")
	fs.BoolVar(&o.PubSubByDataflow, "pubsub_by_dataflow", false, "let Dataflow read the subscription itself")

	fs.StringVar(&o.Lateness, "lateness", "1h", "how `long` after its end a pane takes events; what comes later is counted as late")
	fs.StringVar(&o.Disorder, "disorder", "5s", "how `far` out of order events of one partition may be, before they are late")
	fs.StringVar(&o.IdleAfter, "idle_after", "1m", "`time` after which a partition without events holds the others back no longer")
	fs.StringVar(&o.Early, "early", "5s", "how `often` lists of panes that are still open are made; 0 is never")

	fs.StringVar(&o.Archive, "archive", "", "`prefix` that raw events are written to, by hour: a directory, or gs://…, hdfs://…, s3://…")
	fs.StringVar(&o.ArchiveFormat, "archive_format", "ndjson", "`format` of the archive: ndjson (with zstd) or parquet")
	fs.DurationVar(&o.ArchiveEvery, "archive_every", time.Minute, "`time` that events wait for a file: the longer, the fewer and larger")
	fs.StringVar(&o.From, "from", "", "with --source=archive, the first `hour` that is read (RFC 3339)")
	fs.StringVar(&o.To, "to", "", "with --source=archive, the `hour` that reading ends before (RFC 3339)")

	fs.StringVar(&o.MetricsListen, "metrics_listen", "", "`address` that Prometheus finds the metrics of this process at, as localhost:9464, and Go its profiles under /debug/pprof/")
}
