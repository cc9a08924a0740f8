package format

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"crest/block"
)

// A parquetColumn reads one column of a row group, page by page.
type parquetColumn struct {
	*parquetLeaf
	chunk parquet.ColumnChunk
	pages parquet.Pages // nil where plain reads them
	page  parquet.Page
	plain *plainPages
	text  *plainPage // the page where it is one

	// Of the page: levels (nil where all are the same), the values that are not
	// null, and how many of each have been read.
	reps, defs []byte
	levels, at int
	values     encoding.Values
	indexed    []int32 // indexes of dict; nil where the page has its own values
	value      int

	// dict are the values of the dictionary. Their texts are in the shared data
	// of the row group, except where shared is false: then they are in dictBlock.
	dict       *vector
	dictBlock  block.Block
	dictShared bool
	shared     []byte // what all blocks of the row group have, when a page is read
	conv       converter
}

var errPages = errors.New("the column has fewer rows than its row group")

// more makes sure that there is a level to read in the page.
func (c *parquetColumn) more() error {
	for c.page == nil && c.text == nil || c.at == c.levels {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// next reads the next page.
func (c *parquetColumn) next() error {
	c.release()
	if c.plain != nil {
		page, err := c.plain.next(c.shared)
		if err == nil {
			c.text, c.at, c.levels = page, 0, page.n
			c.reps, c.defs = nil, nil
			return nil
		}
		if errors.Is(err, io.EOF) {
			return errPages
		}
		if !errors.Is(err, errOther) {
			return err
		}
	}
	if c.pages == nil {
		c.pages = c.chunk.Pages()
		if c.plain != nil {
			if err := c.pages.SeekToRow(c.plain.rows); err != nil {
				return err
			}
			c.plain = nil
		}
	}
	page, err := c.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return errPages
	}
	if err != nil {
		return err
	}
	c.page, c.at, c.value = page, 0, 0
	c.reps, c.defs, c.levels = page.RepetitionLevels(), page.DefinitionLevels(), int(page.NumValues())
	if page.NumNulls() == 0 && c.maxRep == 0 {
		c.defs = nil
	}
	if c.defs != nil && len(c.defs) != c.levels || c.maxRep > 0 && (len(c.reps) != c.levels || len(c.defs) != c.levels) {
		return errors.New("a page's levels are missing")
	}
	c.indexed = nil
	c.values = page.Data()
	if d := page.Dictionary(); d != nil {
		c.indexed = c.values.Int32()
		if c.dict == nil {
			return c.readDictionary(d)
		}
	}
	return nil
}

func (c *parquetColumn) readDictionary(d parquet.Dictionary) error {
	page := d.Page()
	c.dict = new(vector)
	values := page.Data()
	if err := c.convert(c.dict, &c.dictBlock, &values, 0, d.Len()); err != nil {
		return fmt.Errorf("dictionary: %w", err)
	}
	return nil
}

// maxSharedDict is the largest dictionary that is shared by the blocks of a row
// group, in bytes.
const maxSharedDict = 256 << 20

// share appends the dictionary's texts to the data that all blocks of a row
// group have.
func (c *parquetColumn) share(data []byte) []byte {
	if c.dict == nil || c.dictShared || len(c.dictBlock.Data) > maxSharedDict {
		return data
	}
	base := uint32(len(data))
	for i := range c.dict.texts {
		c.dict.texts[i].Off += base
	}
	data = append(data, c.dictBlock.Data...)
	c.dictBlock.Data, c.dictShared = nil, true
	return data
}

func (c *parquetColumn) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	c.text = nil
}

// close frees what the column holds.
func (c *parquetColumn) close() {
	c.release()
	if c.pages != nil {
		c.pages.Close()
	}
}

