package archive

import (
	"context"
	"errors"
	"sync"

	"crest/block"
	"crest/sources/format"
)

// queue decodes blocks in several goroutines while one reads ahead. Blocks come
// out in the order in which they were read.
type queue struct {
	blocks chan block.Block // decoded
	err    error            // why reading ended; set before blocks is closed

	wg sync.WaitGroup
}

// A job is a block on its way through the queue.
type job struct {
	block   block.Block
	decoded chan struct{} // closed once it is
}

// startQueue calls read, which calls its argument with each block; that returns
// false when the context has ended.
func startQueue(ctx context.Context, workers int, d format.Decoder, read func(out func(block.Block) bool) error) *queue {
	workers = max(workers, 1)
	q := &queue{blocks: make(chan block.Block)}
	// A job waits here while it is decoded and until it is its turn.
	jobs, work := make(chan *job, 2*workers), make(chan *job)
	q.wg.Go(func() {
		defer close(jobs)
		defer close(work)
		err := read(func(b block.Block) bool {
			j := &job{block: b, decoded: make(chan struct{})}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return false
			}
			work <- j // somebody takes it: the workers never end before
			return true
		})
		if ctx.Err() != nil && errors.Is(err, errStopped) {
			err = ctx.Err()
		}
		q.err = err
	})
	for range workers {
		q.wg.Go(func() {
			for j := range work {
				if j.block.Messages != nil {
					d.Decode(&j.block, 0)
				}
				close(j.decoded)
			}
		})
	}
	q.wg.Go(func() {
		defer close(q.blocks)
		for j := range jobs {
			<-j.decoded
			select {
			case q.blocks <- j.block:
			case <-ctx.Done():
			}
		}
	})
	return q
}

// wait waits for the goroutines, after the context has been canceled or all
// blocks were taken.
func (q *queue) wait() { q.wg.Wait() }
