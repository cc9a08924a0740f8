package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// requestTimeout bounds a request for metadata or offsets, with its retries.
	requestTimeout = 10 * time.Second
	// checkTimeout bounds Check.
	checkTimeout = 25 * time.Second
	// maxBatch is how large a record batch may be when it is decompressed, in
	// bytes. A larger one is a reject.
	maxBatch = 256 << 20
)

// newClient returns a client that connects when it is used.
func newClient(cfg *Config) (*kgo.Client, error) {
	opts, err := cfg.Security.options()
	if err != nil {
		return nil, err
	}
	return kgo.NewClient(append(opts,
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.ClientID("crest"),
		kgo.DialTimeout(5*time.Second),
		kgo.RetryTimeout(requestTimeout),
		kgo.MaxDecompressBatchBytes(maxBatch),
		kgo.DisableClientMetrics(),
	)...)
}

// Check finds out, within 30 seconds, whether the topic can be read as the
// Config says: that the brokers answer, who we are is known and may read, the
// start and the end exist, and so does the schema registry. Its error says what
// was tried, and what would be right.
func Check(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("reading topic %s: %w", cfg.Topic, err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	client, err := newClient(&cfg)
	if err != nil {
		return fmt.Errorf("reading topic %s: %w", cfg.Topic, err)
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return cfg.explain("connecting", err)
	}
	parts, err := cfg.resolve(ctx, kadm.NewClient(client))
	if err != nil {
		return err
	}
	if err := cfg.mayRead(ctx, client, parts[0]); err != nil {
		return err
	}
	return cfg.Registry.check(ctx)
}

// mayRead fetches once: listing offsets needs less permission than reading.
func (c *Config) mayRead(ctx context.Context, client *kgo.Client, p Part) error {
	t, err := c.topic(ctx, kadm.NewClient(client))
	if err != nil {
		return err
	}
	req := newFetch(c, t.ID, 0)
	req.add(p.ID, p.Next, 1)
	resp, err := req.RequestWith(ctx, client.Broker(int(t.Partitions[p.ID].Leader)))
	if err != nil {
		return c.explain("fetching", err)
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			err := kerr.ErrorForCode(p.ErrorCode)
			if err != nil && !errors.Is(err, kerr.OffsetOutOfRange) && !kerr.IsRetriable(err) {
				return c.explain("fetching", err)
			}
		}
	}
	return nil
}

// topic returns what the brokers say of the topic.
func (c *Config) topic(ctx context.Context, admin *kadm.Client) (kadm.TopicDetail, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	m, err := admin.Metadata(ctx, c.Topic)
	if err != nil {
		return kadm.TopicDetail{}, c.explain("asking for its partitions", err)
	}
	t := m.Topics[c.Topic]
	if t.Err != nil {
		return t, c.explain("asking for its partitions", t.Err)
	}
	if len(t.Partitions) == 0 {
		return t, c.explain("asking for its partitions", kerr.UnknownTopicOrPartition)
	}
	return t, nil
}

// explain wraps an error with what was done, to what, and what would be right.
func (c *Config) explain(doing string, err error) error {
	return fmt.Errorf("reading topic %s from %s (%s): %s: %w%s", c.Topic, strings.Join(c.Brokers, ","), c.Security.how(), doing, err, c.advice(err))
}

// how says how connections are made.
func (s *Security) how() string {
	how := "plaintext"
	if s.TLS {
		how = "TLS"
	}
	switch {
	case s.Mechanism == OAuthBearer:
		how += fmt.Sprintf(", %s with the token in %v", s.Mechanism, s.Token)
	case s.Mechanism != "":
		how += fmt.Sprintf(", %s as %q with the password in %v", s.Mechanism, s.User, s.Password)
	}
	return how
}

// advice says what to do about an error; empty where the error says it.
func (c *Config) advice(err error) string {
	text := err.Error()
	has := func(s string) bool { return strings.Contains(text, s) }
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return ": check the topic's name, and that this user may describe it"
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return ": this user may not read it; grant READ and DESCRIBE on the topic"
	case errors.Is(err, kerr.SaslAuthenticationFailed), has("invalid credentials"), has("server-error"):
		return ": the broker refuses the user, the password or the token"
	case errors.Is(err, kerr.UnsupportedSaslMechanism), has("SASL mechanism"):
		return ": the broker offers other SASL mechanisms"
	case has("certificate"):
		return ": check the file of trusted certificates, the server name, and the client certificate"
	case has("first record does not look like a TLS handshake"):
		return ": this port does not speak TLS"
	case has("EOF"), has("connection reset"), has("invalid large response size"), has("broken pipe"), has("closed the connection"):
		switch {
		case c.Security.Mechanism != "":
			return ": the broker closed the connection; check the user, the password or the token, and whether this port wants TLS"
		case c.Security.TLS:
			return ": the broker closed the connection; check whether this port speaks TLS, and whether it wants SASL or a client certificate"
		}
		return ": the broker closed the connection; check whether this port wants TLS or SASL"
	case errors.Is(err, context.DeadlineExceeded), has("dial"), has("connection refused"), has("no such host"), has("broker"):
		if c.Security.TLS {
			return ": check the addresses, that the brokers run, and that this port speaks TLS"
		}
		return ": check the addresses, that the brokers run, and that the addresses they advertise can be reached from here"
	}
	return ""
}

// fetch is a request for records of the topic.
type fetch struct{ *kmsg.FetchRequest }

// newFetch returns a request that waits for data for at most the given time.
func newFetch(cfg *Config, topic kadm.TopicID, wait time.Duration) fetch {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis = int32(wait.Milliseconds())
	req.MinBytes = 1
	req.MaxBytes = maxFetch
	if !cfg.ReadUncommitted {
		req.IsolationLevel = 1
	}
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = cfg.Topic, topic
	req.Topics = []kmsg.FetchRequestTopic{t}
	return fetch{req}
}

// add asks for records of a partition from an offset on, about so many bytes.
func (f fetch) add(partition int32, offset int64, bytes int32) {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, offset, bytes
	f.Topics[0].Partitions = append(f.Topics[0].Partitions, p)
}
