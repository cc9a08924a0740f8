package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// endless is the End of a partition that is read for ever.
const endless = math.MaxInt64

// A Part is what is left to read of a partition: offsets [Next, End).
type Part struct {
	ID        int32
	Next, End int64
	// Producers are whose batches were read, so that none is counted twice.
	Producers producers
}

// A Restriction is what a bundle reads: one partition, or all those that
// appeared since the job started.
type Restriction struct {
	Parts []Part
	// Discover says that partitions which appear become parts of this
	// restriction; Known is how many there were.
	Discover bool
	Known    int32
}

// bounded says whether there is an end to it.
func (r *Restriction) bounded() bool {
	for i := range r.Parts {
		if r.Parts[i].End == endless {
			return false
		}
	}
	return !r.Discover
}

func (r *Restriction) done() bool {
	for i := range r.Parts {
		if r.Parts[i].Next < r.Parts[i].End {
			return false
		}
	}
	return !r.Discover
}

// none is the same restriction with nothing left to read.
func (r *Restriction) none() Restriction {
	n := Restriction{Parts: make([]Part, len(r.Parts)), Known: r.Known}
	for i, p := range r.Parts {
		n.Parts[i] = Part{ID: p.ID, Next: p.Next, End: p.Next}
	}
	return n
}

// The bytes of a Restriction, version 1, in varints: version, flags (1:
// discover), known; parts, then each: partition, next, how far it is to the end
// or -1 where there is none, producers.
const restrictionVersion = 1

func encodeRestriction(r Restriction) []byte {
	flags := byte(0)
	if r.Discover {
		flags = 1
	}
	dst := append(make([]byte, 0, 64), restrictionVersion, flags)
	dst = binary.AppendUvarint(dst, uint64(r.Known))
	dst = binary.AppendUvarint(dst, uint64(len(r.Parts)))
	for _, p := range r.Parts {
		dst = binary.AppendUvarint(dst, uint64(p.ID))
		dst = binary.AppendUvarint(dst, uint64(p.Next))
		if p.End == endless {
			dst = binary.AppendVarint(dst, -1)
		} else {
			dst = binary.AppendVarint(dst, p.End-p.Next)
		}
		dst = p.Producers.appendBinary(dst)
	}
	return dst
}

func decodeRestriction(b []byte) (Restriction, error) {
	d := varints{p: b}
	if v := d.byte(); v != restrictionVersion {
		d.fail("version %d is unknown", v)
	}
	r := Restriction{Discover: d.byte() == 1, Known: d.partition()}
	for n := d.count(4); n > 0 && d.err == nil; n-- {
		p := Part{ID: d.partition(), Next: d.offset()}
		switch n := d.varint(); {
		case n == -1:
			p.End = endless
		case n < 0 || n > endless-p.Next:
			d.fail("an end %d behind %d", n, p.Next)
		default:
			p.End = p.Next + n
		}
		p.Producers = decodeProducers(&d)
		r.Parts = append(r.Parts, p)
	}
	if d.err == nil && len(d.p) != 0 {
		d.fail("%d bytes are left over", len(d.p))
	}
	if d.err != nil {
		return Restriction{}, d.err
	}
	return r, nil
}

// varints reads numbers from the front of p; after an error it reads zeros.
type varints struct {
	p   []byte
	err error
}

var errRestriction = errors.New("decoding a restriction of Kafka")

func (d *varints) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", errRestriction, fmt.Sprintf(format, args...))
	}
	d.p = nil
}

func (d *varints) byte() byte {
	if len(d.p) == 0 {
		d.fail("it ends early")
		return 0
	}
	c := d.p[0]
	d.p = d.p[1:]
	return c
}

func (d *varints) uvarint() uint64 {
	v, n := binary.Uvarint(d.p)
	if n <= 0 {
		d.fail("a number is cut")
		return 0
	}
	d.p = d.p[n:]
	return v
}

func (d *varints) varint() int64 {
	v, n := binary.Varint(d.p)
	if n <= 0 {
		d.fail("a number is cut")
		return 0
	}
	d.p = d.p[n:]
	return v
}

// offset reads a number that is not negative as an int64.
func (d *varints) offset() int64 {
	v := d.uvarint()
	if v > math.MaxInt64 {
		d.fail("offset %d", v)
		return 0
	}
	return int64(v)
}

func (d *varints) partition() int32 {
	v := d.uvarint()
	if v > math.MaxInt32 {
		d.fail("partition %d", v)
		return 0
	}
	return int32(v)
}

// count reads how many things follow, each of at least size bytes.
func (d *varints) count(size int) int {
	n := d.uvarint()
	if n > uint64(len(d.p)/size) {
		d.fail("%d entries where %d bytes are left", n, len(d.p))
		return 0
	}
	return int(n)
}

func (d *varints) string() string {
	n := d.count(1)
	s := string(d.p[:n])
	d.p = d.p[n:]
	return s
}
