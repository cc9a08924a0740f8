// Package wire reads the numbers and texts of Crest's own encodings from bytes
// that nobody vouches for.
package wire

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A Decoder takes values off the front of some bytes. After its first error it
// gives zeros and has no bytes left, so that a caller may read on and ask once.
type Decoder struct {
	p    []byte
	base error
	err  error
}

// NewDecoder returns a decoder of p whose errors wrap base, which says what is
// being decoded.
func NewDecoder(p []byte, base error) *Decoder { return &Decoder{p: p, base: base} }

// Len is how many bytes are left.
func (d *Decoder) Len() int { return len(d.p) }

// Err is the first error.
func (d *Decoder) Err() error { return d.err }

// End returns the first error; bytes that are left over are one.
func (d *Decoder) End() error {
	if len(d.p) > 0 {
		d.Fail("%d bytes are left over", len(d.p))
	}
	return d.err
}

// Fail makes what it is told the error, unless there is one.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", d.base, fmt.Sprintf(format, args...))
	}
	d.p = nil
}

// Byte reads a byte.
func (d *Decoder) Byte() byte {
	if len(d.p) == 0 {
		d.Fail("it ends early")
		return 0
	}
	c := d.p[0]
	d.p = d.p[1:]
	return c
}

// Fixed64 reads a number of 8 bytes, the most significant first.
func (d *Decoder) Fixed64() uint64 {
	if len(d.p) < 8 {
		d.Fail("it ends early")
		return 0
	}
	v := binary.BigEndian.Uint64(d.p)
	d.p = d.p[8:]
	return v
}

// Uvarint reads a varint.
func (d *Decoder) Uvarint() uint64 {
	v, n := binary.Uvarint(d.p)
	if n <= 0 {
		d.Fail("a number is cut")
		return 0
	}
	d.p = d.p[n:]
	return v
}

// Varint reads a zigzag varint.
func (d *Decoder) Varint() int64 {
	v, n := binary.Varint(d.p)
	if n <= 0 {
		d.Fail("a number is cut")
		return 0
	}
	d.p = d.p[n:]
	return v
}

// Int63 reads a varint that is no more than 2^63-1.
func (d *Decoder) Int63() int64 { return int64(d.atMost(math.MaxInt64)) }

// Int31 reads a varint that is no more than 2^31-1.
func (d *Decoder) Int31() int32 { return int32(d.atMost(math.MaxInt32)) }

// Uint32 reads a varint that is no more than 2^32-1.
func (d *Decoder) Uint32() uint32 { return uint32(d.atMost(math.MaxUint32)) }

func (d *Decoder) atMost(most uint64) uint64 {
	v := d.Uvarint()
	if v > most {
		d.Fail("%d, where %d is the most", v, most)
		return 0
	}
	return v
}

// Count reads how many things follow, each of which takes at least size bytes: a
// number for which memory may be had.
func (d *Decoder) Count(size int) int {
	n := d.Uvarint()
	if n > uint64(len(d.p)/size) {
		d.Fail("%d entries where %d bytes are left", n, len(d.p))
		return 0
	}
	return int(n)
}

// Bytes reads a length and so many bytes, which are not copied.
func (d *Decoder) Bytes() []byte {
	n := d.Count(1)
	s := d.p[:n:n]
	d.p = d.p[n:]
	return s
}

// String is Bytes, copied.
func (d *Decoder) String() string { return string(d.Bytes()) }