// read appends the values of the next rows to v; texts are put into b.
func (c *parquetColumn) read(v *vector, b *block.Block, rows int) error {
	if c.maxRep > 0 {
		return c.readLists(v, b, rows)
	}
	for rows > 0 {
		if err := c.more(); err != nil {
			return err
		}
		n := min(rows, c.levels-c.at)
		if err := c.readLevels(v, b, c.at+n); err != nil {
			return err
		}
		rows -= n
	}
	return nil
}

// readLevels reads up to the level end of the page: runs of values and of nulls.
func (c *parquetColumn) readLevels(v *vector, b *block.Block, end int) error {
	for c.at < end {
		from := c.at
		for c.at < end && c.present(c.at) {
			if c.defs == nil {
				c.at = end
				break
			}
			c.at++
		}
		if err := c.take(v, b, c.at-from); err != nil {
			return err
		}
		for c.at < end && !c.present(c.at) {
			c.conv.missing(v)
			c.at++
		}
	}
	return nil
}

func (c *parquetColumn) present(level int) bool {
	return c.defs == nil || int(c.defs[level]) == c.maxDef
}

// readLists reads rows of lists. Their faults are by row, not by value.
func (c *parquetColumn) readLists(v *vector, b *block.Block, rows int) error {
	var elements vector
	for row := range rows {
		if err := c.more(); err != nil {
			return err
		}
		if c.reps[c.at] != 0 {
			return errors.New("a row begins within a list")
		}
		before, null := len(elements.texts), int(c.defs[c.at]) < c.elementDef-1
		for first := true; first || c.reps[c.at] != 0; first = false {
			if c.present(c.at) {
				if err := c.take(&elements, b, 1); err != nil {
					return err
				}
			}
			c.at++
			if err := c.more(); errors.Is(err, errPages) {
				break // the last row of the group
			} else if err != nil {
				return err
			}
		}
		v.counts = append(v.counts, int32(len(elements.texts)-before))
		if null {
			v.fail(row, faultMissing, nil)
		}
		for i := before; i < len(elements.faults); i++ {
			if f := elements.faults[i]; f != 0 {
				v.fail(row, f, func() string { return elements.details[i] })
				break
			}
		}
	}
	v.texts = append(v.texts, elements.texts...)
	return nil
}

// take appends the next n values that are not null.
func (c *parquetColumn) take(v *vector, b *block.Block, n int) error {
	from := c.value
	c.value += n
	switch {
	case n == 0:
		return nil
	case c.text != nil:
		return c.text.texts(v, b, &c.conv, n)
	case c.indexed == nil:
		return c.convert(v, b, &c.values, from, n)
	case from+n > len(c.indexed):
		return errValues
	}
	return c.lookUp(v, b, c.indexed[from:from+n])
}

// lookUp appends values of the dictionary.
func (c *parquetColumn) lookUp(v *vector, b *block.Block, indexes []int32) error {
	size := uint32(c.dict.len())
	var worst uint32
	for _, x := range indexes {
		worst = max(worst, uint32(x))
	}
	if worst >= size {
		return fmt.Errorf("the value %d of a dictionary of %d", worst, size)
	}
	base := v.len()
	switch texts := c.dict.texts; {
	case texts == nil:
		v.ints = slices.Grow(v.ints, len(indexes))
		for _, x := range indexes {
			v.ints = append(v.ints, c.dict.ints[x])
		}
	case c.dictShared:
		v.texts = slices.Grow(v.texts, len(indexes))
		for _, x := range indexes {
			v.texts = append(v.texts, texts[x])
		}
	default:
		for _, x := range indexes {
			n := len(b.Data)
			b.Data = append(b.Data, c.dictBlock.Text(texts[x])...)
			v.texts = append(v.texts, tail(b, n))
		}
	}
	if c.dict.faults == nil {
		return nil
	}
	for i, x := range indexes {
		if f := c.dict.fault(int(x)); f != 0 {
			v.fail(base+i, f, func() string { return c.dict.details[int(x)] })
		}
	}
	return nil
}
