package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"

	"crest/block"
)

const (
	// maxLine is the longest line that is read, in bytes. A longer one is a reject.
	maxLine = 64 << 20
	// maxWindow bounds what a compressed stream makes its reader keep, in bytes.
	// Files of an archive ask for windowSize; 8 MiB are what zstd itself uses at
	// most unless it is told to.
	maxWindow = 8 << 20
	// readAhead is how much of a stored file is read at once, in bytes.
	readAhead = 64 << 10
)

// A run gives records in the order of Compare.
type run interface {
	// next reads a record, which is good until the next call; false is the end.
	// What is wrong with the file is a Fault; an error is the storage's.
	next(r *Record) (bool, error)
	close() error
}

var decoders = sync.Pool{New: func() any {
	// Concurrency 1 is without goroutines.
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		panic("archive: " + err.Error()) // of the options alone
	}
	return d
}}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readAhead) }}

// textRun reads compressed NDJSON.
type textRun struct {
	path   string
	stored *stored
	in     *bufio.Reader // over stored
	zstd   *zstd.Decoder // over in
	lines  *bufio.Reader // over zstd
	parser lineParser
	faults Faults
	want   *uint64 // the hash of the stored bytes; nil where it is not known
	at     int64   // where the next line starts, decompressed
	long   []byte
	ended  bool
}

// newTextRun reads a stream, which it closes, and adds the stored bytes that it
// reads to stats.
func newTextRun(path string, in io.ReadCloser, want *uint64, faults Faults, stats *Stats) (*textRun, error) {
	t := &textRun{path: path, stored: &stored{r: in, stats: stats, hash: xxhash.New()}, want: want, faults: faults}
	t.in, t.lines = readers.Get().(*bufio.Reader), readers.Get().(*bufio.Reader)
	t.zstd = decoders.Get().(*zstd.Decoder)
	t.in.Reset(t.stored)
	if err := t.zstd.Reset(t.in); err != nil {
		return nil, errors.Join(err, t.close())
	}
	t.lines.Reset(t.zstd)
	return t, nil
}

func (t *textRun) close() error {
	t.ended = true
	if t.zstd == nil {
		return nil
	}
	t.zstd.Reset(nil) // lets go of the stream; without one it has no error
	decoders.Put(t.zstd)
	for _, r := range []*bufio.Reader{t.in, t.lines} {
		r.Reset(nil)
		readers.Put(r)
	}
	t.zstd = nil
	return t.stored.r.Close()
}

func (t *textRun) next(r *Record) (bool, error) {
	for !t.ended {
		start := t.at
		line, err := t.line()
		if t.stored.err != nil {
			return false, t.stored.err
		}
		if err != nil && !errors.Is(err, io.EOF) {
			t.ended = true
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = errors.New("it ends early")
			}
			t.faults.tell(t.path, start, block.Truncated, fmt.Sprintf("zstd: %v", err), line)
			return false, nil
		}
		if len(line) == 0 {
			t.ended = true
			t.checkWhole()
			return false, nil
		}
		if len(line) > maxLine {
			t.faults.tell(t.path, start, block.RecordTooBig, fmt.Sprintf("over %d MiB", maxLine>>20), line)
			continue
		}
		if err := t.parser.parse(bytes.TrimSuffix(line, []byte{'\n'}), r); err != nil {
			t.faults.tell(t.path, start, block.Malformed, err.Error(), line)
			continue
		}
		return true, nil
	}
	return false, nil
}

// line returns the next line with its newline, or what there is of it at the
// end. Of one that is too long it returns the beginning, longer than maxLine.
func (t *textRun) line() ([]byte, error) {
	line, err := t.lines.ReadSlice('\n')
	t.at += int64(len(line))
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	t.long = append(t.long[:0], line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = t.lines.ReadSlice('\n')
		t.at += int64(len(line))
		if len(t.long) <= maxLine {
			t.long = append(t.long, line...)
		}
	}
	return t.long, err
}

// checkWhole finds what decompressing does not: a stream that was cut between two
// of its frames looks whole.
func (t *textRun) checkWhole() {
	if t.want == nil {
		return
	}
	if err := checkHash(t.stored.hash.Sum64(), *t.want); err != nil {
		t.faults.tell(t.path, t.at, block.Truncated, err.Error(), nil)
	}
}

// stored counts and hashes the stored bytes that are read, and keeps the error
// that ended reading them apart from what the decompressor makes of it.
type stored struct {
	r     io.ReadCloser
	hash  *xxhash.Digest
	stats *Stats
	err   error
}

func (s *stored) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.hash.Write(p[:n])
	s.stats.Bytes += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
