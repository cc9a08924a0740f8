package format

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	meta "github.com/parquet-go/parquet-go/format"

	"crest/block"
)

// parquetUnit is a row group.
type parquetUnit struct {
	file         *parquetFile
	group        parquet.RowGroup
	meta         *meta.RowGroup
	start, bytes int64
	row, rows    int64 // the number of its first row, and of its rows
}

// Start implements Unit.
func (u *parquetUnit) Start() int64 { return u.start }

// Decode implements Unit. A row group that is corrupt is decoded up to there; a
// reject stands for the rest of its rows.
func (u *parquetUnit) Decode(emit func(block.Block) bool) error {
	done, more := int64(0), true
	left := u.bytes
	err := u.decode(func(b block.Block) bool {
		b.Bytes = u.bytes * b.Records / max(u.rows, 1)
		left -= b.Bytes
		if done += b.Records; done == u.rows {
			b.Bytes += left
		}
		more = emit(b)
		return more
	})
	if !more {
		return nil
	}
	if failure := u.file.storage.failure(); failure != nil {
		return failure
	}
	switch {
	case err != nil:
		lost := max(u.rows-done, 1)
		b := block.Block{Source: u.file.source, Bytes: left, Records: lost}
		b.Reject(u.row+done, block.Truncated, err.Error(), nil)
		b.Rejects[0].Count = lost
		emit(b)
	case u.rows == 0:
		emit(block.Block{Source: u.file.source, Bytes: u.bytes})
	}
	return nil
}

// decode emits the rows as blocks. The library that it stands on panics over
// some corrupt pages.
func (u *parquetUnit) decode(emit func(block.Block) bool) (err error) {
	var columns [roles]*parquetColumn
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bad page: %v", r)
		}
	}()
	if u.rows == 0 {
		return nil
	}
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.close()
			}
		}
	}()
	o := &u.file.options
	for role, leaf := range u.file.columns {
		if leaf == nil {
			continue
		}
		c := &parquetColumn{parquetLeaf: leaf, chunk: u.group.ColumnChunks()[leaf.index]}
		if role == roleItem {
			c.plain = newPlainPages(u.file.storage, &u.meta.Columns[leaf.index].MetaData, leaf)
		}
		c.conv = newConverter(role, leaf.meaning, leaf.name, o)
		columns[role] = c
	}
	var shared []byte
	for done := int64(0); done < u.rows; {
		rows := int(min(u.rows-done, int64(o.rowsOfBlock())))
		item := columns[roleItem]
		for _, c := range []*parquetColumn{columns[roleTime], columns[roleSegment], columns[roleWeight], item} {
			if c == nil {
				continue
			}
			c.shared = shared
			if err := c.more(); err != nil {
				return fmt.Errorf("column %q: %w", c.name, err)
			}
			shared = c.share(shared)
		}
		b := block.Block{Source: u.file.source, Data: shared[:len(shared):len(shared)]}
		if item.text != nil {
			// The page's bytes are the block's, so the block ends with the page.
			item.text.share(shared)
			b.Data = item.text.data[:len(item.text.data):len(item.text.data)]
			rows = min(rows, item.levels-item.at)
		}
		b.Records = int64(rows)
		var values vectors
		for role, c := range columns {
			if c == nil {
				continue
			}
			if err := c.read(&values[role], &b, rows); err != nil {
				return fmt.Errorf("column %q: %w", c.name, err)
			}
		}
		values.assemble(&b, o, rows, u.row+done, 1)
		if !emit(b) {
			return nil
		}
		done += int64(rows)
	}
	return nil
}
