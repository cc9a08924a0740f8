package kafka

import (
	"encoding/binary"
	"errors"
	"math"

	"crest/wire"
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
	d := wire.NewDecoder(b, errRestriction)
	if v := d.Byte(); v != restrictionVersion {
		d.Fail("version %d is unknown", v)
	}
	r := Restriction{Discover: d.Byte() == 1, Known: d.Int31()}
	for n := d.Count(4); n > 0 && d.Err() == nil; n-- {
		p := Part{ID: d.Int31(), Next: d.Int63()}
		switch n := d.Varint(); {
		case n == -1:
			p.End = endless
		case n < 0 || n > endless-p.Next:
			d.Fail("an end %d behind %d", n, p.Next)
		default:
			p.End = p.Next + n
		}
		p.Producers = decodeProducers(d)
		r.Parts = append(r.Parts, p)
	}
	if err := d.End(); err != nil {
		return Restriction{}, err
	}
	return r, nil
}

var errRestriction = errors.New("decoding a restriction of Kafka")
