package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"crest/seedtest"
)

var errTest = errors.New("decoding a test")

func TestRoundTrip(t *testing.T) {
	r := seedtest.Rand(t)
	for range 200 {
		u, z, fixed, c := r.Uint64()>>r.IntN(64), int64(r.Uint64()), r.Uint64(), byte(r.Uint32())
		text := strings.Repeat("ü", r.IntN(100))
		p := append([]byte(nil), c)
		p = binary.AppendUvarint(p, u)
		p = binary.AppendVarint(p, z)
		p = binary.BigEndian.AppendUint64(p, fixed)
		p = append(binary.AppendUvarint(p, uint64(len(text))), text...)
		read := func(d *Decoder) bool {
			return d.Byte() == c && d.Uvarint() == u && d.Varint() == z && d.Fixed64() == fixed && d.String() == text
		}
		d := NewDecoder(p, errTest)
		if !read(d) || d.End() != nil {
			t.Fatalf("%d %d %d %d %q: %v", c, u, z, fixed, text, d.Err())
		}
		d = NewDecoder(append(p, 0), errTest)
		if read(d); d.Err() != nil || !errors.Is(d.End(), errTest) {
			t.Fatalf("a byte too many: %v", d.Err())
		}
		for n := range p {
			d := NewDecoder(p[:n], errTest)
			if read(d); !errors.Is(d.End(), errTest) {
				t.Fatalf("%d of %d bytes: %v", n, len(p), d.Err())
			}
		}
	}
}

func TestLimits(t *testing.T) {
	number := func(v uint64) *Decoder { return NewDecoder(binary.AppendUvarint(nil, v), errTest) }
	for _, c := range []struct {
		name string
		read func(d *Decoder) uint64
		most uint64
	}{
		{"Int63", func(d *Decoder) uint64 { return uint64(d.Int63()) }, math.MaxInt64},
		{"Int31", func(d *Decoder) uint64 { return uint64(d.Int31()) }, math.MaxInt32},
		{"Uint32", func(d *Decoder) uint64 { return uint64(d.Uint32()) }, math.MaxUint32},
	} {
		d := number(c.most)
		if got := c.read(d); got != c.most || d.Err() != nil {
			t.Errorf("%s: %d, %v", c.name, got, d.Err())
		}
		d = number(c.most + 1)
		if got := c.read(d); got != 0 || d.Err() == nil {
			t.Errorf("%s: %d is taken", c.name, c.most+1)
		}
	}
	d := NewDecoder(append(binary.AppendUvarint(nil, 3), 1, 2, 3, 4, 5), errTest)
	if n := d.Count(2); n != 0 || d.Err() == nil {
		t.Errorf("%d entries of 2 bytes in 5", n)
	}
	d.Fail("something else")
	if err := d.Err(); !strings.HasPrefix(err.Error(), "decoding a test: 3 entries") || d.Byte() != 0 {
		t.Errorf("the first error became %v", err)
	}
}
