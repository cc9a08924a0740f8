package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/format"

	"crest/block"
)

const (
	// groupBytes is how much payload makes a row group: a writer and each reader
	// hold about as much.
	groupBytes = 4 << 20
	// rowsAhead is how many rows are read at once.
	rowsAhead = 64
)

// row is a Record in Parquet. Of a time out of range it keeps the milliseconds,
// which some readers can't show.
type row struct {
	Source string  `parquet:"source,dict"`
	Offset *int64  `parquet:"offset,optional"`
	ID     *string `parquet:"id,optional"`
	Time   *int64  `parquet:"time,optional,timestamp(millisecond)"`
	Event  *string `parquet:"event,optional"`
	// Raw is null where the payload is an event, and where it is empty.
	Raw []byte `parquet:"raw,optional"`
}

func rowOf(r *Record) row {
	w := row{Source: r.Source}
	if r.Offset >= 0 {
		w.Offset = new(int64)
		*w.Offset = r.Offset
	} else {
		id := string(r.ID)
		w.ID = &id
	}
	if r.Time != block.NoTime {
		w.Time = new(int64)
		*w.Time = r.Time
	}
	if r.Text {
		event := string(r.Payload)
		w.Event = &event
	} else if len(r.Payload) > 0 {
		w.Raw = bytes.Clone(r.Payload)
	}
	return w
}

// record returns the row as a Record; false where it is none.
func (w *row) record(r *Record) bool {
	*r = Record{Source: w.Source, Offset: -1, Time: block.NoTime, Payload: w.Raw}
	if (w.Offset == nil) == (w.ID == nil) || w.Event != nil && w.Raw != nil {
		return false
	}
	if w.Offset != nil {
		r.Offset = *w.Offset
	} else {
		r.ID = []byte(*w.ID)
	}
	if w.Time != nil {
		r.Time = *w.Time
	}
	if w.Event != nil {
		r.Text, r.Payload = true, []byte(*w.Event)
	}
	return utf8.ValidString(r.Source) && utf8.Valid(r.ID) && (r.Offset >= 0 || r.Offset == -1 && len(r.ID) > 0)
}

// toParquet makes a Parquet file of a sequence of chunks.
func toParquet(chunks []Chunk) ([]byte, error) {
	var fault error
	in, err := openChunks(chunks, func(f Fault) { fault = fmt.Errorf("reading a chunk: %s: %s", f.Reason, f.Detail) })
	if err != nil {
		return nil, err
	}
	defer in.close()
	var file bytes.Buffer
	w := parquet.NewGenericWriter[row](&file, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.CreatedBy("crest", "", ""))
	size := 0
	for r := (Record{}); ; {
		ok, err := in.next(&r)
		if err = errors.Join(err, fault); err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if _, err := w.Write([]row{rowOf(&r)}); err != nil {
			return nil, fmt.Errorf("making a Parquet file: %w", err)
		}
		if size += len(r.Payload); size >= groupBytes {
			size = 0
			if err := w.Flush(); err != nil {
				return nil, fmt.Errorf("making a Parquet file: %w", err)
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("making a Parquet file: %w", err)
	}
	return file.Bytes(), nil
}

type readerAtCloser interface {
	io.ReaderAt
	io.Closer
}

// parquetRun reads a Parquet file.
type parquetRun struct {
	path   string
	stored *storedAt
	closer io.Closer
	rows   *parquet.GenericReader[row]
	ahead  []row
	left   []row
	at     int64 // the number of the next row
	total  int64 // rows
	faults Faults
}

// newParquetRun reads a file, which it closes, and adds its size to stats. With an
// error of its content it has no rows: a file must be what was written before the
// library, which trusts what it reads, is let near it.
func newParquetRun(path string, in readerAtCloser, size int64, content error, faults Faults, stats *Stats) (*parquetRun, error) {
	p := &parquetRun{path: path, stored: &storedAt{r: in, size: size}, closer: in, faults: faults, ahead: make([]row, rowsAhead)}
	stats.Bytes += size
	err := content
	if err == nil {
		err = p.guard(p.open)
	}
	if p.stored.err != nil {
		return nil, errors.Join(p.stored.err, in.Close())
	}
	if err != nil {
		p.broken(err)
	}
	return p, nil
}

// open reads the footer.
func (p *parquetRun) open() error {
	f, err := parquet.OpenFile(p.stored, p.stored.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
		parquet.ReadBufferSize(readAhead), parquet.FileReadMode(parquet.ReadModeSync))
	if err != nil {
		return err
	}
	for _, g := range f.Metadata().RowGroups {
		for i := range g.Columns {
			if codec := g.Columns[i].MetaData.Codec; codec != format.Zstd {
				return fmt.Errorf("it is compressed with %v, and those of an archive with zstd", codec)
			}
		}
	}
	p.rows, p.total = parquet.NewGenericReader[row](f), f.NumRows()
	return nil
}

// guard makes an error of a panic, which hostile files cause in the library.
func (p *parquetRun) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("corrupt: %v", r)
		}
	}()
	return f()
}

// broken rejects the rows that can't be read.
func (p *parquetRun) broken(err error) {
	p.faults.tell(p.path, p.at, block.Truncated, fmt.Sprintf("parquet: %v", err), nil)
	p.rows, p.left = nil, nil
}

func (p *parquetRun) next(r *Record) (bool, error) {
	for {
		if len(p.left) == 0 {
			if ok, err := p.read(); err != nil || !ok {
				return false, err
			}
		}
		w := &p.left[0]
		p.left = p.left[1:]
		p.at++
		if w.record(r) {
			return true, nil
		}
		p.faults.tell(p.path, p.at-1, block.Malformed, "not an archived record: it needs an offset or an id, and an event or raw bytes", nil)
	}
}

// read reads rows ahead; false is the end.
func (p *parquetRun) read() (bool, error) {
	if p.rows == nil {
		return false, nil
	}
	n := 0
	clear(p.ahead)
	err := p.guard(func() (err error) {
		n, err = p.rows.Read(p.ahead)
		return err
	})
	if p.stored.err != nil {
		return false, p.stored.err
	}
	if errors.Is(err, io.EOF) {
		err = nil
		if p.at+int64(n) < p.total {
			err = fmt.Errorf("it has %d rows where its footer has %d", p.at+int64(n), p.total)
		}
	}
	if err != nil {
		p.broken(err)
		return false, nil
	}
	p.left = p.ahead[:n]
	return n > 0, nil
}

func (p *parquetRun) close() error { return p.closer.Close() }

// storedAt keeps the error of the storage apart from what the library makes of
// it, and from what a corrupt file asks for.
type storedAt struct {
	r    io.ReaderAt
	size int64
	err  error
}

func (s *storedAt) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || off > s.size {
		return 0, fmt.Errorf("its footer leads to byte %d of %d", off, s.size)
	}
	n, err := s.r.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
