package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"crest/bench/stream"
	"crest/sources/format"
)

// A producer sends messages to the partitions of a topic in turn.
type producer struct {
	ctx    context.Context
	client *kgo.Client
	next   int32 // the partition of the next message

	mu  sync.Mutex
	err error // the first that sending met
}

func newProducer(ctx context.Context, addr, topic string) (*producer, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.Lz4Compression()), kgo.ProducerLinger(20*time.Millisecond), kgo.MaxBufferedRecords(100_000))
	if err != nil {
		return nil, err
	}
	return &producer{ctx: ctx, client: client}, nil
}

// send sends a message, which it keeps. It waits while too much is under way.
func (p *producer) send(partition int32, value []byte) {
	p.client.Produce(p.ctx, &kgo.Record{Partition: partition, Value: value}, func(_ *kgo.Record, err error) {
		if err != nil {
			p.fail(err)
		}
	})
}

func (p *producer) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
}

func (p *producer) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Write sends whole lines, a message each.
func (p *producer) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(bytes.Clone(lines)) {
		p.send(p.next, bytes.TrimSuffix(line, []byte("\n")))
		p.next = (p.next + 1) % partitions
	}
	return len(lines), p.failed()
}

// close waits until everything has been sent.
func (p *producer) close() error {
	err := p.client.Flush(p.ctx)
	p.client.Close()
	return errors.Join(p.failed(), err)
}

// writeEvents sends a stream, an event a message, and behind it one event in each
// partition that closes all windows of the stream.
func writeEvents(ctx context.Context, addr, topic string, events stream.Config) error {
	p, err := newProducer(ctx, addr, topic)
	if err != nil {
		return err
	}
	err = events.WriteEvents(p)
	for partition := range int32(partitions) {
		p.send(partition, fmt.Appendf(nil, `{"time":%q,"item":"closing","segment":"us"}`, closing(events).Format(time.RFC3339)))
	}
	return errors.Join(err, p.close())
}

// closing is an event time that closes all windows of a stream.
func closing(events stream.Config) time.Time { return events.Start.Add(events.Span + 2*window) }

// A batcher adds up the events that go to a partition, by second, and sends each
// second as a batch once no more of it can come.
type batcher struct {
	*producer
	patience time.Duration // how long a second is waited for, in event time
	parts    [partitions]batchPart
}

type batchPart struct {
	sequence uint64
	open     map[time.Time]map[string]uint64
	latest   time.Time
}

// writeBatches sends the same stream as pre-aggregated batches of a second, and
// returns how many they were.
func writeBatches(ctx context.Context, addr, topic string, events stream.Config) (int, error) {
	p, err := newProducer(ctx, addr, topic)
	if err != nil {
		return 0, err
	}
	b := &batcher{producer: p, patience: events.Disorder + time.Second}
	for i := range b.parts {
		b.parts[i].open = make(map[time.Time]map[string]uint64)
	}
	err = events.WriteEvents(b)
	sent := 0
	for i := range b.parts {
		b.add(int32(i), closing(events), "closing")
		b.flush(int32(i), closing(events).Add(b.patience+time.Second))
		sent += int(b.parts[i].sequence)
	}
	return sent, errors.Join(err, p.close())
}

// Write adds the events of whole lines.
func (b *batcher) Write(lines []byte) (int, error) {
	for line := range bytes.Lines(lines) {
		at, item, err := parseEvent(line)
		if err != nil {
			return 0, err
		}
		b.add(b.next, at, item)
		b.next = (b.next + 1) % partitions
	}
	return len(lines), b.failed()
}

func (b *batcher) add(partition int32, at time.Time, item string) {
	part := &b.parts[partition]
	second := at.Truncate(time.Second)
	counts := part.open[second]
	if counts == nil {
		counts = make(map[string]uint64)
		part.open[second] = counts
	}
	counts[item]++
	if second.After(part.latest) {
		part.latest = second
		b.flush(partition, second)
	}
}

// flush sends the seconds that are complete now, in order.
func (b *batcher) flush(partition int32, now time.Time) {
	part := &b.parts[partition]
	for _, second := range sortedTimes(part.open) {
		if second.Add(time.Second + b.patience).After(now) {
			return
		}
		part.sequence++
		batch := format.Batch{Producer: fmt.Sprintf("bench-%d", partition), Epoch: 1, Sequence: part.sequence, Start: second.UnixMilli(), Size: 1000, Segments: []format.BatchSegment{{}}}
		for item, n := range part.open[second] {
			batch.Segments[0].Items = append(batch.Segments[0].Items, format.BatchItem{Item: item, Count: n})
		}
		delete(part.open, second)
		value, err := batch.AppendBinary(nil)
		if err != nil {
			b.fail(err)
			return
		}
		b.send(partition, value)
	}
}
