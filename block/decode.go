package block

import (
	"fmt"
	"math"
	"unicode/utf8"

	"crest/wire"
)

// Decode returns the Block that AppendBinary encoded. It refuses bytes that no
// valid Block has: spans outside of Data, items that are too long or not UTF-8,
// times out of range. The Block does not alias p.
func Decode(p []byte) (Block, error) {
	d := decoder{wire.NewDecoder(p, errCoder)}
	if v := d.Byte(); v != coderVersion && d.Err() == nil {
		return Block{}, fmt.Errorf("%w: version %d is unknown", errCoder, v)
	}
	flags := d.Byte()
	if flags&^(flagSegments|flagWeights|flagMessages) != 0 {
		d.Fail("flags %#x are unknown", flags)
	}
	var b Block
	b.Source = d.String()
	b.Bytes = d.Varint()
	b.Records = d.Varint()
	if b.Bytes < 0 || b.Records < 0 {
		d.Fail("negative size")
	}
	if data := d.Bytes(); len(data) > math.MaxUint32 {
		d.Fail("data of %d bytes", len(data))
	} else if len(data) > 0 {
		b.Data = append([]byte(nil), data...)
	}
	rows := d.Count(minRowBytes)
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
		b.From, b.To, b.Watermark = d.Varint(), d.Varint(), d.Varint()
		b.Messages = d.messages(b.Data)
	}
	if err := d.End(); err != nil {
		return Block{}, err
	}
	return b, nil
}

// decoder knows the columns of a Block.
type decoder struct{ *wire.Decoder }

func (d decoder) times(rows int) []int64 {
	if rows == 0 {
		return nil
	}
	col := make([]int64, rows)
	var last int64
	for i := range col {
		last += d.Varint()
		if last < MinTime || last > MaxTime {
			d.Fail("time %d is out of range", last)
			return nil
		}
		col[i] = last
	}
	return col
}

func (d decoder) texts(rows int, data []byte, longest uint64) []Text {
	if rows == 0 {
		return nil
	}
	col := make([]Text, rows)
	var end int64
	for i := range col {
		t := d.span(&end, data)
		if d.Err() == nil && uint64(t.Len) > longest {
			d.Fail("a text of %d bytes", t.Len)
		}
		if d.Err() == nil && !utf8.Valid(data[t.Off:end]) {
			d.Fail("text at %d is not UTF-8", t.Off)
		}
		if d.Err() != nil {
			return nil
		}
		col[i] = t
	}
	return col
}

// span reads a span of data, told by the end of the one before, and moves the end.
func (d decoder) span(end *int64, data []byte) Text {
	off, n := *end+d.Varint(), d.Uvarint()
	if off < 0 || off > int64(len(data)) || n > uint64(len(data)) || int64(n) > int64(len(data))-off {
		d.Fail("a span of %d bytes at %d of %d", n, off, len(data))
		return Text{}
	}
	*end = off + int64(n)
	return Text{Off: uint32(off), Len: uint32(n)}
}

func (d decoder) messages(data []byte) []Message {
	messages := make([]Message, d.Count(minMessageSize))
	for i := range messages {
		var end int64
		m := &messages[i]
		m.Raw, m.ID = d.span(&end, data), d.span(&end, data)
		m.Offset, m.Time = d.Varint(), d.Varint()
		m.Rows, m.Rejected = d.Uint32(), d.Uvarint() != 0
		if d.Err() != nil {
			return nil
		}
	}
	return messages
}

func (d decoder) weights(rows int) []uint64 {
	if rows == 0 {
		return nil
	}
	col := make([]uint64, rows)
	for i := range col {
		col[i] = d.Uvarint()
	}
	return col
}

func (d decoder) rejects() []Reject {
	n := d.Count(minRejectSize)
	if n == 0 {
		return nil
	}
	rejects := make([]Reject, 0, min(n, MaxRejects))
	for range n {
		r := Reject{Offset: d.Varint(), Reason: Reason(d.Bytes()), Detail: d.String()}
		if raw := d.Bytes(); len(raw) > MaxRejectRaw {
			d.Fail("a reject of %d bytes", len(raw))
		} else if len(raw) > 0 {
			r.Raw = append([]byte(nil), raw...)
		}
		count := d.Uvarint()
		if count == 0 || count > math.MaxInt64 {
			d.Fail("a reject that stands for %d records", count)
		}
		if d.Err() != nil {
			return nil
		}
		r.Count = int64(count)
		rejects = append(rejects, r)
	}
	return rejects
}
