package pubsub

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"crest/sources/format"
	"crest/sources/watermark"
)

// The defaults of Config.
const (
	DefaultMaxMessages   = 100_000
	DefaultMaxBytes      = 256 << 20
	DefaultLease         = time.Minute
	DefaultRemember      = 10 * time.Minute
	DefaultRememberIDs   = 500_000
	DefaultBundleRecords = 100_000
	DefaultBundleTime    = 500 * time.Millisecond
)

// Config says what is read and how. It holds no secrets: credentials are those
// of the worker (Application Default Credentials). Where PUBSUB_EMULATOR_HOST is
// set on a worker, the emulator there is read, without credentials.
type Config struct {
	// ID is of this run of the job alone, such as its run's id: what a process
	// knows of the subscription is kept under it.
	ID string
	// Subscription is projects/PROJECT/subscriptions/NAME: a pull subscription,
	// which nobody else reads.
	Subscription string
	// Fields names the fields of a message's content.
	Fields format.Options
	// Payload is what a message holds.
	Payload format.Payload
	// TimeAttribute is the attribute that holds a message's event time, in any
	// form that format.ParseTime reads. Where it is set, the content's own time
	// does not count, and a message without the attribute happened when it was
	// published. Empty, the content's time counts, and where there is none the
	// time of publication.
	TimeAttribute string
	// Watermark says how event time runs. Messages come in no order, so Disorder
	// is how late they may be against those already read.
	Watermark watermark.Config

	// Local says that the runner runs all in this one process.
	Local bool
	// Dataflow has Dataflow itself read the subscription (Beam's pubsubio). Of
	// the other settings only Subscription, Fields, Payload and TimeAttribute
	// count then.
	Dataflow bool
	// Workers is how many goroutines decode: the number of CPUs where the runner
	// is local; 1 where it is 0.
	Workers int

	// AckAfter is how long after its bundle was committed a message is
	// acknowledged. 0 is right where a commit is for good. On Flink it is not
	// until a checkpoint is complete, and AckAfter must be so long that one is by
	// then, or that the job has failed: the interval between checkpoints and
	// twice their timeout. Throughput is at most MaxMessages in this time.
	AckAfter time.Duration
	// MaxMessages is how many messages this process holds that are not
	// acknowledged, and MaxBytes how much of them; a response of the server (10
	// MB at most) may come on top.
	MaxMessages int
	MaxBytes    int64
	// Lease is how long after this process has died the messages it held are
	// delivered again: 10 seconds to 10 minutes. While it lives it extends them.
	Lease time.Duration
	// Remember is how long the ids of messages are kept after they were counted,
	// and RememberIDs how many, to know those that are delivered once more. Ids
	// of messages that are not acknowledged are kept in any case.
	Remember    time.Duration
	RememberIDs int
	// BundleRecords and BundleTime bound what is read between two commits.
	BundleRecords int
	BundleTime    time.Duration
}

// orDefaults returns the Config with the defaults where a value is 0.
func (c Config) orDefaults() Config {
	orDefault(&c.Workers, 1)
	orDefault(&c.MaxMessages, DefaultMaxMessages)
	orDefault(&c.MaxBytes, DefaultMaxBytes)
	orDefault(&c.Lease, DefaultLease)
	orDefault(&c.Remember, DefaultRemember)
	orDefault(&c.RememberIDs, DefaultRememberIDs)
	orDefault(&c.BundleRecords, DefaultBundleRecords)
	orDefault(&c.BundleTime, DefaultBundleTime)
	if !c.Local {
		orDefault(&c.Watermark.Forget, time.Minute)
	}
	return c
}

func orDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

var subscriptionName = regexp.MustCompile(`^projects/[^/]+/subscriptions/[^/]+$`)

// Validate says everything that is wrong with the Config.
func (c Config) Validate() error {
	c = c.orDefaults()
	var wrong []error
	if !subscriptionName.MatchString(c.Subscription) {
		wrong = append(wrong, fmt.Errorf("%q is not a subscription: projects/PROJECT/subscriptions/NAME", c.Subscription))
	}
	if _, err := c.decoder(); err != nil {
		wrong = append(wrong, err)
	}
	if c.Lease < 10*time.Second || c.Lease > 10*time.Minute {
		wrong = append(wrong, fmt.Errorf("a lease of %v: Pub/Sub's are of 10s to 10m", c.Lease))
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"workers", int64(c.Workers)},
		{"messages held", int64(c.MaxMessages)},
		{"bytes held", c.MaxBytes},
		{"time to remember", int64(c.Remember)},
		{"ids remembered", int64(c.RememberIDs)},
		{"records of a bundle", int64(c.BundleRecords)},
		{"time of a bundle", int64(c.BundleTime)},
	} {
		if n.value < 0 {
			wrong = append(wrong, fmt.Errorf("the %s must be more than 0, not %d", n.name, n.value))
		}
	}
	if c.AckAfter < 0 {
		wrong = append(wrong, fmt.Errorf("messages are acknowledged after %v: it must not be negative", c.AckAfter))
	}
	return errors.Join(wrong...)
}

// noField is the name of a field that no content has.
const noField = "\x00"

// decoder makes the decoder of contents.
func (c Config) decoder() (format.Decoder, error) {
	if c.TimeAttribute != "" {
		c.Fields.Time = noField
	}
	return c.Payload.NewDecoder(c.Fields)
}

// source is the name of the subscription for people.
func (c Config) source() string { return "pubsub:" + c.Subscription }
