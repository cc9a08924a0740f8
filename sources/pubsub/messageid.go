package pubsub

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
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
	numbers, b, ok := uvarint(b)
	if !ok || numbers > uint64(len(b)) {
		return nil, errIDs
	}
	ids := make([]messageID, 0, numbers)
	var last, delta uint64
	for range numbers {
		if delta, b, ok = uvarint(b); !ok || last+delta < last {
			return nil, errIDs
		}
		last += delta
		ids = append(ids, messageID{number: last})
	}
	texts, b, ok := uvarint(b)
	if !ok || texts > uint64(len(b)) {
		return nil, errIDs
	}
	for range texts {
		var n uint64
		if n, b, ok = uvarint(b); !ok || n > uint64(len(b)) {
			return nil, errIDs
		}
		ids = append(ids, messageID{text: string(b[:n])})
		b = b[n:]
	}
	if len(b) > 0 {
		return nil, errIDs
	}
	return ids, nil
}

// uvarint cuts a number off b.
func uvarint(b []byte) (v uint64, rest []byte, ok bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, false
	}
	return v, b[n:], true
}
