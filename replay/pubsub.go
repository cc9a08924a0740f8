package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// PubSubConfig says where in Pub/Sub events go. PUBSUB_EMULATOR_HOST names an
// emulator.
type PubSubConfig struct {
	Topic  string // projects/P/topics/T
	Create bool   // creates the topic where it is missing
	Client []option.ClientOption
}

var topicName = regexp.MustCompile(`^projects/([^/]+)/topics/[^/]+$`)

// Validate reports what is wrong with a PubSubConfig.
func (c PubSubConfig) Validate() error {
	if !topicName.MatchString(c.Topic) {
		return fmt.Errorf("%q is not a topic of Pub/Sub: projects/PROJECT/topics/TOPIC", c.Topic)
	}
	return nil
}

// PubSub is a sink that publishes messages, without keys and attributes. Pub/Sub
// does not keep their order.
type PubSub struct {
	topic     string
	client    *pubsub.Client
	publisher *pubsub.Publisher
	results   chan result
	done      chan struct{}

	// alive ends, with its cause, when an event can't be delivered.
	alive context.Context
	fail  context.CancelCauseFunc
}

// A result is that of one message, or a mark behind all messages before.
type result struct {
	message *pubsub.PublishResult
	mark    chan struct{}
}

// OpenPubSub connects, and finds or creates the topic. What is wrong with any of
// it is told within 30 s.
func OpenPubSub(ctx context.Context, c PubSubConfig) (*PubSub, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	client, err := pubsub.NewClient(ctx, topicName.FindStringSubmatch(c.Topic)[1], c.Client...)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", service(), err)
	}
	asking, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := findPubSubTopic(asking, client, c); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	s := &PubSub{
		topic: c.Topic, client: client, publisher: client.Publisher(c.Topic), done: make(chan struct{}),
		// Half of what flow control allows: Send waits here, where it can be
		// interrupted, and not there.
		results: make(chan result, maxUnderWay/2),
	}
	s.publisher.PublishSettings.DelayThreshold = 10 * time.Millisecond
	s.publisher.PublishSettings.CountThreshold = pubsub.MaxPublishRequestCount
	s.publisher.PublishSettings.Timeout = patience
	s.publisher.PublishSettings.FlowControlSettings = pubsub.FlowControlSettings{
		MaxOutstandingMessages: maxUnderWay,
		MaxOutstandingBytes:    maxUnderWayBytes,
		LimitExceededBehavior:  pubsub.FlowControlBlock,
	}
	s.alive, s.fail = context.WithCancelCause(context.Background())
	go s.collect()
	return s, nil
}

func findPubSubTopic(ctx context.Context, client *pubsub.Client, c PubSubConfig) error {
	_, err := client.TopicAdminClient.GetTopic(ctx, &pubsubpb.GetTopicRequest{Topic: c.Topic})
	switch status.Code(err) {
	case codes.OK, codes.PermissionDenied: // who may publish need not be allowed to look
		return nil
	case codes.NotFound:
		if !c.Create {
			return fmt.Errorf("there is no topic %s: create it, name another, or ask for it to be created (--create_topic)", c.Topic)
		}
	default:
		if ctx.Err() != nil {
			err = fmt.Errorf("it does not answer: %w", err)
		}
		return fmt.Errorf("asking %s for topic %s: %w", service(), c.Topic, err)
	}
	_, err = client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: c.Topic})
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return fmt.Errorf("creating topic %s: %w", c.Topic, err)
	}
	return nil
}

// service is what is talked to, as a person knows it.
func service() string {
	if host := os.Getenv("PUBSUB_EMULATOR_HOST"); host != "" {
		return "the Pub/Sub emulator at " + host
	}
	return "Pub/Sub"
}

// Send publishes a message. It waits while too many are under way.
func (s *PubSub) Send(ctx context.Context, _, value []byte) error {
	if s.alive.Err() != nil {
		return context.Cause(s.alive)
	}
	// Not the caller's context: an event that was sent is delivered, even when
	// the replay is interrupted.
	message := s.publisher.Publish(s.alive, &pubsub.Message{Data: value})
	return s.enqueue(ctx, result{message: message})
}

func (s *PubSub) enqueue(ctx context.Context, r result) error {
	select {
	case s.results <- r:
		return nil
	case <-s.alive.Done():
		return context.Cause(s.alive)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// collect waits for the results in turn.
func (s *PubSub) collect() {
	defer close(s.done)
	for r := range s.results {
		if r.mark != nil {
			close(r.mark)
			continue
		}
		if _, err := r.message.Get(s.alive); err != nil && s.alive.Err() == nil {
			s.fail(fmt.Errorf("publishing to topic %s: %w", s.topic, err))
		}
	}
}

// Pause does nothing: what is sent is published after a few milliseconds.
func (s *PubSub) Pause(context.Context, time.Duration) error { return nil }

// Flush waits until all messages are published.
func (s *PubSub) Flush(ctx context.Context) error {
	mark := make(chan struct{})
	if err := s.enqueue(ctx, result{mark: mark}); err != nil {
		return err
	}
	select {
	case <-mark:
	case <-s.alive.Done():
	case <-ctx.Done():
		return fmt.Errorf("waiting for events to arrive in topic %s: %w", s.topic, ctx.Err())
	}
	if s.alive.Err() != nil {
		return context.Cause(s.alive)
	}
	return nil
}

// Close gives up what has not arrived.
func (s *PubSub) Close() error {
	s.fail(errors.New("the sink is closed"))
	close(s.results)
	<-s.done
	// The connection first: else Stop would try to publish what is left.
	err := s.client.Close()
	s.publisher.Stop()
	if err != nil {
		return fmt.Errorf("closing the connection to %s: %w", service(), err)
	}
	return nil
}
