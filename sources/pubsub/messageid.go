package pubsub

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"

	"crest/wire"
)

// A messageID tells a message from all others of its topic, exactly. Pub/Sub's
// are decimal numbers, which it does not promise.
type messageID struct {
	number uint64
	text   string // the id where it is not a number in its shortest form
}

func parseID(s string) messageID {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil && s[0] != '0' {
		return messageID{number: n}
	}
	return messageID{text: s}
}

var errIDs = errors.New("decoding message ids")

// appendIDs appends ids, which it sorts: how many numbers there are and how much
// each is above the one before, then how many texts, and each with its length.
func appendIDs(dst []byte, ids []messageID) []byte {
	slices.SortFunc(ids, func(a, b messageID) int {
		switch {
		case a.text != "" || b.text != "":
			return strings.Compare(a.text, b.text) // numbers first
		case a.number < b.number:
			return -1
		case a.number > b.number:
			return 1
		}
		return 0
	})
	numbers := len(ids)
	if i := slices.IndexFunc(ids, func(id messageID) bool { return id.text != "" }); i >= 0 {
		numbers = i
	}
	dst = binary.AppendUvarint(dst, uint64(numbers))
	var last uint64
	for _, id := range ids[:numbers] {
		dst = binary.AppendUvarint(dst, id.number-last)
		last = id.number
	}
	dst = binary.AppendUvarint(dst, uint64(len(ids)-numbers))
	for _, id := range ids[numbers:] {
		dst = binary.AppendUvarint(dst, uint64(len(id.text)))
		dst = append(dst, id.text...)
	}
	return dst
}

// decodeIDs reads what appendIDs wrote.
func decodeIDs(b []byte) ([]messageID, error) {
	d := wire.NewDecoder(b, errIDs)
	n := d.Count(1)
	ids := make([]messageID, 0, n)
	var last uint64
	for ; n > 0 && d.Err() == nil; n-- {
		delta := d.Uvarint()
		if last+delta < last {
			d.Fail("a number over 2^64")
		}
		last += delta
		ids = append(ids, messageID{number: last})
	}
	for n := d.Count(1); n > 0 && d.Err() == nil; n-- {
		ids = append(ids, messageID{text: d.String()})
	}
	if err := d.End(); err != nil {
		return nil, err
	}
	return ids, nil
}
