package files

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A compression is told by a file's extension.
type compression string

const (
	plain compression = ""
	gz    compression = "gzip"
	zst   compression = "zstd"
	bz2   compression = "bzip2"
)

var extensions = map[string]compression{".gz": gz, ".zst": zst, ".zstd": zst, ".bz2": bz2}

// splitExtension tells a file's compression, and its name without it.
func splitExtension(path string) (string, compression) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		if c, ok := extensions[strings.ToLower(path[i:])]; ok {
			return path[:i], c
		}
	}
	return path, plain
}

// errStream says that a compressed stream is corrupt or ends early, where
// reading the stored bytes themselves went well.
type errStream struct{ err error }

func (e *errStream) Error() string { return e.err.Error() }
func (e *errStream) Unwrap() error { return e.err }

// stored counts the stored bytes that were read, and keeps the error that ended
// reading them apart from what a decompressor makes of it. Zstandard reads ahead
// in a goroutine of its own.
type stored struct {
	r   io.Reader
	n   atomic.Int64
	err atomic.Pointer[error]
}

func (s *stored) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		s.err.Store(&err)
	}
	return n, err
}

// stream reads a compressed file. Its errors are of the storage (worth another
// try) or an errStream (never).
type stream struct {
	stored *stored
	c      compression
	r      io.Reader
	close  func()
}

// decompress opens a compressed stream. What is wrong with it is told by Read.
func decompress(r io.Reader, c compression) *stream {
	return &stream{stored: &stored{r: r}, c: c}
}

func (s *stream) open() error {
	in := bufio.NewReaderSize(s.stored, 64<<10)
	if _, err := in.Peek(1); err == io.EOF {
		s.r = in // an empty file holds no records, whatever its name
		return nil
	}
	switch s.c {
	case gz:
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		s.r = z
	case zst:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxWindow(1<<30))
		if err != nil {
			return err
		}
		s.r, s.close = z, z.Close
	case bz2:
		s.r = bzip2.NewReader(in)
	default:
		return fmt.Errorf("compression %q is unknown", s.c)
	}
	return nil
}

func (s *stream) Read(p []byte) (int, error) {
	if s.r == nil {
		if err := s.open(); err != nil {
			return 0, s.explain(err)
		}
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = s.explain(err)
	}
	return n, err
}

func (s *stream) explain(err error) error {
	if failure := s.stored.err.Load(); failure != nil {
		return *failure
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &errStream{fmt.Errorf("%s: it ends early", s.c)}
	}
	return &errStream{fmt.Errorf("%s: %w", s.c, err)}
}

// Close frees the decompressor; the file itself belongs to the caller.
func (s *stream) Close() {
	if s.close != nil {
		s.close()
	}
}
