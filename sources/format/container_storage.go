package format

import (
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// maxUnit bounds what is decompressed into memory at once, in bytes: a block of
// Avro, a page of Parquet.
const maxUnit = 512 << 20

// zstdDecoder returns a decoder for any number of goroutines.
var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxUnit), zstd.WithDecoderConcurrency(0))
})

// storage notes the errors of a reader: they are worth another try, whatever a
// library makes of them, and what is wrong with the data is not.
type storage struct {
	r   io.ReaderAt
	mu  sync.Mutex
	err error
}

func (s *storage) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("a negative offset") // of a file that lies
	}
	n, err := s.r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.mu.Lock()
		s.err = err
		s.mu.Unlock()
	}
	return n, err
}

func (s *storage) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
