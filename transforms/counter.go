package transforms

import (
	"context"
	"fmt"
	"math"
	"sync"

	"crest/block"
	"crest/sketchcombine"
	"crest/sketchcombine/summary"
)

// A partial is what one bundle counted of one pane, segment and shard.
type partial struct {
	pane    int64 // its first millisecond
	key     sketchcombine.Key
	summary sketchcombine.Summary
}

// portionsAhead is how many portions wait for a worker. With more, what a block
// holds has left the caches by the time that it is counted.
const portionsAhead = 2

// A counter is one worker of the pre-aggregation: a goroutine that counts
// portions into the summaries of its shards.
type counter struct {
	fn       *preAggregateFn
	worker   int
	portions chan portion
	done     chan struct{}

	mu   sync.Mutex
	full []partial // passed on, not emitted yet
	err  error

	// What follows belongs to the goroutine.
	panes    map[int64]*pane
	segments map[string]int
	names    []string
	pane     *pane // the pane of the last row
	segment  int   // the segment of the last row
	text     []byte
	size     int // of all summaries, when it was last measured
	rows     int // counted since
}

// A pane holds the summaries of one pane, by segment, then by shard.
type pane struct {
	start, end int64
	segments   map[int][]*summary.Summary
}

// rowBytes is more than a row adds to the summaries' memory on average, even
// where each opens a segment of its own.
const rowBytes = 512

// startCounter starts the worker.
func startCounter(fn *preAggregateFn, worker int) *counter {
	c := &counter{
		fn:       fn,
		worker:   worker,
		portions: make(chan portion, portionsAhead),
		done:     make(chan struct{}),
	}
	c.reset()
	go func() {
		defer close(c.done)
		for p := range c.portions {
			err := c.add(p)
			p.done()
			if err != nil {
				c.mu.Lock()
				c.err = err
				c.mu.Unlock()
				for range c.portions { // let the sender go on until it sees the error
				}
				return
			}
			if limit := fn.Memory / fn.Workers; c.size+c.rows*rowBytes > limit {
				if c.measure(); c.size > limit*3/4 {
					c.flush()
				}
			}
		}
		c.flush()
	}()
	return c
}

// count hands rows to the worker.
func (c *counter) count(ctx context.Context, p portion) error {
	select {
	case c.portions <- p:
		return c.failed()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *counter) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *counter) close() { close(c.portions) }

// finish waits until everything handed over is counted and passed on.
func (c *counter) finish() error {
	<-c.done
	return c.failed()
}

// drain emits what was passed on.
func (c *counter) drain(emit func(partial)) {
	c.mu.Lock()
	full := c.full
	c.full = nil
	c.mu.Unlock()
	for _, p := range full {
		emit(p)
	}
}

func (c *counter) reset() {
	c.panes = make(map[int64]*pane)
	c.segments = make(map[string]int)
	c.names = nil
	c.pane = &pane{start: math.MaxInt64, end: math.MinInt64}
	c.segment = -1
	c.text = nil
	c.size, c.rows = 0, 0
}

// add counts the portion's rows.
func (c *counter) add(p portion) error {
	for shard := p.worker; shard < c.fn.Shards; shard += c.fn.Workers {
		if err := c.addShard(&p.block, shard, p.rows[shard], p.hashes); err != nil {
			return err
		}
		c.rows += len(p.rows[shard])
	}
	return nil
}

// addShard counts rows of one shard.
func (c *counter) addShard(b *block.Block, shard int, rows []uint32, hashes []uint64) error {
	var s *summary.Summary // of the shard, in the current pane and segment
	for _, i := range rows {
		t := b.Times[i]
		moved := s == nil
		if t < c.pane.start || t >= c.pane.end {
			c.choosePane(t)
			moved = true
		}
		if b.Segments != nil {
			if text := b.Text(b.Segments[i]); c.segment < 0 || string(text) != string(c.text) {
				c.chooseSegment(text)
				moved = true
			}
		} else if c.segment < 0 || len(c.text) > 0 {
			c.chooseSegment(nil)
			moved = true
		}
		if moved {
			s = c.summary(shard)
		}
		w := uint64(1)
		if b.Weights != nil {
			w = b.Weights[i]
		}
		item := b.Text(b.Items[i])
		if err := s.AddHashed(hashes[i], item, w); err != nil {
			return fmt.Errorf("counting %q of %s: %w", item, b.Source, err)
		}
	}
	return nil
}

func (c *counter) choosePane(t int64) {
	start, end := int64(0), int64(math.MaxInt64)
	if size := c.fn.Pane; size > 0 {
		start = t - t%size
		end = start + size
	}
	c.pane = c.panes[start]
	if c.pane == nil {
		c.pane = &pane{start: start, end: end, segments: make(map[int][]*summary.Summary)}
		c.panes[start] = c.pane
	}
}

func (c *counter) chooseSegment(text []byte) {
	id, ok := c.segments[string(text)]
	if !ok {
		id = c.newSegment(string(text))
	}
	c.segment = id
	c.text = append(c.text[:0], text...)
}

// newSegment chooses what a segment that is new here counts for.
func (c *counter) newSegment(name string) int {
	counts := name
	if c.fn.MaxSegments > 0 {
		counts = admissionOf(c.fn.Run).admit(name, c.fn.MaxSegments)
	}
	id, ok := c.segments[counts]
	if !ok {
		id = len(c.names)
		c.segments[counts] = id
		c.names = append(c.names, counts)
	}
	c.segments[name] = id
	return id
}

// summary is that of a shard in the current pane and segment.
func (c *counter) summary(shard int) *summary.Summary {
	shards := c.pane.segments[c.segment]
	if shards == nil {
		shards = make([]*summary.Summary, c.fn.Shards)
		c.pane.segments[c.segment] = shards
	}
	if shards[shard] == nil {
		shards[shard] = summary.New(&c.fn.Summary)
	}
	return shards[shard]
}

// measure adds up the size of all summaries.
func (c *counter) measure() {
	c.size, c.rows = 0, 0
	for _, p := range c.panes {
		for _, shards := range p.segments {
			c.size += 8 * len(shards)
			for _, s := range shards {
				if s != nil {
					c.size += s.Size()
				}
			}
		}
	}
}

// flush passes on everything counted so far.
func (c *counter) flush() {
	var full []partial
	for _, p := range c.panes {
		for segment, shards := range p.segments {
			for shard, s := range shards {
				if s != nil && s.Total() > 0 {
					full = append(full, partial{p.start, sketchcombine.Key{Segment: c.names[segment], Shard: shard}, sketchcombine.Encoded(s)})
				}
			}
		}
	}
	c.reset()
	c.mu.Lock()
	c.full = append(c.full, full...)
	c.mu.Unlock()
}
