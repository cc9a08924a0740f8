package replay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// broker starts a Kafka in this process, with topic events of 4 partitions.
func broker(t *testing.T) (*kfake.Cluster, []string) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, c.ListenAddrs()
}

// consume reads n records of the topic as a reader of what is committed, in the
// order of each partition.
func consume(t *testing.T, brokers []string, topic string, n int) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var records []*kgo.Record
	for len(records) < n {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("after %d of %d records: %v", len(records), n, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// check holds records against the lines that were played: all of them once, and
// those of a key in one partition, in order.
func check(t *testing.T, records []*kgo.Record, lines []string) {
	t.Helper()
	key := newField("item")
	want, got := make(map[string][]string), make(map[string][]string)
	for _, line := range lines {
		k := string(key.text([]byte(line)))
		want[k] = append(want[k], line)
	}
	partition := make(map[string]int32)
	for _, r := range records {
		k := string(r.Key)
		if p, ok := partition[k]; ok && p != r.Partition {
			t.Errorf("key %q is in partitions %d and %d", k, p, r.Partition)
		}
		partition[k] = r.Partition
		got[k] = append(got[k], string(r.Value))
	}
	if len(records) != len(lines) || len(got) != len(want) {
		t.Errorf("%d records of %d keys, want %d of %d", len(records), len(got), len(lines), len(want))
	}
	for k := range want {
		if !slices.Equal(got[k], want[k]) {
			t.Errorf("key %q has other records, or in another order", k)
		}
	}
}

func openKafka(t *testing.T, c KafkaConfig) *Kafka {
	t.Helper()
	k, err := OpenKafka(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func TestKafka(t *testing.T) {
	_, brokers := broker(t)
	lines := commits(20_000)
	var p Progress
	err := Run(t.Context(), Config{Files: []string{write(t, "a.ndjson", lines...)}, KeyField: "item"},
		openKafka(t, KafkaConfig{Brokers: brokers, Topic: "events"}), &p)
	if err != nil {
		t.Fatal(err)
	}
	check(t, consume(t, brokers, "events", len(lines)), lines)
}

func TestKafkaTransactions(t *testing.T) {
	_, brokers := broker(t)
	lines := commits(5_050)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k := openKafka(t, KafkaConfig{Brokers: brokers, Topic: "events", Transaction: 100, Abort: 0.4, Seed: seed})
	if err := Run(t.Context(), Config{Files: []string{write(t, "a.ndjson", lines...)}, KeyField: "item"}, k, &Progress{}); err != nil {
		t.Fatal(err)
	}
	committed, aborted := k.Transactions()
	if committed != 51 || aborted == 0 {
		t.Errorf("%d transactions committed, %d aborted first", committed, aborted)
	}
	check(t, consume(t, brokers, "events", len(lines)), lines)
	if ends := ends(t, brokers, "events"); ends <= int64(len(lines))+committed {
		t.Errorf("the topic ends at %d: nothing of the aborted transactions is in it", ends)
	}
}

// ends sums up where the topic's partitions end.
func ends(t *testing.T, brokers []string, topic string) (sum int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	offsets, err := kadm.NewClient(client).ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	offsets.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	return sum
}

// A wait ends the transaction that is open: its readers would wait as well.
func TestKafkaPause(t *testing.T) {
	_, brokers := broker(t)
	k := openKafka(t, KafkaConfig{Brokers: brokers, Topic: "events", Transaction: 100})
	line := commits(1)[0]
	if err := errors.Join(k.Send(t.Context(), []byte("item-0"), []byte(line)), k.Pause(t.Context(), time.Minute)); err != nil {
		t.Fatal(err)
	}
	check(t, consume(t, brokers, "events", 1), []string{line})
}

// What was sent arrives when a replay is interrupted, in a transaction or not.
func TestKafkaInterrupted(t *testing.T) {
	for _, transaction := range []int{0, 1000} {
		t.Run(fmt.Sprint(transaction), func(t *testing.T) {
			_, brokers := broker(t)
			lines := commits(3000)
			k := openKafka(t, KafkaConfig{Brokers: brokers, Topic: "events", Transaction: transaction})
			ctx, cancel := context.WithCancel(t.Context())
			var p Progress
			sink := &interrupting{Sink: k, cancel: cancel, after: 1500}
			err := Run(ctx, Config{Files: []string{write(t, "a.ndjson", lines...)}, KeyField: "item"}, sink, &p)
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			if p.Records() != 1500 {
				t.Errorf("%d events were sent", p.Records())
			}
			check(t, consume(t, brokers, "events", 1500), lines[:1500])
		})
	}
}

// interrupting is a sink that calls cancel after so many events.
type interrupting struct {
	Sink
	cancel func()
	after  int
}

func (s *interrupting) Send(ctx context.Context, key, value []byte) error {
	err := s.Sink.Send(ctx, key, value)
	if s.after--; s.after == 0 {
		s.cancel()
	}
	return err
}

func TestKafkaTopic(t *testing.T) {
	_, brokers := broker(t)
	_, err := OpenKafka(t.Context(), KafkaConfig{Brokers: brokers, Topic: "none"})
	if err == nil || !strings.Contains(err.Error(), "there is no topic none at "+brokers[0]) {
		t.Errorf("got %v", err)
	}
	for range 2 { // the second time it is there
		openKafka(t, KafkaConfig{Brokers: brokers, Topic: "none", Create: true, Partitions: 7})
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(t.Context(), "none")
	if n := len(topics["none"].Partitions); err != nil || n != 7 {
		t.Errorf("%d partitions, %v", n, err)
	}
}

func TestKafkaOutOfReach(t *testing.T) {
	c, brokers := broker(t)
	c.Close()
	started := time.Now()
	_, err := OpenKafka(t.Context(), KafkaConfig{Brokers: brokers, Topic: "events"})
	t.Log(err, time.Since(started))
	if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), "asking "+brokers[0]) {
		t.Errorf("got %v", err)
	}
}

// A broker that goes away and stays away is an error, also for events that wait
// for its answer.
func TestKafkaGoesAway(t *testing.T) {
	c, brokers := broker(t)
	// By default the client may wait longer than that before it connects again.
	again := kgo.MetadataMinAge(100 * time.Millisecond)
	k := openKafka(t, KafkaConfig{Brokers: brokers, Topic: "events", patience: 2 * time.Second, Client: []kgo.Opt{again}})
	sink := &interrupting{Sink: k, cancel: c.Close, after: 100}
	err := Run(t.Context(), Config{Files: []string{write(t, "a.ndjson", commits(1000)...)}, KeyField: "item"}, sink, &Progress{})
	t.Log(err)
	if err == nil || !strings.Contains(err.Error(), "acknowledged nothing for 2s") || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}

func TestKafkaConfig(t *testing.T) {
	err := KafkaConfig{Partitions: -1, Abort: 2, Transaction: -1}.Validate()
	for _, want := range []string{"no broker", "no topic", "partitions", "share", "transaction"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not tell of %q", err, want)
		}
	}
}
