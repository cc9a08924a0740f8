package hdfs

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/colinmarc/hdfs/v2"
)

// File is a file that is open for reading: one version of it.
type File struct {
	place
	url  string
	info os.FileInfo
}

// Open opens a file.
func Open(ctx context.Context, url string) (*File, error) {
	p, info, err := statFile(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", url, err)
	}
	return &File{place: p, url: url, info: info}, nil
}

// Size is in bytes, as of Open.
func (f *File) Size() int64 { return f.info.Size() }

// Range reads n bytes from an offset on. Its error is ErrReplaced where the file
// is not the one that was opened. The reader is for one goroutine; an error of
// its Read is of the datanodes, and another Range may reach others.
func (f *File) Range(ctx context.Context, from, n int64) (io.ReadCloser, error) {
	var r *hdfs.FileReader
	err := f.try(ctx, func() (err error) {
		r, err = f.client.Open(clean(f.path))
		return err
	})
	if err != nil {
		return nil, err
	}
	now := r.Stat()
	if idOf(now) != idOf(f.info) || now.Size() < f.info.Size() || !now.ModTime().Equal(f.info.ModTime()) {
		return nil, ErrReplaced
	}
	if _, err := r.Seek(from, io.SeekStart); err != nil {
		return nil, err
	}
	return &fileRange{ctx: ctx, file: f, r: r, left: n}, nil
}

type fileRange struct {
	ctx  context.Context
	file *File
	r    *hdfs.FileReader
	left int64
}

func (r *fileRange) Read(p []byte) (n int, err error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	// Where the blocks are is asked for here, so a namenode may be missing.
	err = r.file.try(r.ctx, func() (err error) {
		n, err = r.r.Read(p[:min(int64(len(p)), r.left)])
		return err
	})
	r.left -= int64(n)
	return n, err
}

func (r *fileRange) Close() error { return r.r.Close() }
