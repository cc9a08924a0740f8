//go:build real

package pubsub

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"crest/datatest"
	"crest/realtest"
)

// TestEmulator plays the commits through Google's emulator and prism, and holds
// what was counted against the file.
func TestEmulator(t *testing.T) {
	t.Setenv(emulatorVariable, realtest.PubSub(t))
	ctx := context.Background()
	topics, err := pubsub.NewTopicAdminClient(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer topics.Close()
	subs, err := pubsub.NewSubscriptionAdminClient(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer subs.Close()
	if _, err := topics.CreateTopic(ctx, &pubsubpb.Topic{Name: topicName}); err != nil {
		t.Fatal(err)
	}
	if _, err := subs.CreateSubscription(ctx, &pubsubpb.Subscription{Name: subName, Topic: topicName, AckDeadlineSeconds: 10}); err != nil {
		t.Fatal(err)
	}
	cfg := config(t)
	if err := Check(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	start(t, cfg)
	want, n := make(map[string]int), int64(0)
	read := func() (records int64) {
		ofJob(cfg.ID, func(got *tally) { records = got.records })
		return records
	}
	var messages []*pubsubpb.PubsubMessage
	flush := func() {
		// The emulator sends at once what comes, and a backlog slowly.
		await(t, "it is read as it comes", func() bool { return read() > n-10_000 })
		if _, err := topics.Publish(ctx, &pubsubpb.PublishRequest{Topic: topicName, Messages: messages}); err != nil {
			t.Fatal(err)
		}
		messages = nil
	}
	datatest.Lines(t, datatest.Commits, func(line []byte) {
		var event struct{ Item string }
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		want[event.Item]++
		n++
		messages = append(messages, &pubsubpb.PubsubMessage{Data: append([]byte(nil), line...)})
		if len(messages) == 1000 {
			flush()
		}
	})
	flush()
	await(t, "all are read", func() bool { return read() >= n })
	t.Logf("%d events published and read within %v", n, time.Since(begin))
	s := subscriberOf(t, cfg)
	await(t, "all are acknowledged", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.ledger.leases) == 0
	})
	//nolint:staticcheck // Waiting for messages is no way to see that there are none.
	if res, err := subs.Pull(ctx, &pubsubpb.PullRequest{Subscription: subName, MaxMessages: 10, ReturnImmediately: true}); err != nil || len(res.ReceivedMessages) > 0 {
		t.Errorf("%d messages are left: %v", len(res.GetReceivedMessages()), err)
	}
	ofJob(cfg.ID, func(got *tally) {
		if got.records != n || len(got.ids) != int(n) || len(got.rejects) > 0 {
			t.Errorf("%d records of %d messages, want %d; rejects %v", got.records, len(got.ids), n, got.rejects)
		}
		for item, c := range want {
			if got.items[item] != c {
				t.Errorf("%s: %d, want %d", item, got.items[item], c)
			}
		}
		if len(got.items) != len(want) {
			t.Errorf("%d items, want %d", len(got.items), len(want))
		}
	})
}
