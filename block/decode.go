package block

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// Decode returns the Block that AppendBinary encoded. It refuses bytes that no
// valid Block has: spans outside of Data, items that are too long or not UTF-8,
// times out of range. The Block does not alias p.
func Decode(p []byte) (Block, error) {
	d := decoder{p: p}
	if v := d.byte(); v != coderVersion && d.err == nil {
		return Block{}, fmt.Errorf("%w: version %d is unknown", errCoder, v)
	}
	flags := d.byte()
	if flags&^(flagSegments|flagWeights|flagMessages) != 0 {
		d.fail("flags %#x are unknown", flags)
	}
	var b Block
	b.Source = string(d.string())
	b.Bytes = d.varint()
	b.Records = d.varint()
	if b.Bytes < 0 || b.Records < 0 {
		d.fail("negative size")
	}
	if data := d.string(); len(data) > math.MaxUint32 {
		d.fail("data of %d bytes", len(data))
	} else if len(data) > 0 {
		b.Data = append([]byte(nil), data...)
	}
	rows := d.count(minRowBytes)
	b.Times = d.times(rows)
	b.Items = d.texts(rows, b.Data, MaxItem)
	if flags&flagSegments != 0 {
		b.Segments = d.texts(rows, b.Data, MaxSegment)
	}
	if flags&flagWeights != 0 {
		b.Weights = d.weights(rows)
	}
	b.Rejects = d.rejects()
	if flags&flagMessages != 0 {
		b.From, b.To, b.Watermark = d.varint(), d.varint(), d.varint()
		b.Messages = d.messages(b.Data)
	}
	if d.err == nil && len(d.p) != 0 {
		d.fail("%d bytes are left over", len(d.p))
	}
	if d.err != nil {
		return Block{}, d.err
	}
	return b, nil
}

// decoder reads p from its front; after the first error it reads zeros.
type decoder struct {
	p   []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", errCoder, fmt.Sprintf(format, args...))
	}
	d.p = nil
}

func (d *decoder) byte() byte {
	if len(d.p) == 0 {
		d.fail("it ends early")
		return 0
	}
	c := d.p[0]
	d.p = d.p[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.p)
	if n <= 0 {
		d.fail("bad varint")
		return 0
	}
	d.p = d.p[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.p)
	if n <= 0 {
		d.fail("bad varint")
		return 0
	}
	d.p = d.p[n:]
	return v
}

// string returns bytes of p, not a copy.
func (d *decoder) string() []byte {
	n := d.uvarint()
	if n > uint64(len(d.p)) {
		d.fail("a string of %d bytes where %d are left", n, len(d.p))
		return nil
	}
	s := d.p[:n]
	d.p = d.p[n:]
	return s
}

// count reads how many things follow, each of at least size bytes.
func (d *decoder) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.p)/size) {
		d.fail("%d entries where %d bytes are left", n, len(d.p))
		return 0
	}
	return int(n)
}

func (d *decoder) times(rows int) []int64 {
	if rows == 0 {
		return nil
	}
	col := make([]int64, rows)
	var last int64
	for i := range col {
		last += d.varint()
		if last < MinTime || last > MaxTime {
			d.fail("time %d is out of range", last)
			return nil
		}
		col[i] = last
	}
	return col
}

func (d *decoder) texts(rows int, data []byte, longest uint64) []Text {
	if rows == 0 {
		return nil
	}
	col := make([]Text, rows)
	var end int64
	for i := range col {
		t := d.span(&end, data)
		if d.err == nil && uint64(t.Len) > longest {
			d.fail("a text of %d bytes", t.Len)
		}
		if d.err == nil && !utf8.Valid(data[t.Off:end]) {
			d.fail("text at %d is not UTF-8", t.Off)
		}
		if d.err != nil {
			return nil
		}
		col[i] = t
	}
	return col
}

// span reads a span of data, told by the end of the one before, and moves the end.
func (d *decoder) span(end *int64, data []byte) Text {
	off, n := *end+d.varint(), d.uvarint()
	if off < 0 || off > int64(len(data)) || n > uint64(len(data)) || int64(n) > int64(len(data))-off {
		d.fail("a span of %d bytes at %d of %d", n, off, len(data))
		return Text{}
	}
	*end = off + int64(n)
	return Text{Off: uint32(off), Len: uint32(n)}
}

func (d *decoder) messages(data []byte) []Message {
	messages := make([]Message, d.count(minMessageSize))
	for i := range messages {
		var end int64
		m := &messages[i]
		m.Raw, m.ID = d.span(&end, data), d.span(&end, data)
		m.Offset, m.Time = d.varint(), d.varint()
		rows := d.uvarint()
		if m.Rejected = d.uvarint() != 0; rows > math.MaxUint32 {
			d.fail("a message of %d rows", rows)
		}
		m.Rows = uint32(rows)
		if d.err != nil {
			return nil
		}
	}
	return messages
}

func (d *decoder) weights(rows int) []uint64 {
	if rows == 0 {
		return nil
	}
	col := make([]uint64, rows)
	for i := range col {
		col[i] = d.uvarint()
	}
	return col
}

func (d *decoder) rejects() []Reject {
	n := d.count(minRejectSize)
	if n == 0 {
		return nil
	}
	rejects := make([]Reject, 0, min(n, MaxRejects))
	for range n {
		r := Reject{Offset: d.varint(), Reason: Reason(d.string()), Detail: string(d.string())}
		if raw := d.string(); len(raw) > MaxRejectRaw {
			d.fail("a reject of %d bytes", len(raw))
		} else if len(raw) > 0 {
			r.Raw = append([]byte(nil), raw...)
		}
		count := d.uvarint()
		if count == 0 || count > math.MaxInt64 {
			d.fail("a reject that stands for %d records", count)
		}
		if d.err != nil {
			return nil
		}
		r.Count = int64(count)
		rejects = append(rejects, r)
	}
	return rejects
}
