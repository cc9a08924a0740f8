package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"

	"crest/archive"
	"crest/metrics"
)

const (
	// maxFile is about how large a file may be, in bytes, and how much of a source
	// is held to make files of.
	maxFile = 64 << 20
	// slotBytes and slots bound how much is being written at once: a file takes a
	// slot for each slotBytes of it. Many small files are written side by side,
	// since each takes its time.
	slotBytes = 4 << 20
	slots     = 16
)

var (
	recordsArchived = metrics.NewCounter("archived_records_total", "Records written to the archive; those of a repeated bundle count again.")
	filesArchived   = metrics.NewCounter("archived_files_total", "Files written to the archive.")
	bytesArchived   = metrics.NewCounter("archived_bytes_total", "Bytes written to the archive.")
)

type written struct{ records, files, bytes int64 }

// writeFn writes the chunks of a source as files, by hour.
type writeFn struct {
	Prefix string
	Format archive.Format

	packer *archive.Packer
	slots  chan struct{}
	write  func(ctx context.Context, path string, pieces [][]byte) error
	files  sync.WaitGroup
	mu     sync.Mutex
	err    error   // the first one of this bundle's files
	done   written // by this bundle
}

// StartBundle waits for what a failed bundle has left.
func (fn *writeFn) StartBundle(func(int64)) {
	fn.files.Wait()
	fn.err, fn.done = nil, written{}
	if fn.packer == nil {
		fn.packer = archive.NewPacker()
		fn.slots = make(chan struct{}, slots)
	}
	if fn.write == nil {
		fn.write = writeFile
	}
}

func (fn *writeFn) ProcessElement(ctx context.Context, source string, batches func(*archive.Batch) bool, _ func(int64)) error {
	held := make(map[archive.Hour][]archive.Chunk)
	size := 0
	for b := (archive.Batch{}); batches(&b); {
		for _, c := range b.Chunks {
			held[c.Hour] = append(held[c.Hour], c)
			if size += len(c.Frame); size < maxFile {
				continue
			}
			if err := fn.flush(ctx, source, held); err != nil {
				return err
			}
			size = 0
		}
	}
	return fn.flush(ctx, source, held)
}

// flush writes the chunks of each hour, and empties held.
func (fn *writeFn) flush(ctx context.Context, source string, held map[archive.Hour][]archive.Chunk) error {
	for hour, chunks := range held {
		if err := fn.file(ctx, source, chunks); err != nil {
			return err
		}
		delete(held, hour)
	}
	return nil
}

// file writes chunks of one hour as a file, in a goroutine. Its error may be that of
// a file before.
func (fn *writeFn) file(ctx context.Context, source string, chunks []archive.Chunk) error {
	content, err := fn.packer.NewContent(source, fn.Format, chunks)
	if err != nil {
		return fmt.Errorf("archiving %s: %w", source, err)
	}
	n := int(min(content.Size()/slotBytes+1, slots))
	for range n {
		fn.slots <- struct{}{}
	}
	fn.files.Go(func() {
		err := fn.commit(ctx, content)
		for range n {
			<-fn.slots
		}
		fn.mu.Lock()
		defer fn.mu.Unlock()
		if err != nil && fn.err == nil {
			fn.err = fmt.Errorf("archiving %s: %w", source, err)
		}
		fn.done.records += content.Records
		fn.done.files++
		fn.done.bytes += content.Size()
	})
	fn.mu.Lock()
	defer fn.mu.Unlock()
	return fn.err
}

// FinishBundle waits for the files, and emits how many records they hold.
func (fn *writeFn) FinishBundle(ctx context.Context, emit func(int64)) error {
	fn.files.Wait()
	if fn.err != nil {
		return fn.err
	}
	recordsArchived.Add(ctx, fn.done.records)
	filesArchived.Add(ctx, fn.done.files)
	bytesArchived.Add(ctx, fn.done.bytes)
	emit(fn.done.records)
	return nil
}

// Teardown waits for what a failed bundle has left.
func (fn *writeFn) Teardown() { fn.files.Wait() }

const (
	// patience is how long a remote file is tried again: a file system that starts
	// anew is no reason to fail a live job.
	patience = 2 * time.Minute
	// firstPause is the wait before the second try; each other is twice as long, up
	// to lastPause.
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
)

// commit writes a file. Each try writes all of it under the same name, so one
// whose outcome is unknown does no harm.
func (fn *writeFn) commit(ctx context.Context, c *archive.Content) error {
	path := fn.Prefix + "/" + c.Path
	begun, pause := time.Now(), firstPause
	for {
		err := fn.write(ctx, path, c.Data)
		if err == nil || final(path, err) || time.Since(begun) > patience {
			return err
		}
		log.Warnf(ctx, "archiving: trying again in %v: %v", pause, err)
		select {
		case <-time.After(pause):
			pause = min(2*pause, lastPause)
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// final tells whether another try would not help.
func final(path string, err error) bool {
	return !strings.Contains(path, "://") || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist)
}
