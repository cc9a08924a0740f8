package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A consumer reads ahead, in the background, in the partitions that bundles of
// this process read: one for each run of a source, with one client. Fetchers,
// one for each broker, append chunks to partitions; workers decode those; bundles
// take what is decoded. It goes away when nobody has used it for a while.
type consumer struct {
	cfg    Config
	client *kgo.Client
	admin  *kadm.Client
	decode decoder
	// decompressor is the client's, which bounds what comes out.
	decompressor kgo.Decompressor

	ctx    context.Context
	cancel context.CancelFunc
	stale  chan struct{} // asks for metadata

	mu         sync.Mutex
	changed    sync.Cond // something that a fetcher or a worker may wait for
	partitions map[int32]*partition
	fetchers   map[int32]bool  // by broker
	leads      map[int32]int32 // the broker that leads each partition
	topic      kadm.TopicID
	count      int32    // how many partitions the topic has
	work       []*chunk // to decode
	used       time.Time
	users      int
}

const (
	// consumerIdle is how long a consumer, and a partition in it, outlives its use.
	consumerIdle = time.Minute
	// metadataAge is how often metadata is asked for where nothing asks for it.
	metadataAge = time.Minute
)

var consumers struct {
	sync.Mutex
	byKey map[string]*consumer
}

// use returns the consumer of a Config, which must be left.
func use(cfg *Config) (*consumer, error) {
	key := fmt.Sprintf("%s\x00%s\x00%v", cfg.ID, cfg.Topic, cfg.Brokers)
	consumers.Lock()
	defer consumers.Unlock()
	if c := consumers.byKey[key]; c != nil {
		c.users++
		return c, nil
	}
	c, err := newConsumer(*cfg)
	if err != nil {
		return nil, err
	}
	if consumers.byKey == nil {
		consumers.byKey = make(map[string]*consumer)
	}
	consumers.byKey[key] = c
	c.users++
	go c.watch(key)
	return c, nil
}

// leave ends the use of a consumer.
func (c *consumer) leave() {
	consumers.Lock()
	defer consumers.Unlock()
	c.users--
	c.used = time.Now()
}

func newConsumer(cfg Config) (*consumer, error) {
	decode, err := cfg.newDecoder()
	if err != nil {
		return nil, err
	}
	client, err := newClient(&cfg)
	if err != nil {
		return nil, err
	}
	c := &consumer{
		cfg: cfg, client: client, admin: kadm.NewClient(client), decode: decode,
		stale: make(chan struct{}, 1), partitions: make(map[int32]*partition), fetchers: make(map[int32]bool),
	}
	c.changed.L = &c.mu
	var ok bool
	if c.decompressor, ok = client.OptValue(kgo.WithDecompressor).(kgo.Decompressor); !ok {
		client.Close()
		return nil, errors.New("the Kafka client has no decompressor")
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.follow()
	for range cfg.Workers {
		go c.decodeAll()
	}
	return c, nil
}

// watch closes the consumer once nobody has used it for a while, and before that
// drops the partitions that nobody reads here any more.
func (c *consumer) watch(key string) {
	tick := time.NewTicker(consumerIdle / 4)
	defer tick.Stop()
	for range tick.C {
		c.mu.Lock()
		for id, p := range c.partitions {
			if time.Since(p.polled) > consumerIdle {
				c.drop(id)
			}
		}
		c.mu.Unlock()
		consumers.Lock()
		idle := c.users == 0 && time.Since(c.used) > consumerIdle
		if idle {
			delete(consumers.byKey, key)
		}
		consumers.Unlock()
		if idle {
			c.close()
			return
		}
	}
}

func (c *consumer) close() {
	c.cancel()
	c.mu.Lock()
	c.changed.Broadcast()
	c.mu.Unlock()
	c.client.Close()
}

// refresh asks for metadata, soon.
func (c *consumer) refresh() {
	select {
	case c.stale <- struct{}{}:
	default:
	}
}

// follow keeps track of which broker leads which partition, and of how many
// partitions there are.
func (c *consumer) follow() {
	age := min(metadataAge, c.cfg.Discover)
	for wait := time.Duration(0); ; {
		if err := c.leaders(); err != nil {
			wait = min(max(2*wait, 100*time.Millisecond), 5*time.Second)
			c.fail(err)
			if !sleep(c.ctx, wait) {
				return
			}
			continue
		}
		wait = 0
		// Elections take a moment: what is asked for right after the last
		// answer would be the same.
		if !sleep(c.ctx, 50*time.Millisecond) {
			return
		}
		select {
		case <-c.stale:
		case <-time.After(age):
		case <-c.ctx.Done():
			return
		}
	}
}

func (c *consumer) leaders() error {
	t, err := c.cfg.topic(c.ctx, c.admin)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.topic, c.count = t.ID, max(c.count, int32(len(t.Partitions)))
	c.leads = make(map[int32]int32)
	for id, d := range t.Partitions {
		if d.Err == nil && d.Leader >= 0 {
			c.leads[id] = d.Leader
		}
	}
	for _, p := range c.partitions {
		if !c.lead(p) {
			time.AfterFunc(time.Second, c.refresh)
		}
	}
	return nil
}

// lead puts a partition to the fetcher of the broker that leads it, if that is
// known.
func (c *consumer) lead(p *partition) bool {
	broker, ok := c.leads[p.id]
	if !ok {
		p.leader = -1
		return false
	}
	p.leader = broker
	if !c.fetchers[broker] {
		c.fetchers[broker] = true
		go c.fetchAll(broker)
	}
	c.changed.Broadcast()
	return true
}

// known returns how many partitions the topic has, as far as is known.
func (c *consumer) known() int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// read returns the partition, to be read from an offset to an end. Where that is
// not what comes next, what was read ahead is thrown away: a bundle was tried
// again, or the partition was read elsewhere meanwhile.
func (c *consumer) read(id int32, next, end int64) *partition {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.partitions[id]
	if p != nil && (p.next != next || p.end != end || p.err != nil) {
		c.drop(id)
		p = nil
	}
	if p == nil {
		p = &partition{
			c: c, id: id, next: next, fetchAt: next, end: end, leader: -1,
			ready: make(chan struct{}, 1), highWater: -1, visible: -1, fetchSize: fetchSize,
		}
		c.partitions[id] = p
		if !c.lead(p) {
			c.refresh()
		}
	}
	p.polled = time.Now()
	return p
}

// drop forgets a partition. What still comes for it goes nowhere.
func (c *consumer) drop(id int32) {
	if p := c.partitions[id]; p != nil {
		p.gone = true
		p.chunks = nil
		delete(c.partitions, id)
		c.changed.Broadcast()
	}
}

// done forgets a partition that was read to its end.
func (c *consumer) done(id int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(id)
}

// fail tells all partitions that the brokers do not answer.
func (c *consumer) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.partitions {
		p.trouble(err)
	}
}

// share is how many bytes a partition may have waiting.
func (c *consumer) share() int64 {
	return max(c.cfg.Buffer/int64(max(len(c.partitions), 1)), fetchSize)
}

// sleep waits; it is false when the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
