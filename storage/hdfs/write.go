package hdfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"crest/storage/glob"
)

// Writer writes a file under a temporary name beside its own.
type Writer struct {
	place
	ctx   context.Context
	url   string
	temp  string
	w     *hdfs.FileWriter
	ended bool
	err   error
}

// Create begins a file, and makes the directories above it.
func Create(ctx context.Context, url string) (*Writer, error) {
	p, err := locate(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", url, err)
	}
	w := &Writer{place: p, ctx: ctx, url: url}
	if err := w.create(); err != nil {
		return nil, fmt.Errorf("creating %s: %w", url, err)
	}
	return w, nil
}

func (w *Writer) create() error {
	info, err := w.stat(w.ctx, w.path)
	if err == nil && info.IsDir() {
		return errors.New("it is a directory; name a file in it")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := path.Dir(clean(w.path))
	if err := w.try(w.ctx, func() error { return w.client.MkdirAll(dir, 0o755) }); err != nil {
		return fmt.Errorf("making its directory: %w", err)
	}
	return w.try(w.ctx, func() (err error) {
		// A new name for each try: one whose answer was lost may have been made.
		w.temp = path.Join(dir, glob.NewTemporary())
		w.w, err = w.client.Create(w.temp)
		return err
	})
}

// Write adds to the file.
func (w *Writer) Write(p []byte) (n int, err error) {
	if w.ended {
		return 0, fmt.Errorf("writing %s: %w", w.url, fs.ErrClosed)
	}
	if w.err != nil || len(p) == 0 {
		return 0, w.err // the client would begin a block, and wait for it for ever
	}
	// Only what went wrong at the namenode is tried again, before a block begins.
	err = w.try(w.ctx, func() error {
		m, err := w.w.Write(p[n:])
		n += m
		return err
	})
	if err != nil {
		w.err = fmt.Errorf("writing %s: %w", w.url, err)
	}
	return n, w.err
}

// Commit completes the file and gives it its name, in the place of a file that
// had it.
func (w *Writer) Commit() error {
	if w.ended {
		return fmt.Errorf("committing %s: %w", w.url, fs.ErrClosed)
	}
	if w.err == nil {
		if err := w.commit(); err != nil {
			w.err = fmt.Errorf("committing %s: %w", w.url, err)
		}
	}
	if w.err != nil {
		return errors.Join(w.err, w.Abort())
	}
	w.ended = true
	return nil
}

func (w *Writer) commit() error {
	// Until the namenode knows of a replica of the last block, too.
	if err := w.try(w.ctx, w.w.Close); err != nil {
		return err
	}
	info, err := w.stat(w.ctx, w.temp)
	if err != nil {
		return err
	}
	return w.rename(w.ctx, w.temp, w.path, idOf(info))
}

// Abort leaves nothing of the file. After Commit it does nothing.
func (w *Writer) Abort() error {
	if w.ended {
		return nil
	}
	w.ended = true
	// It frees the connection to the datanode; what is said of the file no longer matters.
	w.w.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), patience+time.Second)
	defer cancel()
	if err := w.remove(ctx, w.temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("aborting %s: removing %s: %w", w.url, w.temp, err)
	}
	return nil
}
