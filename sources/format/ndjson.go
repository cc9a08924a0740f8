package format

import (
	"bytes"
	"sync"

	"crest/block"
)

// ndjson decodes newline-delimited JSON: one object a line.
type ndjson struct{ readers sync.Pool }

// NewNDJSON returns a decoder of newline-delimited JSON (NDJSON, JSON Lines). A
// line means what encoding/json makes of it; the whole line must be valid. Blank
// lines are no records, and a byte order mark at offset 0 is skipped.
//
// A name finds the field of that very name, dots and all, or where the object
// has none (or null) the field at that dotted path. Of fields with equal names
// the last counts. The values:
//   - time: a string or number that ParseTime reads;
//   - item: a string; a number or true or false, as it is written; or an array,
//     of which each string, number, true and false is an item and null is none.
//     An object is a bad item, and so is an array in an array;
//   - segment: a string; a number or true or false, as it is written;
//   - weight: a whole number from 0 to 2^53, also 2.0, 1e3 or in a string.
//
// A message that a queue has a time for needs no time field.
//
// null is the same as no such field. Of several reasons to reject a record, the
// first in the order malformed, time, item, segment, weight is told.
func NewNDJSON(o Options) (Decoder, error) {
	fields, err := newJSONFields(o)
	if err != nil {
		return nil, err
	}
	d := &ndjson{}
	d.readers.New = func() any { return newLineReader(fields) }
	return d, nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Decode implements Decoder.
func (d *ndjson) Decode(b *block.Block, offset int64) {
	r := d.readers.Get().(*lineReader)
	r.begin(b)
	records := int64(len(b.Messages))
	if b.Messages != nil {
		r.messages(b)
	} else {
		records = r.lines(b, offset)
	}
	b.Records += records
	r.end(b, records)
	d.readers.Put(r)
}

// lines decodes the data line by line and returns how many records there were.
func (r *lineReader) lines(b *block.Block, offset int64) (records int64) {
	at := 0
	if offset == 0 && bytes.HasPrefix(r.data, byteOrderMark) {
		at = len(byteOrderMark)
	}
	for at < len(r.data) {
		start := at
		if at = r.known(start); at < 0 {
			var blank bool
			if at, blank = r.line(start); blank {
				continue
			}
		}
		records++
		if at < 0 {
			at = r.malformed(b, offset, start)
		} else if reason := r.rows(b); reason != "" {
			r.reject(b, offset, start, at, reason)
		}
	}
	return records
}

// messages decodes the messages of a block: each is one object.
func (r *lineReader) messages(b *block.Block) {
	for i := range b.Messages {
		m := &b.Messages[i]
		start := int(m.Raw.Off)
		raw := r.data[start : start+int(m.Raw.Len)]
		oneLine(raw)
		r.stamp = m.Time
		rows := len(b.Times)
		at := r.known(start)
		if at < 0 {
			var blank bool
			if at, blank = r.line(start); blank {
				m.Rejected = true
				b.Reject(m.Offset, block.Empty, "the message is empty", raw)
				continue
			}
		}
		reason := block.Malformed
		if at < 0 {
			r.malformed(b, m.Offset-int64(start), start)
		} else if reason = r.rows(b); reason != "" {
			r.reject(b, m.Offset-int64(start), start, at, reason)
		}
		if m.Rejected = reason != ""; !m.Rejected {
			m.Time, m.Rows = r.ms, uint32(len(b.Times)-rows)
		}
	}
}

// oneLine makes one line of a text of JSON: between its tokens a carriage return
// is as good as a newline, and in a string both are wrong.
func oneLine(raw []byte) {
	for {
		i := bytes.IndexByte(raw, '\n')
		if i < 0 {
			return
		}
		raw[i] = '\r'
		raw = raw[i+1:]
	}
}
