package storage

import (
	"context"
	"errors"
	"io"
	"sync"
)

const (
	// chunkSize is what ReadAt fetches at once, in bytes: a request costs tens of
	// milliseconds, and formats read some kilobytes here and there.
	chunkSize = 1 << 20
	// chunksKept is how many chunks an Object remembers.
	chunksKept = 16
)

// remote is an open file behind a network.
type remote struct {
	ctx  context.Context
	path string
	size int64
	open opener

	mu     sync.Mutex
	chunks []*chunk // the last ones used, the newest last
}

// chunk is a stretch of a file, fetched once by whoever needs it first.
type chunk struct {
	number int64
	once   sync.Once
	data   []byte
	err    error
}

func (r *remote) Size() int64 { return r.size }

func (r *remote) Close() error { return nil }

func (r *remote) Range(ctx context.Context, from int64) (io.ReadCloser, error) {
	return r.stream(ctx, from, r.size), nil
}

func (r *remote) stream(ctx context.Context, from, end int64) *stream {
	return &stream{ctx: ctx, path: r.path, open: r.open, at: from, end: end}
}

func (r *remote) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("reading at a negative offset")
	}
	n := 0
	for n < len(p) && off < r.size {
		m, err := r.readSome(p[n:], off)
		n, off = n+m, off+int64(m)
		if err != nil {
			return n, err
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// readSome reads up to the end of a chunk, or many chunks' worth directly.
func (r *remote) readSome(p []byte, off int64) (int, error) {
	if len(p) >= chunkSize {
		s := r.stream(r.ctx, off, min(off+int64(len(p)), r.size))
		defer s.Close()
		return io.ReadFull(s, p[:s.end-off])
	}
	c := r.chunk(off / chunkSize)
	c.once.Do(func() {
		s := r.stream(r.ctx, c.number*chunkSize, min((c.number+1)*chunkSize, r.size))
		defer s.Close()
		c.data, c.err = io.ReadAll(s)
	})
	if c.err != nil {
		r.forget(c)
		return 0, c.err
	}
	return copy(p, c.data[off-c.number*chunkSize:]), nil
}

// chunk returns a chunk that may not be fetched yet.
func (r *remote) chunk(number int64) *chunk {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, c := range r.chunks {
		if c.number == number {
			r.chunks = append(append(r.chunks[:i], r.chunks[i+1:]...), c)
			return c
		}
	}
	if len(r.chunks) == chunksKept {
		r.chunks = append(r.chunks[:0], r.chunks[1:]...)
	}
	c := &chunk{number: number}
	r.chunks = append(r.chunks, c)
	return c
}

// forget has a chunk that could not be fetched tried again by the next reader.
func (r *remote) forget(c *chunk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.chunks {
		if r.chunks[i] == c {
			r.chunks = append(r.chunks[:i], r.chunks[i+1:]...)
			return
		}
	}
}
