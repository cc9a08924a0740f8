package replay

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
)

const commitsTopic = "projects/p/topics/commits"

// startPubSub starts a Pub/Sub in this process, and returns what connects to it.
func startPubSub(t *testing.T, opts ...pstest.ServerReactorOption) (*pstest.Server, func() []option.ClientOption) {
	t.Helper()
	s := pstest.NewServer(opts...)
	t.Cleanup(func() { s.Close() })
	return s, func() []option.ClientOption {
		conn, err := grpc.NewClient(s.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return []option.ClientOption{option.WithGRPCConn(conn)}
	}
}

func TestPubSub(t *testing.T) {
	server, connect := startPubSub(t)
	lines := commits(5000)
	config := PubSubConfig{Topic: commitsTopic, Client: connect()}
	if _, err := OpenPubSub(t.Context(), config); err == nil || !strings.Contains(err.Error(), "there is no topic "+commitsTopic) {
		t.Errorf("got %v", err)
	}
	config.Create, config.Client = true, connect()
	s, err := OpenPubSub(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), Config{Files: []string{write(t, "a.ndjson", lines...)}}, s, &Progress{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	var got []string
	for _, m := range server.Messages() {
		got = append(got, string(m.Data))
	}
	slices.Sort(got)
	slices.Sort(lines)
	if !slices.Equal(got, lines) {
		t.Errorf("%d messages, want %d", len(got), len(lines))
	}
}

func TestPubSubInterrupted(t *testing.T) {
	server, connect := startPubSub(t)
	s, err := OpenPubSub(t.Context(), PubSubConfig{Topic: commitsTopic, Create: true, Client: connect()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	sink := &interrupting{Sink: s, cancel: cancel, after: 700}
	if err := Run(ctx, Config{Files: []string{write(t, "a.ndjson", commits(1000)...)}}, sink, &Progress{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if n := len(server.Messages()); n != 700 {
		t.Errorf("%d messages arrived, want 700", n)
	}
}

func TestPubSubDenied(t *testing.T) {
	_, connect := startPubSub(t, pstest.WithErrorInjection("Publish", codes.PermissionDenied, "not you"))
	s, err := OpenPubSub(t.Context(), PubSubConfig{Topic: commitsTopic, Create: true, Client: connect()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = Run(t.Context(), Config{Files: []string{write(t, "a.ndjson", commits(10)...)}}, s, &Progress{})
	if err == nil || !strings.Contains(err.Error(), "publishing to topic "+commitsTopic) || strings.Count(err.Error(), "not you") != 1 {
		t.Errorf("got %v", err)
	}
}

func TestPubSubOutOfReach(t *testing.T) {
	server, connect := startPubSub(t)
	server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // in place of answerTimeout
	defer cancel()
	_, err := OpenPubSub(ctx, PubSubConfig{Topic: commitsTopic, Client: connect()})
	t.Log(err)
	if err == nil || !strings.Contains(err.Error(), "for topic "+commitsTopic+": it does not answer") {
		t.Errorf("got %v", err)
	}
	if err := (PubSubConfig{Topic: "commits"}).Validate(); err == nil {
		t.Error("commits is no topic")
	}
}
