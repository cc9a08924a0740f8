package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"crest/storage/hdfs"
)

const (
	// callTimeout bounds a call that moves no file's data.
	callTimeout = 30 * time.Second
	// stallTimeout bounds the wait for the next bytes of a stream.
	stallTimeout = 30 * time.Second
	// maxResumes is how often in a row a stream is opened again that gave nothing.
	maxResumes = 5
	// firstPause is the wait before the second of these; each other is twice as long.
	firstPause = 250 * time.Millisecond
)

// errReplaced ends the reading of a file that is no longer the one that was
// opened. It is final.
var errReplaced = errors.New("it was replaced while it was read: read it again")

// opener opens a stored file at an offset, for at most n bytes.
type opener func(ctx context.Context, from, n int64) (io.ReadCloser, error)

// stream reads forwards. Where the connection breaks or stalls it goes on from
// there with another.
type stream struct {
	ctx    context.Context
	path   string
	open   opener
	at     int64
	end    int64
	body   io.ReadCloser // nil where the next Read opens one
	cancel context.CancelFunc
}

func (s *stream) Read(p []byte) (int, error) {
	if s.at >= s.end {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.end-s.at)]
	pause := firstPause
	for try := 0; ; try++ {
		n, err := s.readOnce(p)
		s.at += int64(n)
		if n > 0 || err == nil {
			return n, nil
		}
		s.Close()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%w at %d of %d bytes", io.ErrUnexpectedEOF, s.at, s.end)
		}
		if final(s.ctx, err) || try == maxResumes {
			return 0, fmt.Errorf("reading %s at %d: %w", s.path, s.at, err)
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-s.ctx.Done():
			return 0, fmt.Errorf("reading %s at %d: %w", s.path, s.at, s.ctx.Err())
		}
	}
}

// readOnce reads from the open body, or from one that it opens, and gives up
// when nothing comes.
func (s *stream) readOnce(p []byte) (int, error) {
	if s.body == nil {
		var ctx context.Context
		ctx, s.cancel = context.WithCancel(s.ctx)
		stalled := time.AfterFunc(stallTimeout, s.cancel)
		defer stalled.Stop()
		body, err := s.open(ctx, s.at, s.end-s.at)
		if err != nil {
			return 0, s.explain(err, stalled)
		}
		s.body = body
	}
	stalled := time.AfterFunc(stallTimeout, s.cancel)
	defer stalled.Stop()
	n, err := s.body.Read(p)
	return n, s.explain(err, stalled)
}

// explain tells a stall from what the canceled context makes of it.
func (s *stream) explain(err error, stalled *time.Timer) error {
	if err != nil && !stalled.Stop() && s.ctx.Err() == nil {
		return fmt.Errorf("nothing came for %v", stallTimeout)
	}
	return err
}

// finals are what another try does not help against.
var finals = []error{fs.ErrNotExist, fs.ErrPermission, errReplaced, hdfs.ErrUnreachable}

func final(ctx context.Context, err error) bool {
	return ctx.Err() != nil || slices.ContainsFunc(finals, func(f error) bool { return errors.Is(err, f) })
}

func (s *stream) Close() error {
	if s.body != nil {
		s.body.Close() // what was read is what counts
		s.body = nil
	}
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
	return nil
}
