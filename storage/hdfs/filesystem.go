package hdfs

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
)

func init() {
	filesystem.Register("hdfs", func(context.Context) filesystem.Interface { return beamFS{} })
}

// beamFS is this package to Beam.
type beamFS struct{}

var (
	_ filesystem.Interface          = beamFS{}
	_ filesystem.LastModifiedGetter = beamFS{}
	_ filesystem.Remover            = beamFS{}
	_ filesystem.Renamer            = beamFS{}
	_ filesystem.Copier             = beamFS{}
)

// Close does nothing: Beam closes a filesystem while it still reads from it.
func (beamFS) Close() error { return nil }

func (beamFS) List(ctx context.Context, pattern string) ([]string, error) {
	entries, err := List(ctx, pattern)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		paths = append(paths, e.Path)
	}
	slices.Sort(paths)
	return paths, nil
}

func (beamFS) OpenRead(ctx context.Context, url string) (io.ReadCloser, error) {
	f, err := Open(ctx, url)
	if err != nil {
		return nil, err
	}
	return f.Range(ctx, 0, f.Size())
}

// OpenWrite creates a file that appears when it is closed.
func (beamFS) OpenWrite(ctx context.Context, url string) (io.WriteCloser, error) {
	w, err := Create(ctx, url)
	if err != nil {
		return nil, err
	}
	return committed{w}, nil
}

// committed is a Writer that Close commits.
type committed struct{ *Writer }

func (w committed) Close() error { return w.Commit() }

func (beamFS) Size(ctx context.Context, url string) (int64, error) {
	e, err := Stat(ctx, url)
	return e.Size, err
}

func (beamFS) LastModified(ctx context.Context, url string) (time.Time, error) {
	e, err := Stat(ctx, url)
	return e.Modified, err
}

func (beamFS) Remove(ctx context.Context, url string) error { return Remove(ctx, url) }

func (beamFS) Rename(ctx context.Context, from, to string) error { return Rename(ctx, from, to) }

func (fs beamFS) Copy(ctx context.Context, from, to string) error {
	r, err := fs.OpenRead(ctx, from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := Create(ctx, to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}
