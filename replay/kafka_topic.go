package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// findTopic finds the topic, or creates it where that was asked for.
func (k *Kafka) findTopic(ctx context.Context) error {
	admin := kadm.NewClient(k.client)
	topics, err := admin.ListTopics(ctx, k.config.Topic)
	if err != nil {
		return k.connect.explain(fmt.Errorf("asking %s for topic %s: %w", k.brokers(), k.config.Topic, err))
	}
	switch err := topics[k.config.Topic].Err; {
	case err == nil:
		return nil
	case !errors.Is(err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("asking %s for topic %s: %w", k.brokers(), k.config.Topic, err)
	case !k.config.Create:
		return fmt.Errorf("there is no topic %s at %s: create it, name another, or ask for it to be created (--create_topic, --partitions)",
			k.config.Topic, k.brokers())
	}
	partitions := int32(k.config.Partitions)
	if partitions == 0 {
		partitions = -1 // the brokers' default
	}
	if _, err := admin.CreateTopic(ctx, partitions, -1, nil, k.config.Topic); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("creating topic %s at %s: %w", k.config.Topic, k.brokers(), err)
	}
	return nil
}

// A connectHook remembers why a broker could not be connected to: the client
// tries again, and in the end tells only that time is over.
type connectHook struct {
	mu  sync.Mutex
	err error
}

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (h *connectHook) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// explain adds why the last connection was not made, if so, and what it means
// when one was cut.
func (h *connectHook) explain(err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the broker closed the connection; are TLS, SASL, user and password what it asks for?", err)
	}
	if h.err == nil || errors.Is(err, h.err) {
		return err
	}
	return fmt.Errorf("%w (the last connection: %w)", err, h.err)
}
