package pubsub

import (
	"encoding/binary"
	"errors"
	"time"

	"crest/wire"
)

// A restriction is what committed bundles have counted: the messages that must
// not be counted again. It is the state of the source, and all of it: a bundle
// that fails takes with it what it added, and the leases on messages, which only
// live in a process, are held against it when it is resumed.
type restriction struct {
	// Tip is the last bundle that is in it, also when that has been forgotten.
	Tip uint64
	// Number is how many messages were counted in all. A subscription has no
	// offsets: the place of a message is how many were counted before it.
	Number uint64
	// Draining says that nothing more is to be counted.
	Draining bool
	Bundles  []bundle // in the order in which they were counted
}

// A bundle is the messages that were counted between two commits.
type bundle struct {
	ID    uint64    // random, not 0
	At    time.Time // when it ended, to the millisecond
	Count int       // of messages
	IDs   []byte    // as appendIDs writes them
}

const restrictionVersion = 1

var errRestriction = errors.New("decoding the restriction of a subscription")

// encodeRestriction writes: version, draining (0 or 1), Tip and Number (8 bytes
// each), the number of bundles, and each: ID (8 bytes), milliseconds since the one before,
// Count, length of IDs, IDs. Numbers are varints, big endian where they are 8
// bytes.
func encodeRestriction(r restriction) []byte {
	size := 32
	for i := range r.Bundles {
		size += len(r.Bundles[i].IDs) + 32
	}
	b := append(make([]byte, 0, size), restrictionVersion, 0)
	if r.Draining {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, r.Tip)
	b = binary.BigEndian.AppendUint64(b, r.Number)
	b = binary.AppendUvarint(b, uint64(len(r.Bundles)))
	var last int64
	for i := range r.Bundles {
		u := &r.Bundles[i]
		b = binary.BigEndian.AppendUint64(b, u.ID)
		b = binary.AppendVarint(b, u.At.UnixMilli()-last)
		last = u.At.UnixMilli()
		b = binary.AppendUvarint(b, uint64(u.Count))
		b = binary.AppendUvarint(b, uint64(len(u.IDs)))
		b = append(b, u.IDs...)
	}
	return b
}

func decodeRestriction(b []byte) (restriction, error) {
	d := wire.NewDecoder(b, errRestriction)
	if v := d.Byte(); v != restrictionVersion {
		d.Fail("version %d is unknown", v)
	}
	draining := d.Byte()
	if draining > 1 {
		d.Fail("draining is %d", draining)
	}
	r := restriction{Draining: draining == 1, Tip: d.Fixed64(), Number: d.Fixed64()}
	var last int64
	for n := d.Count(8 + 3); n > 0 && d.Err() == nil; n-- {
		u := bundle{ID: d.Fixed64()}
		last += d.Varint()
		u.At = time.UnixMilli(last)
		count := d.Uvarint()
		u.IDs = d.Bytes()
		if count > uint64(len(u.IDs)) {
			d.Fail("%d ids in %d bytes", count, len(u.IDs))
		}
		u.Count = int(count)
		r.Bundles = append(r.Bundles, u)
	}
	if err := d.End(); err != nil {
		return restriction{}, err
	}
	return r, nil
}
