package files

import (
	"context"
	"errors"
	"io"
	"sync"

	"crest/block"
)

// A unit is a part of a file that is claimed, decoded and emitted as a whole.
type unit interface {
	// start is the position to claim; a unit at the same position as the one
	// before it belongs to that claim.
	start() int64
	// decode makes the unit's blocks. It stops when emit returns false. Its error
	// fails the bundle.
	decode(emit func(block.Block) bool) error
}

// A reader reads a file's units in order, and ends with io.EOF.
type reader interface {
	next() (unit, error)
	close() error
}

// blocksAhead is how many decoded blocks of one unit may wait.
const blocksAhead = 16

// A job is a unit on its way through the queue.
type job struct {
	unit   unit
	blocks chan block.Block // closed once the unit is decoded
	err    error            // set before blocks is closed
}

// queue reads ahead in one goroutine and decodes in several. Jobs come out in
// the order of the file.
type queue struct {
	jobs chan *job
	err  error // why reading ended; set before jobs is closed

	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func startQueue(ctx context.Context, r reader, workers int) *queue {
	ctx, cancel := context.WithCancel(ctx)
	workers = max(workers, 1)
	// A job waits here while it is decoded and while it is emitted.
	q := &queue{jobs: make(chan *job, 2*workers), cancel: cancel}
	work := make(chan *job)
	q.wg.Go(func() {
		defer close(q.jobs)
		defer close(work)
		q.err = q.read(ctx, r, work)
	})
	for range workers {
		q.wg.Go(func() { decodeAll(ctx, work) })
	}
	return q
}

func (q *queue) read(ctx context.Context, r reader, work chan<- *job) error {
	for {
		u, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		j := &job{unit: u, blocks: make(chan block.Block, blocksAhead)}
		select {
		case q.jobs <- j:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case work <- j:
		case <-ctx.Done():
			j.err = ctx.Err()
			close(j.blocks)
			return ctx.Err()
		}
	}
}

func decodeAll(ctx context.Context, work <-chan *job) {
	for j := range work {
		j.err = j.unit.decode(func(b block.Block) bool {
			select {
			case j.blocks <- b:
				return true
			case <-ctx.Done():
				return false
			}
		})
		if j.err == nil {
			j.err = ctx.Err()
		}
		close(j.blocks)
	}
}

// stop ends the goroutines and waits for them.
func (q *queue) stop() {
	q.cancel()
	q.wg.Wait()
}
