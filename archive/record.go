// Package archive is what an archive of raw events looks like: files of records,
// by the hour of event time and by source, each in the order of its source's
// offsets or ids. docs/format/archive.md describes the bytes.
//
// A record is one message of a queue. It is told from all others by its source
// and its offset, or its id where the source has no offsets. A writer whose
// bundle is repeated may archive a record twice: whoever reads merges the files
// of an hour by these keys, and drops what is equal.
package archive

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// A Record is a message as it is archived.
type Record struct {
	// Source is the Source of the block that the message came in.
	Source string
	// Offset is its place in the source; -1 where it has an ID.
	Offset int64
	// ID tells it from all others where there are no offsets.
	ID []byte
	// Time is its event time in milliseconds since the epoch, or block.NoTime.
	Time int64
	// Text says that Payload is one text of JSON. It is archived as such, with
	// spaces for its newlines; any other payload in base64.
	Text bool
	// Payload is what the message holds.
	Payload []byte
}

// Compare orders records by source, offset and id. It is 0 where they are the same
// message.
func (r *Record) Compare(other *Record) int {
	if c := strings.Compare(r.Source, other.Source); c != 0 {
		return c
	}
	if c := cmp.Compare(r.Offset, other.Offset); c != 0 {
		return c
	}
	return bytes.Compare(r.ID, other.ID)
}

// repeats tells whether r is the same message as other. Of two messages with one
// key the payload decides: a topic that is made anew counts its offsets anew. A
// payload that was archived in two ways can't be compared.
func (r *Record) repeats(other *Record) bool {
	return r.Compare(other) == 0 && (r.Text != other.Text || bytes.Equal(r.Payload, other.Payload))
}

// IsText tells whether a payload is one text of JSON in UTF-8.
func IsText(payload []byte) bool { return utf8.Valid(payload) && json.Valid(payload) }
