package pubsub

import (
	"context"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc"
)

const (
	// streams is how many are open at once: Pub/Sub sends about 10 MB/s on each.
	streams = 4
	// streamLife is how long a stream is used: one that died unnoticed is missed
	// for no longer.
	streamLife = 15 * time.Minute
	// pingEvery is how often something is sent on a stream, to find out sooner.
	pingEvery = 30 * time.Second
	// maxResponse is the longest response, in bytes.
	maxResponse = 20 << 20
	// lastWords is how long a stream is given to end, with what is on its way.
	lastWords = 2 * time.Second
	// quiet is how long nothing came where there is nothing.
	quiet = time.Second
)

// streamState is what the streams tell of the subscription.
type streamState struct {
	open    int
	changed time.Time // when a message came, or a stream opened or broke
}

// read receives messages on one stream after another, until no more are wanted.
func (s *subscriber) read(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.halted:
			_ = gax.Sleep(ctx, lastWords)
			cancel()
		case <-ctx.Done():
		}
	}()
	pause := backoff()
	for {
		received, err := s.readStream(ctx)
		if received {
			pause = backoff()
		}
		wait := time.NewTimer(pause.Pause())
		select {
		case <-s.halted:
			wait.Stop()
			return
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		if err != nil && permanent(err) {
			s.fail(err)
			return
		}
	}
}

// readStream opens a stream and receives on it until it breaks, and says whether
// anything came.
func (s *subscriber) readStream(ctx context.Context) (received bool, err error) {
	ctx, cancel := context.WithTimeout(routed(ctx, s.cfg.Subscription), streamLife)
	defer cancel()
	stream, err := s.client.StreamingPull(ctx, once, gax.WithGRPCOptions(grpc.MaxCallRecvMsgSize(maxResponse)))
	if err != nil {
		return false, err
	}
	err = stream.Send(&pubsubpb.StreamingPullRequest{
		Subscription:             s.cfg.Subscription,
		StreamAckDeadlineSeconds: int32(s.cfg.Lease / time.Second),
		MaxOutstandingMessages:   int64(max(s.cfg.MaxMessages/streams, 1)),
		MaxOutstandingBytes:      max(s.cfg.MaxBytes/streams, 1),
	})
	if err != nil {
		_, err = stream.Recv() // says why
		return false, err
	}
	s.opened(1)
	defer s.opened(-1)
	go s.ping(ctx, stream)
	for {
		s.room()
		res, err := stream.Recv()
		if err != nil {
			return received, err
		}
		received = received || len(res.ReceivedMessages) > 0
		s.receive(res.ReceivedMessages)
	}
}

// ping sends on a stream from time to time, and ends it when no more messages are
// wanted.
func (s *subscriber) ping(ctx context.Context, stream pubsubpb.Subscriber_StreamingPullClient) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.halted:
			_ = stream.CloseSend() // the server ends it, behind what it has sent
			return
		case <-tick.C:
			if stream.Send(&pubsubpb.StreamingPullRequest{}) != nil {
				return // receiving says why
			}
		}
	}
}

func (s *subscriber) opened(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream.open += n
	s.stream.changed = time.Now()
}

// room waits until there is room for messages, or no more are wanted.
func (s *subscriber) room() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.over && s.ledger.full() {
		s.wake.Wait()
	}
}

// ended says whether there is nothing to read in the subscription, as far as can
// be told: all streams are open, and for a while nothing came.
func (s *subscriber) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.open == streams && len(s.queue)+len(s.ready)+s.busy == 0 && time.Since(s.stream.changed) > quiet
}
