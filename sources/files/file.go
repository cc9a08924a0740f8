package files

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"crest/sources/format"
)

// File is a file that is to be read.
type File struct {
	Path string
	Size int64 // as stored
	Kind format.Kind
	// Whole is set where it can only be read from its start to its end.
	Whole bool
}

func encodeFile(f File) []byte {
	b := binary.AppendVarint(nil, f.Size)
	whole := byte(0)
	if f.Whole {
		whole = 1
	}
	b = append(b, byte(f.Kind), whole)
	return append(b, f.Path...)
}

func decodeFile(b []byte) (File, error) {
	size, n := binary.Varint(b)
	if n <= 0 || len(b) < n+2 || b[n+1] > 1 {
		return File{}, fmt.Errorf("decoding a file from %d bytes", len(b))
	}
	return File{Path: string(b[n+2:]), Size: size, Kind: format.Kind(b[n]), Whole: b[n+1] == 1}, nil
}

// opened is an open file of any filesystem.
type opened struct {
	io.Reader
	io.Closer
	fs   filesystem.Interface
	temp *os.File // a copy, where the filesystem reads forwards only
}

func openFile(ctx context.Context, path string) (*opened, error) {
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return nil, err
	}
	r, err := fs.OpenRead(ctx, path)
	if err != nil {
		return nil, errors.Join(err, fs.Close())
	}
	return &opened{Reader: r, Closer: r, fs: fs}, nil
}

// seeks says whether the file can be read from anywhere but its start.
func (o *opened) seeks() bool {
	_, ok := o.Reader.(io.Seeker)
	return ok
}

func (o *opened) seek(offset int64) error {
	if offset == 0 {
		return nil
	}
	s, ok := o.Reader.(io.Seeker)
	if !ok {
		return errors.New("its filesystem reads files from the start only")
	}
	_, err := s.Seek(offset, io.SeekStart)
	return err
}

// readerAt reads anywhere in the file, for several goroutines: by itself, by
// seeking, or from a temporary copy on disk where the filesystem can do neither.
func (o *opened) readerAt() (io.ReaderAt, error) {
	switch r := o.Reader.(type) {
	case io.ReaderAt:
		return r, nil
	case io.ReadSeeker:
		return &seekReaderAt{r: r}, nil
	}
	temp, err := os.CreateTemp("", "crest-*")
	if err != nil {
		return nil, fmt.Errorf("making a local copy: %w", err)
	}
	o.temp = temp
	if _, err := io.Copy(temp, o.Reader); err != nil {
		return nil, fmt.Errorf("making a local copy: %w", err)
	}
	return temp, nil
}

// Close closes the file, its filesystem, and removes the copy.
func (o *opened) Close() error {
	err := errors.Join(o.Closer.Close(), o.fs.Close())
	if o.temp != nil {
		err = errors.Join(err, o.temp.Close(), os.Remove(o.temp.Name()))
	}
	return err
}

// seekReaderAt is an io.ReaderAt over a reader that seeks.
type seekReaderAt struct {
	mu sync.Mutex
	r  io.ReadSeeker
}

func (s *seekReaderAt) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.r.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}
