package format

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"unsafe"

	"crest/block"
)

// delimited decodes records of cells: CSV and TSV.
type delimited struct {
	dialect
	wanted
	header  []byte
	slots   []uint8 // by column
	readers sync.Pool
}

// A dialect is how cells are told apart.
type dialect struct {
	name      string
	delimiter byte
	quotes    bool
}

// NewCSV returns a decoder of comma-separated values as in RFC 4180: a cell may
// be quoted, and then hold commas, newlines and doubled quotes. A quote in or
// behind any other cell is malformed. Lines end in \n or \r\n; empty lines are no
// records.
//
// The header is the file's first record, with or without its newline. Decode
// skips it where it starts at offset 0, so that it does not matter whether the
// data still has it. Names are those of the columns, to the letter; of equal
// ones the first counts. There must be a column for the time and one for the
// item, or NewCSV returns an error that lists the columns.
//
// A cell has no null, so an empty one is a missing value: a missing time, a
// missing item, the empty segment, the weight 1. Cells are otherwise read as in
// NewNDJSON's strings. A record with more or fewer cells than columns is
// malformed.
func NewCSV(o Options, header []byte) (Decoder, error) {
	return newDelimited(dialect{"CSV", ',', true}, o, header)
}

// NewTSV returns a decoder of tab-separated values as IANA has registered them:
// there is no quoting and no escape, so no cell holds a tab or a newline. All
// else is as with NewCSV.
func NewTSV(o Options, header []byte) (Decoder, error) {
	return newDelimited(dialect{"TSV", '\t', false}, o, header)
}

func newDelimited(form dialect, o Options, header []byte) (Decoder, error) {
	d := &delimited{dialect: form, wanted: newWanted(o), header: bytes.TrimRight(header, "\r\n")}
	columns, err := d.headerNames()
	if err != nil {
		return nil, fmt.Errorf("%s header %.80q: %w", d.name, header, err)
	}
	d.slots = make([]uint8, len(columns))
	for i := range d.slots {
		d.slots[i] = noSlot
	}
	for role, name := range d.names {
		d.wanted.slots[role] = [2]uint8{unset, unset}
		i := slices.Index(columns, name)
		switch {
		case i >= 0 && name != "":
			if d.slots[i] == noSlot {
				d.slots[i] = uint8(role)
			}
			d.wanted.slots[role] = [2]uint8{d.slots[i], d.slots[i]}
		case role == roleTime || role == roleItem:
			return nil, fmt.Errorf("no %s column %q in the %s header; columns: %s",
				[...]string{"time", "item"}[role], name, d.name, limited(columns))
		}
	}
	d.readers.New = func() any { return newCellReader(&d.wanted, unquote) }
	return d, nil
}

// headerNames are the cells of the header.
func (d *delimited) headerNames() (names []string, err error) {
	r := newCellReader(&wanted{}, unquote)
	r.data = bytes.TrimPrefix(d.header, byteOrderMark)
	at := 0
	for {
		var fault cellFault
		if at, fault = r.cell(&d.dialect, at, roleTime); fault != "" {
			return nil, fmt.Errorf("column %d: %s", len(names)+1, fault)
		}
		k, s := r.kinds[roleTime], r.spans[roleTime]
		names = append(names, string(appendValid(nil, r.bytes(k, s))))
		if at >= len(r.data) || r.data[at] != d.delimiter {
			return names, nil
		}
		at++
	}
}

// Decode implements Decoder.
func (d *delimited) Decode(b *block.Block, offset int64) {
	r := d.readers.Get().(*cellReader)
	r.begin(b)
	at := 0
	if offset == 0 {
		at = d.skipHeader(r.data)
	}
	records := int64(0)
	for at < len(r.data) {
		start := at
		next, cells, fault := r.cells(&d.dialect, d.slots, start)
		at = next
		if fault == "" && cells == 1 && r.blank {
			continue
		}
		records++
		if fault != "" || cells != len(d.slots) {
			if wantsDetail(b, block.Malformed) && fault == "" {
				fault = cellFault(fmt.Sprintf("%d cells, but the header has %d", cells, len(d.slots)))
			}
			b.Reject(offset+int64(start), block.Malformed, string(fault), trimNewline(r.data[start:at]))
			continue
		}
		if reason := r.rows(b); reason != "" {
			r.reject(b, offset, start, at, reason)
		}
	}
	b.Records += records
	r.end(b)
	d.readers.Put(r)
}

// skipHeader is where the records start in a file's first block.
func (d *delimited) skipHeader(data []byte) int {
	bom := 0
	if bytes.HasPrefix(data, byteOrderMark) && !bytes.HasPrefix(d.header, byteOrderMark) {
		bom = len(byteOrderMark)
	}
	rest, ok := bytes.CutPrefix(data[bom:], d.header)
	if !ok {
		return bom
	}
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		end = len(rest) - 1
	}
	if len(bytes.TrimRight(rest[:end+1], "\r\n")) > 0 {
		return bom // a longer line
	}
	return len(data) - len(rest) + end + 1
}

