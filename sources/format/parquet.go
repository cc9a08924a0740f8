package format

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	meta "github.com/parquet-go/parquet-go/format"
)

// parquetReadBuffer is how much of a column chunk is read at once, in bytes.
const parquetReadBuffer = 256 << 10

// maxParquetRows bounds the rows that a file may claim to have.
const maxParquetRows = 1 << 40

// parquetFile is a Container of Parquet.
type parquetFile struct {
	source  string
	storage *storage
	file    *parquet.File
	columns parquetColumns
	options Options
	units   []*parquetUnit
}

// OpenParquet reads the row groups that start at or after start. Only the
// columns that are named are read.
//
// A column is named by its path; the groups that Parquet makes of a list don't
// count. Times are TIMESTAMP, DATE, INT96, text or plain numbers, which are told
// apart by size; without a zone they are UTC. A list of items counts each. A null
// time or item is a reject, a null segment is empty, a null weight 1. A reject's
// offset is the number of its row.
//
// A file that is no Parquet, or not all of it, is one reject. A file without the
// columns for time and item is an error, and so is one compressed with LZ4.
func OpenParquet(source string, r io.ReaderAt, size, start int64, o Options) (Container, error) {
	p := &parquetFile{source: source, storage: &storage{r: r}, options: o}
	err := p.open(size)
	if p.storage.failure() != nil {
		return nil, p.storage.failure()
	}
	if err != nil {
		return brokenFile(source, size, start, err), nil
	}
	leaves, err := parquetLeaves(p.file.Metadata().Schema)
	if err != nil {
		return brokenFile(source, size, start, err), nil
	}
	if p.columns, err = findParquetColumns(leaves, o); err != nil {
		return nil, err
	}
	if err := p.readable(); err != nil {
		return nil, err
	}
	p.findUnits(size)
	p.units = slices.DeleteFunc(p.units, func(u *parquetUnit) bool { return u.start < start })
	return p, nil
}

// open reads the footer.
func (p *parquetFile) open(size int64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bad footer: %v", r)
		}
	}()
	const least = int64(len("PAR1") + 4 + len("PAR1"))
	var tail [8]byte
	if size < least {
		return fmt.Errorf("%d bytes are too few", size)
	}
	if _, err := p.storage.ReadAt(tail[:], size-8); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); n > size-least {
		return errors.New("it does not end with a footer")
	}
	p.file, err = parquet.OpenFile(p.storage, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
		parquet.ReadBufferSize(parquetReadBuffer), parquet.FileReadMode(parquet.ReadModeSync))
	if err != nil {
		return err
	}
	var rows int64
	for _, g := range p.file.Metadata().RowGroups {
		if g.NumRows < 0 || g.NumRows > maxParquetRows-rows {
			return fmt.Errorf("a row group of %d rows", g.NumRows)
		}
		rows += g.NumRows
	}
	return nil
}

// readable refuses LZ4: parquet-go v0.32.0 returns pages of zeros for what Arrow
// writes with it, without an error.
func (p *parquetFile) readable() error {
	for i := range p.file.Metadata().RowGroups {
		for j := range p.file.Metadata().RowGroups[i].Columns {
			if c := p.file.Metadata().RowGroups[i].Columns[j].MetaData.Codec; c == meta.Lz4 || c == meta.Lz4Raw {
				return fmt.Errorf("it is compressed with %v, which cannot be read: write it with zstd or snappy", c)
			}
		}
	}
	return nil
}

// findUnits makes a unit of each row group. Together they take all of the file.
func (p *parquetFile) findUnits(size int64) {
	groups := p.file.RowGroups()
	var row int64
	all := p.file.Metadata().RowGroups
	for i := range all {
		g := &all[i]
		p.units = append(p.units, &parquetUnit{file: p, group: groups[i], meta: g, rows: g.NumRows, row: row, start: groupStart(g)})
		row += g.NumRows
	}
	slices.SortStableFunc(p.units, func(a, b *parquetUnit) int { return cmp.Compare(a.start, b.start) })
	if len(p.units) == 0 {
		p.units = append(p.units, &parquetUnit{file: p})
	}
	last := int64(-1)
	for i, u := range p.units {
		u.start = min(max(u.start, last+1), size-int64(len(p.units)-i))
		last = u.start
	}
	for i, u := range p.units {
		end := size
		if i+1 < len(p.units) {
			end = p.units[i+1].start
		}
		u.bytes = end - u.start
	}
	p.units[0].bytes += p.units[0].start
}

// groupStart is where the first page of a row group is.
func groupStart(g *meta.RowGroup) int64 {
	start := int64(-1)
	for i := range g.Columns {
		m := &g.Columns[i].MetaData
		for _, at := range []int64{m.DictionaryPageOffset, m.DataPageOffset} {
			if at > 0 && (start < 0 || at < start) {
				start = at
			}
		}
	}
	return start
}

// Next implements Container.
func (p *parquetFile) Next() (Unit, error) {
	if len(p.units) == 0 {
		return nil, io.EOF
	}
	u := p.units[0]
	p.units = p.units[1:]
	return u, nil
}
