package pubsub

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A reactor answers calls in the server's place, or leaves them to it.
type reactor func(request any) (handled bool, err error)

func (f reactor) React(request any) (handled bool, answer any, err error) {
	handled, err = f(request)
	return handled, nil, err
}

// TestCap holds the messages that are leased to the most that may be.
func TestCap(t *testing.T) {
	srv, cfg := server(t), config(t)
	cfg.MaxMessages = 10
	publish(srv, 0, 60)
	r := newRunner(t, cfg)
	s := subscriberOf(t, cfg)
	most := 0
	held := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		most = max(most, len(s.ledger.leases))
		return len(s.ledger.leases)
	}
	await(t, "it is full", func() bool { return held() >= cfg.MaxMessages })
	r.until("all are acknowledged", func() bool { held(); return acked(srv) == 60 })
	r.once(60)
	if most >= cfg.MaxMessages+streams { // one came on each other stream before it was known
		t.Errorf("%d messages were held, of %d", most, cfg.MaxMessages)
	}
}

// TestOutage cuts the connections again and again, once for a while.
func TestOutage(t *testing.T) {
	srv, cfg := server(t), config(t)
	cfg.Lease = 2 * time.Second
	p := behindProxy(t, srv)
	r := newRunner(t, cfg)
	const n = 60
	for i := range 6 {
		publish(srv, i*n/6, (i+1)*n/6)
		r.until("some are counted", func() bool { return len(r.got.ids) > i*n/6 })
		if i != 3 {
			p.cut(false)
			continue
		}
		p.cut(true)
		refused := p.refused.Load()
		r.until("it is tried again", func() bool { return p.refused.Load() > refused })
		p.cut(false)
	}
	r.until("all are acknowledged", func() bool { return acked(srv) == n })
	r.once(n)
}

// TestAcknowledgementsFail has the server refuse acknowledgements at first, as it
// does in general and as it does with exactly-once delivery.
func TestAcknowledgementsFail(t *testing.T) {
	var mu sync.Mutex
	calls := 0
	refuse := reactor(func(request any) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		ids := request.(*pubsubpb.AcknowledgeRequest).AckIds
		switch {
		case calls <= 2:
			return true, status.Error(codes.Unavailable, "not now")
		case calls <= 4:
			s, err := status.New(codes.FailedPrecondition, "some failed").WithDetails(&errdetails.ErrorInfo{Metadata: map[string]string{
				ids[0]:          "PERMANENT_FAILURE_INVALID_ACK_ID",
				ids[len(ids)-1]: "TRANSIENT_FAILURE_UNORDERED_ACK_ID",
			}})
			if err != nil {
				panic(err)
			}
			return true, s.Err()
		}
		return false, nil
	})
	srv, cfg := server(t, pstest.ServerReactorOption{FuncName: "Acknowledge", Reactor: refuse}), config(t)
	publish(srv, 0, 20)
	r := newRunner(t, cfg)
	r.until("all are counted", func() bool { return len(r.got.ids) == 20 })
	// The server says that it acknowledged what it did not complain of. So of
	// those it acknowledged only what it was asked for again.
	r.until("leases are given up", func() bool {
		mu.Lock()
		defer mu.Unlock()
		s := subscriberOf(t, cfg)
		s.mu.Lock()
		defer s.mu.Unlock()
		return calls > 4 && len(s.ledger.leases) == 0
	})
	r.once(20)
	publish(srv, 20, 30)
	before := acked(srv)
	r.until("others are acknowledged", func() bool { return acked(srv) >= before+10 })
	r.once(30)
}

// TestDeleted deletes the subscription while it is read: an error says so.
func TestDeleted(t *testing.T) {
	srv, cfg := server(t), config(t)
	p := behindProxy(t, srv)
	publish(srv, 0, 5)
	r := newRunner(t, cfg)
	r.until("all are acknowledged", func() bool { return acked(srv) == 5 })
	if _, err := srv.GServer.DeleteSubscription(context.Background(), &pubsubpb.DeleteSubscriptionRequest{Subscription: subName}); err != nil {
		t.Fatal(err)
	}
	p.cut(false)
	for range 2 { // who tries again is told again
		var err error
		await(t, "the bundle fails", func() bool { _, _, err = r.bundle(); return err != nil })
		for _, want := range []string{"reading pubsub:" + subName, p.Addr().String(), "NotFound", "create it"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in: %v", want, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	ctx := context.Background()
	denied := pstest.WithErrorInjection("GetSubscription", codes.PermissionDenied, "no")
	for _, c := range []struct {
		name   string
		change func(t *testing.T, cfg *Config, srv *pstest.Server)
		opts   []pstest.ServerReactorOption
		want   []string // in the error; none where there is to be none
	}{
		{name: "right"},
		{name: "may read, and not see", opts: []pstest.ServerReactorOption{denied}},
		{name: "missing", change: func(_ *testing.T, cfg *Config, _ *pstest.Server) { cfg.Subscription = "projects/p/subscriptions/x" },
			want: []string{"checking the subscription projects/p/subscriptions/x at the emulator at", "does not exist"}},
		{name: "no name", change: func(_ *testing.T, cfg *Config, _ *pstest.Server) {
			cfg.Subscription, cfg.Lease, cfg.Payload = "orders", time.Hour, "xml"
		}, want: []string{`"orders" is not a subscription: projects/PROJECT/subscriptions/NAME`, "a lease of 1h0m0s", "xml"}},
		{name: "unreachable", change: func(t *testing.T, _ *Config, srv *pstest.Server) {
			t.Setenv(emulatorVariable, "127.0.0.1:1")
		}, want: []string{"127.0.0.1:1", "connection refused", "can't be reached"}},
		{name: "push", change: func(t *testing.T, cfg *Config, srv *pstest.Server) {
			cfg.Subscription = "projects/p/subscriptions/push"
			if _, err := srv.GServer.CreateSubscription(ctx, &pubsubpb.Subscription{
				Name: cfg.Subscription, Topic: topicName, AckDeadlineSeconds: 10, PushConfig: &pubsubpb.PushConfig{PushEndpoint: "https://x"},
			}); err != nil {
				t.Fatal(err)
			}
		}, want: []string{"pushed elsewhere"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv, cfg := server(t, c.opts...), config(t)
			if c.change != nil {
				c.change(t, &cfg, srv)
			}
			ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			err := Check(ctx, cfg)
			if ctx.Err() != nil {
				t.Error("it took 30 seconds")
			}
			if (err == nil) != (len(c.want) == 0) {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}
