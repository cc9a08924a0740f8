package pubsub

import (
	"encoding/binary"
	"errors"
	"time"
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
	if len(b) < 18 || b[0] != restrictionVersion || b[1] > 1 {
		return restriction{}, errRestriction
	}
	r := restriction{Draining: b[1] == 1, Tip: binary.BigEndian.Uint64(b[2:]), Number: binary.BigEndian.Uint64(b[10:])}
	const least = 8 + 3 // bytes of a bundle
	n, b, ok := uvarint(b[18:])
	if !ok || n > uint64(len(b)/least) {
		return restriction{}, errRestriction
	}
	if n > 0 {
		r.Bundles = make([]bundle, n)
	}
	var last int64
	for i := range r.Bundles {
		if len(b) < least {
			return restriction{}, errRestriction
		}
		u := &r.Bundles[i]
		u.ID = binary.BigEndian.Uint64(b)
		ms, m := binary.Varint(b[8:])
		if m <= 0 {
			return restriction{}, errRestriction
		}
		last += ms
		u.At = time.UnixMilli(last)
		var count, size uint64
		if count, b, ok = uvarint(b[8+m:]); !ok {
			return restriction{}, errRestriction
		}
		if size, b, ok = uvarint(b); !ok || size > uint64(len(b)) || count > size {
			return restriction{}, errRestriction
		}
		u.Count, u.IDs = int(count), b[:size:size]
		b = b[size:]
	}
	if len(b) > 0 {
		return restriction{}, errRestriction
	}
	return r, nil
}
