package kafka

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"crest/sources/format"
	"crest/sources/watermark"
)

// Config says what is read and how. It travels to the workers as JSON, so it
// holds no secrets: only where they are.
type Config struct {
	// Brokers are addresses, HOST:PORT, of which one must answer.
	Brokers []string
	Topic   string
	// Start is where each partition is read from; the zero Position is the
	// earliest offset.
	Start Position
	// End is where reading ends. The zero Position is never; any other makes the
	// source bounded.
	End Position

	// Fields names the fields of an event.
	Fields format.Options
	// Payload says what a record's value is; format.JSON where it is empty.
	Payload format.Payload
	// Schema is the Avro schema, as JSON text, of values that carry none; not
	// needed with a Registry.
	Schema string
	// Registry says where the Avro schemas are whose IDs the values carry.
	Registry Registry
	// Pane is what the windows of the pipeline are multiples of. A pre-aggregated
	// batch must lie within one; 0 takes any.
	Pane time.Duration

	Security Security
	// ReadUncommitted also reads records of transactions that are open or were
	// aborted.
	ReadUncommitted bool
	// OnExpired says what happens when the broker has deleted offsets that were to
	// be read; Fail where it is empty.
	OnExpired OnExpired
	// Discover is how often new partitions are looked for, which are read from
	// their earliest offset; DefaultDiscover where it is 0. A bounded source reads
	// the partitions that there are when it starts.
	Discover time.Duration

	// ID tells this run of this source from any other in the process.
	ID string
	// Local says that all partitions are read in this process, as on prism.
	Local bool
	// Watermark says how event time runs. It is not used by a bounded source.
	Watermark watermark.Config
	// Workers is how many goroutines decode in a process: the number of CPUs
	// where Local, else 1 (the default).
	Workers int
	// BundleRecords and BundleTime are when a bundle of an unbounded source ends,
	// whichever comes first; DefaultBundleRecords and DefaultBundleTime where
	// they are 0.
	BundleRecords int64
	BundleTime    time.Duration
	// Buffer is how many bytes wait in a process, at most about, between the
	// brokers and the bundles; DefaultBuffer where it is 0. Each partition has an
	// equal share.
	Buffer int64
}

// The defaults of Config.
const (
	DefaultDiscover      = time.Minute
	DefaultBundleRecords = 100_000
	DefaultBundleTime    = 500 * time.Millisecond
	DefaultBuffer        = 128 << 20
)

// OnExpired says what to do about offsets that have expired.
type OnExpired string

// What to do about expired offsets.
const (
	// Fail fails the job, saying what was asked for and what there is.
	Fail OnExpired = "fail"
	// Earliest goes on at the earliest offset that there is. What is missing is a
	// reject that stands for as many records as there are offsets.
	Earliest OnExpired = "earliest"
)

// ParseOnExpired reads fail or earliest.
func ParseOnExpired(s string) (OnExpired, error) {
	switch o := OnExpired(s); o {
	case Fail, Earliest:
		return o, nil
	}
	return "", fmt.Errorf("%q is not what to do about expired offsets: %s or %s", s, Fail, Earliest)
}

// Bounded says whether reading ends.
func (c *Config) Bounded() bool { return c.End.Kind != "" && c.End.Kind != Never }

// withDefaults returns the Config with its zero values replaced.
func (c Config) withDefaults() Config {
	if c.Payload == "" {
		c.Payload = format.JSON
	}
	if c.OnExpired == "" {
		c.OnExpired = Fail
	}
	if c.Discover == 0 {
		c.Discover = DefaultDiscover
	}
	if c.BundleRecords == 0 {
		c.BundleRecords = DefaultBundleRecords
	}
	if c.BundleTime == 0 {
		c.BundleTime = DefaultBundleTime
	}
	if c.Buffer == 0 {
		c.Buffer = DefaultBuffer
	}
	c.Workers = max(c.Workers, 1)
	return c
}

// validate says everything that is wrong with a Config and can be told without
// asking anybody.
func (c *Config) validate() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("no brokers: HOST:PORT of at least one"))
	}
	for _, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("broker %q is not HOST:PORT", b))
		}
	}
	if c.Topic == "" {
		errs = append(errs, errors.New("no topic"))
	}
	if c.Start.Kind == Never {
		errs = append(errs, errors.New("the start cannot be never"))
	}
	if c.End.Kind == EarliestOffset {
		errs = append(errs, errors.New("the end cannot be the earliest offset"))
	}
	if c.End.Kind == AtTime && time.UnixMilli(c.End.Time).After(time.Now()) {
		errs = append(errs, fmt.Errorf("the end %v is in the future: read until %s, or without an end", c.End, LatestOffset))
	}
	if c.BundleRecords < 0 || c.BundleTime < 0 || c.Buffer < 0 || c.Discover < 0 {
		errs = append(errs, errors.New("a limit is negative"))
	}
	if c.Registry.URL != "" {
		if u, err := url.Parse(c.Registry.URL); err != nil || u.Scheme == "" || u.Host == "" {
			errs = append(errs, errors.New("the schema registry is not a URL: http://HOST:PORT"))
		} else if u.User != nil {
			errs = append(errs, errors.New("the schema registry's URL has credentials: name the user, and the file or variable of the password"))
		}
	}
	_, err := c.newDecoder()
	return errors.Join(append(errs, err, c.Security.validate())...)
}
