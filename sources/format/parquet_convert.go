package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/encoding"
	meta "github.com/parquet-go/parquet-go/format"

	"crest/block"
)

var errValues = errors.New("a page has fewer values than levels")

// convert appends n values from the given one.
func (c *parquetColumn) convert(v *vector, b *block.Block, values *encoding.Values, from, n int) error {
	switch c.physical {
	case meta.Int64:
		if all := values.Int64(); from+n <= len(all) {
			c.int64s(v, b, all[from:from+n])
			return nil
		}
	case meta.Int32:
		if all := values.Int32(); from+n <= len(all) {
			c.int32s(v, b, all[from:from+n])
			return nil
		}
	case meta.ByteArray:
		if data, offsets := values.ByteArray(); from+n < len(offsets) {
			return c.byteArrays(v, b, data, offsets[from:from+n+1])
		}
	case meta.FixedLenByteArray:
		if data, size := values.FixedLenByteArray(); size > 0 && from+n <= len(data)/size {
			c.fixed(v, b, data[from*size:(from+n)*size], size)
			return nil
		}
	case meta.Int96:
		if all := values.Int96(); from+n <= len(all) {
			for _, x := range all[from : from+n] {
				c.int96(v, b, x[0], x[1], x[2])
			}
			return nil
		}
	case meta.Double:
		if all := values.Double(); from+n <= len(all) {
			for _, x := range all[from : from+n] {
				c.conv.written(v, b, appendFloat(c.conv.room[:0], x, 64))
			}
			return nil
		}
	case meta.Float:
		if all := values.Float(); from+n <= len(all) {
			for _, x := range all[from : from+n] {
				c.conv.written(v, b, appendFloat(c.conv.room[:0], float64(x), 32))
			}
			return nil
		}
	case meta.Boolean:
		if bits := values.Boolean(); from+n <= 8*len(bits) {
			for i := from; i < from+n; i++ {
				c.conv.boolean(v, b, bits[i/8]>>(i%8)&1 == 1)
			}
			return nil
		}
	}
	return errValues
}

// int64s converts integers; it is worth to be fast.
func (c *parquetColumn) int64s(v *vector, b *block.Block, ints []int64) {
	if c.conv.role != roleTime || c.meaning != microsValue {
		for _, x := range ints {
			c.conv.int64(v, b, x)
		}
		return
	}
	base := len(v.ints)
	v.ints = slices.Grow(v.ints, len(ints))[:base+len(ints)]
	out := v.ints[base:]
	const most = maxMicros
	bad := false
	for i, x := range ints {
		bad = bad || uint64(x) > most
		out[i] = int64(uint64(x) / 1000)
	}
	if !bad {
		return
	}
	for i, x := range ints {
		if uint64(x) > most {
			out[i] = 0
			v.fail(base+i, faultTimeRange, func() string { return c.name + " is " + strconv.FormatInt(x, 10) + " µs" })
		}
	}
}

// maxMicros is the last microsecond that is in range.
const maxMicros = block.MaxTime*1000 + 999

func (c *parquetColumn) int32s(v *vector, b *block.Block, ints []int32) {
	for _, x := range ints {
		if c.meaning == unsignedValue {
			c.conv.int64(v, b, int64(uint32(x)))
		} else {
			c.conv.int64(v, b, int64(x))
		}
	}
}

// int96 is nanoseconds of the day and the Julian day.
func (c *parquetColumn) int96(v *vector, b *block.Block, lo, hi, day uint32) {
	const epochDay, dayNS = 2440588, dayMS * 1e6
	nanos := uint64(hi)<<32 | uint64(lo)
	ms := (int64(int32(day))-epochDay)*dayMS + int64(nanos/1e6)
	if c.conv.role != roleTime {
		c.conv.text(v, b, fmt.Appendf(c.conv.room[:0], "%d.%d", day, nanos))
		return
	}
	ms, reason := inRange(ms, nanos <= dayNS)
	c.conv.time(v, ms, reason, func() string { return fmt.Sprintf("%s is day %d and %d ns", c.name, day, nanos) })
}

// byteArrays converts texts, the i-th of which is data[offsets[i]:offsets[i+1]].
func (c *parquetColumn) byteArrays(v *vector, b *block.Block, data []byte, offsets []uint32) error {
	n := len(offsets) - 1
	if c.conv.role == roleTime || c.conv.role == roleWeight {
		for i := range n {
			c.conv.bytes(v, b, data[offsets[i]:offsets[i+1]])
		}
		return nil
	}
	first, last := offsets[0], offsets[n]
	if first > last || int(last) > len(data) {
		return errValues
	}
	if longest, ok := longestSpan(offsets); !ok {
		return errValues
	} else if longest > c.conv.limit || !isASCII(data[first:last]) {
		for i := range n {
			c.conv.bytes(v, b, data[offsets[i]:offsets[i+1]])
		}
		return nil
	}
	base := uint32(len(b.Data)) - first
	b.Data = slices.Grow(b.Data, int(last-first))
	b.Data = append(b.Data, data[first:last]...)
	v.texts = slices.Grow(v.texts, n)
	from := offsets[0]
	for _, to := range offsets[1:] {
		v.texts = append(v.texts, block.Text{Off: base + from, Len: to - from})
		from = to
	}
	return nil
}

// longestSpan is the longest span between offsets, which must rise.
func longestSpan(offsets []uint32) (n int, ok bool) {
	var longest uint32
	from := offsets[0]
	for _, to := range offsets[1:] {
		longest = max(longest, to-from) // one that falls is longer than any
		from = to
	}
	return int(longest), longest <= math.MaxInt32
}

// isASCII says whether there are only bytes below 128.
func isASCII(s []byte) bool {
	for len(s) >= 32 {
		x := binary.LittleEndian.Uint64(s) | binary.LittleEndian.Uint64(s[8:]) | binary.LittleEndian.Uint64(s[16:]) | binary.LittleEndian.Uint64(s[24:])
		if x&0x8080808080808080 != 0 {
			return false
		}
		s = s[32:]
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func (c *parquetColumn) fixed(v *vector, b *block.Block, data []byte, size int) {
	for ; len(data) > 0; data = data[size:] {
		s := data[:size]
		if c.meaning == uuidValue && size == 16 {
			s = fmt.Appendf(c.conv.room[:0], "%x-%x-%x-%x-%x", s[:4], s[4:6], s[6:8], s[8:10], s[10:])
		}
		c.conv.bytes(v, b, s)
	}
}