// A cellFault says what is wrong with a record.
type cellFault string

const (
	bareQuote  cellFault = `a quote in a cell that does not start with one`
	afterQuote cellFault = `a quoted cell goes on behind its closing quote`
	openQuote  cellFault = `a quoted cell does not end`
)

// cells reads the record at i. It returns where the next one starts and the
// number of cells.
func (r *cellReader) cells(d *dialect, slots []uint8, i int) (next, n int, fault cellFault) {
	r.kinds = [slotRoom]kind{}
	first := i
	for {
		var end bool
		if i, n, end = r.plainCells(d, slots, i, n); end {
			break
		}
		slot := uint8(noSlot)
		if n < len(slots) {
			slot = slots[n]
		}
		if i, fault = r.cell(d, i, slot); fault != "" {
			return i, n, fault
		}
		n++
		if i == len(r.data) {
			break
		}
		i++
		if r.data[i-1] == '\n' {
			break
		}
	}
	line := r.data[first:i]
	r.blank = n == 1 && (len(line) == 0 || line[0] == '\n' || line[0] == '\r' && (len(line) == 1 || line[1] == '\n'))
	return i, n, ""
}

// plainCells reads cells without quotes from i on, of which n cells are to the
// left, until the record ends or there is one that cell must read. It returns
// what i and n are then and whether the record ended.
func (r *cellReader) plainCells(d *dialect, slots []uint8, i, n int) (int, int, bool) {
	data := r.data
	base, last := unsafe.Pointer(unsafe.SliceData(data)), len(data)-8
	delimiter := uint64(d.delimiter) * ones
	quote := uint64('\n') * ones
	if d.quotes {
		quote = '"' * ones
	}
	for {
		slot := uint8(noSlot)
		if n < len(slots) {
			slot = slots[n] % slotRoom
		}
		j, high := i, uint64(0)
		var c byte
		for {
			// Safe: from j, which is not negative, at least 8 bytes are left.
			if j > last {
				return i, n, false
			}
			x := loadAt(base, j)
			stops := (((x ^ delimiter) - ones) | ((x ^ quote) - ones) | ((x ^ '\n'*ones) - ones)) &^ x & topBits
			high |= x & (stops&-stops - 1)
			if stops != 0 {
				at := bits.TrailingZeros64(stops) &^ 7
				c = byte(x >> (at & 63))
				j += at >> 3
				break
			}
			j += 8
		}
		end := j
		if c != d.delimiter {
			if c != '\n' {
				return i, n, false
			}
			if j > i && data[j-1] == '\r' {
				end--
			}
		}
		k := plainString
		if high&topBits != 0 {
			k = rawString
		}
		if i == end {
			k = noValue
		}
		r.kinds[slot], r.spans[slot] = k, spanOf(i, end)
		i = j + 1
		n++
		if c == '\n' {
			return i, n, true
		}
	}
}

// cell reads the cell at i, up to its delimiter, newline or the end of the data.
// After a fault it goes to the start of the next record.
func (r *cellReader) cell(d *dialect, i int, slot uint8) (end int, fault cellFault) {
	data := r.data
	if d.quotes && i < len(data) && data[i] == '"' {
		return r.quotedCell(d, i+1, slot)
	}
	from := i
	for i < len(data) && data[i] != d.delimiter && data[i] != '\n' && !(d.quotes && data[i] == '"') {
		i++
	}
	end = i
	if i < len(data) && data[i] != d.delimiter {
		if data[i] == '"' && d.quotes {
			return skipRecord(data, i+1), bareQuote
		}
		if end > from && data[end-1] == '\r' {
			end--
		}
	} else if i == len(data) && end > from && data[end-1] == '\r' {
		end--
	}
	k := rawString
	if end == from {
		k = noValue
	}
	r.kinds[slot%slotRoom], r.spans[slot%slotRoom] = k, spanOf(from, end)
	return i, ""
}

// quotedCell is cell for one whose opening quote is at i-1.
func (r *cellReader) quotedCell(d *dialect, i int, slot uint8) (end int, fault cellFault) {
	data, from := r.data, i
	end, doubled := closingQuote(data, i)
	if end < 0 {
		return len(data), openQuote
	}
	i = end + 1
	if i < len(data) && data[i] == '\r' && (i+1 == len(data) || data[i+1] == '\n') {
		i++
	}
	if i < len(data) && data[i] != d.delimiter && data[i] != '\n' {
		return skipRecord(data, end+1), afterQuote
	}
	k := rawString
	if doubled {
		k = escapedString
	}
	if end == from {
		k = noValue
	}
	r.kinds[slot%slotRoom], r.spans[slot%slotRoom] = k, spanOf(from, end)
	return i, ""
}

// unquote appends what a quoted cell with doubled quotes stands for.
func unquote(dst, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '"')
		if i < 0 {
			return appendValid(dst, raw)
		}
		dst = append(appendValid(dst, raw[:i]), '"')
		raw = raw[i+2:]
	}
}
