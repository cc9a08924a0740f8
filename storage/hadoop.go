package storage

import (
	"context"
	"errors"
	"io"

	"crest/storage/hdfs"
)

// hadoop is the files of HDFS.
type hadoop struct{}

func (hadoop) list(ctx context.Context, pattern string) ([]File, error) {
	entries, err := hdfs.List(ctx, pattern)
	if err != nil {
		return nil, err
	}
	files := make([]File, len(entries))
	for i, e := range entries {
		files[i] = File(e)
	}
	sortFiles(files)
	return files, nil
}

func (hadoop) open(ctx context.Context, path string) (Object, error) {
	f, err := hdfs.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return &remote{ctx: ctx, path: path, size: f.Size(), open: func(ctx context.Context, from, n int64) (io.ReadCloser, error) {
		r, err := f.Range(ctx, from, n)
		if errors.Is(err, hdfs.ErrReplaced) {
			return nil, errReplaced
		}
		return r, err
	}}, nil
}

func (hadoop) create(ctx context.Context, path string) (Writer, error) {
	w, err := hdfs.Create(ctx, path)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (hadoop) remove(ctx context.Context, path string) error { return hdfs.Remove(ctx, path) }
