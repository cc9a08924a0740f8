package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
)

// others is the files of any filesystem that is registered with Beam. Those read
// a file forwards from its start.
type others struct{}

func (others) list(ctx context.Context, pattern string) ([]File, error) {
	files, err := listBeam(ctx, pattern)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", pattern, err)
	}
	sortFiles(files)
	return files, nil
}

func listBeam(ctx context.Context, pattern string) (files []File, err error) {
	fs, err := filesystem.New(ctx, pattern)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fs.Close()) }()
	paths, err := fs.List(ctx, pattern)
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		f := File{Path: path}
		if f.Size, err = fs.Size(ctx, path); err != nil {
			return nil, fmt.Errorf("asking for the size of %s: %w", path, err)
		}
		if m, ok := fs.(filesystem.LastModifiedGetter); ok {
			if f.Modified, err = m.LastModified(ctx, path); err != nil {
				return nil, fmt.Errorf("asking for the age of %s: %w", path, err)
			}
		}
		files = append(files, f)
	}
	return files, nil
}

func (others) open(ctx context.Context, path string) (Object, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	size, err := fs.Size(ctx, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening %s: %w", path, err), fs.Close())
	}
	return &otherObject{ctx: ctx, fs: fs, path: path, size: size}, nil
}

func (others) create(_ context.Context, path string) (Writer, error) {
	return nil, fmt.Errorf("creating %s: files are written to local paths, gs://, s3:// and hdfs://", path)
}

func (others) remove(ctx context.Context, path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("removing %s: %w", path, err)
		}
	}()
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fs.Close()) }()
	remover, ok := fs.(filesystem.Remover)
	if !ok {
		return errors.New("its filesystem does not remove files")
	}
	return remover.Remove(ctx, path)
}

// otherObject streams a file; for ReadAt it makes a local copy.
type otherObject struct {
	ctx  context.Context
	fs   filesystem.Interface
	path string
	size int64

	once    sync.Once
	copy    *os.File // without a name: it is gone when it is closed
	copyErr error
}

func (o *otherObject) Size() int64 { return o.size }

func (o *otherObject) Range(ctx context.Context, from int64) (io.ReadCloser, error) {
	r, err := o.fs.OpenRead(ctx, o.path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", o.path, err)
	}
	if _, err := io.CopyN(io.Discard, r, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", o.path, err), r.Close())
	}
	return r, nil
}

func (o *otherObject) ReadAt(p []byte, off int64) (int, error) {
	o.once.Do(func() {
		if o.copyErr = o.makeCopy(); o.copyErr != nil {
			o.copyErr = fmt.Errorf("making a local copy of %s: %w", o.path, o.copyErr)
		}
	})
	if o.copyErr != nil {
		return 0, o.copyErr
	}
	return o.copy.ReadAt(p, off)
}

func (o *otherObject) makeCopy() error {
	r, err := o.fs.OpenRead(o.ctx, o.path)
	if err != nil {
		return err
	}
	defer r.Close()
	if o.copy, err = os.CreateTemp("", "crest-*"); err != nil {
		return err
	}
	if err := os.Remove(o.copy.Name()); err != nil {
		return err
	}
	_, err = io.Copy(o.copy, r)
	return err
}

func (o *otherObject) Close() error {
	err := o.fs.Close()
	if o.copy != nil {
		err = errors.Join(err, o.copy.Close())
	}
	return err
}
