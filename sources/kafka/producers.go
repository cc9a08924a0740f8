package kafka

import (
	"encoding/binary"
	"slices"
	"strings"

	"crest/wire"
)

const (
	// maxProducers is how many producers of batches are remembered for a
	// partition. Of more, the one that was silent for the most offsets is
	// forgotten: a batch that it repeats after that is counted again.
	maxProducers = 1024
	// windowSize is how many sequence numbers below the highest are told apart.
	// What is below those counts as repeated.
	windowSize = 64
)

// A producer is what is remembered of one producer of batches in a partition.
type producer struct {
	id    string
	epoch uint64
	// highest is the highest sequence number of the epoch; bit i of window says
	// that highest-1-i was seen too.
	highest, window uint64
	offset          int64 // of its last batch
}

// producers are sorted by id. They are copied before they change.
type producers []producer

// A verdict on a batch.
type verdict uint8

const (
	fresh    verdict = iota
	repeated         // it was counted before
	fenced           // its producer has a higher epoch by now
)

// see judges a batch and remembers it. The producers must be a copy of their own.
func (ps *producers) see(id string, epoch, sequence uint64, offset int64) verdict {
	i, known := slices.BinarySearchFunc(*ps, id, func(p producer, id string) int { return strings.Compare(p.id, id) })
	if !known {
		ps.insert(i, producer{id: id, epoch: epoch, highest: sequence, offset: offset})
		return fresh
	}
	p := &(*ps)[i]
	if epoch < p.epoch {
		return fenced
	}
	p.offset = offset
	if epoch > p.epoch {
		p.epoch, p.highest, p.window = epoch, sequence, 0
		return fresh
	}
	if sequence > p.highest {
		// Go shifts everything out where the step is 64 or more.
		step := sequence - p.highest
		p.window = p.window<<step | 1<<(step-1)
		p.highest = sequence
		return fresh
	}
	below := p.highest - sequence
	if below == 0 || below > windowSize || p.window>>(below-1)&1 == 1 {
		return repeated
	}
	p.window |= 1 << (below - 1)
	return fresh
}

// insert adds a producer at i, in the place of the most silent one where there
// are too many.
func (ps *producers) insert(i int, p producer) {
	if len(*ps) >= maxProducers {
		silent := 0
		for j := range *ps {
			if (*ps)[j].offset < (*ps)[silent].offset {
				silent = j
			}
		}
		*ps = slices.Delete(*ps, silent, silent+1)
		if silent < i {
			i--
		}
	}
	*ps = slices.Insert(*ps, i, p)
}

// appendBinary appends how many there are, then each: id with its length, epoch,
// highest, window, offset.
func (ps producers) appendBinary(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ps)))
	for i := range ps {
		p := &ps[i]
		dst = binary.AppendUvarint(dst, uint64(len(p.id)))
		dst = append(dst, p.id...)
		for _, v := range [...]uint64{p.epoch, p.highest, p.window, uint64(p.offset)} {
			dst = binary.AppendUvarint(dst, v)
		}
	}
	return dst
}

func decodeProducers(d *wire.Decoder) producers {
	n := d.Count(5)
	if n > maxProducers {
		d.Fail("%d producers", n)
		n = 0
	}
	var ps producers
	for ; n > 0 && d.Err() == nil; n-- {
		p := producer{id: d.String(), epoch: d.Uvarint(), highest: d.Uvarint(), window: d.Uvarint(), offset: d.Int63()}
		if len(ps) > 0 && ps[len(ps)-1].id >= p.id {
			d.Fail("producers out of order")
		}
		ps = append(ps, p)
	}
	return ps
}
