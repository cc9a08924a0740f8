// Package block holds the unit that a source hands to the graph: a batch of
// records, decoded once into columns.
//
// A Beam element costs microseconds whatever it holds, an event only tens of
// nanoseconds, so events never travel as elements. They travel as Blocks, and
// only from a source to the pre-aggregation that every runner fuses with it.
package block

import (
	"math"
	"slices"
)

const (
	// MaxItem is the longest item, in bytes. A longer one is rejected.
	MaxItem = 1 << 10
	// MaxSegment is the longest segment, in bytes. A longer one is rejected.
	MaxSegment = 1 << 10
	// MaxRejectRaw is how much of a rejected record is kept, in bytes.
	MaxRejectRaw = 4 << 10
	// MaxRejects is how many rejects of one Block are kept with their raw
	// bytes; the others of the same reason are added to the Count of the last
	// one kept of that reason.
	MaxRejects = 1 << 10
)

// Text is a span of a Block's Data.
type Text struct{ Off, Len uint32 }

// A Block is a batch of records in columns. Row i is one item counted once:
// Times[i], Items[i] and, where those columns are not nil, Segments[i] and
// Weights[i]. A record is one row, or several or none where an extraction makes
// several or no items of one field.
//
// A Block is immutable from when it is emitted until it is released (see Room):
// its consumers read it side by side.
type Block struct {
	// Source names what was read, as a person would: a path or a URL.
	Source string
	// Bytes is how far this block advances the reader through its input, in
	// stored (compressed) bytes.
	Bytes int64
	// Records is how many records were read: the decoded and the rejected.
	Records int64
	// Data holds the bytes that the columns refer to. Items and segments are
	// valid UTF-8.
	Data []byte

	// Times are event times in milliseconds since the epoch, rounded down;
	// between MinTime and MaxTime.
	Times []int64
	// Items are what is counted.
	Items []Text
	// Segments are what lists are kept apart by; nil means that all are empty.
	Segments []Text
	// Weights are what each row counts for; nil means that each counts 1.
	Weights []uint64

	// Rejects are the records that could not be decoded.
	Rejects []Reject

	// Messages are the records of a message queue as they were received, in
	// their order; nil where the source is files. Each is one record.
	Messages []Message
	// From and To are the positions that the block covers in a source with
	// offsets, [From, To): those of Messages, and those between them that hold
	// nothing to read.
	From, To int64
	// Watermark is what the source had said of event time before the bundle, in
	// milliseconds since the epoch: whoever is behind knows that panes are closed
	// which ended before it. 0 where nothing was said, as in batch.
	Watermark int64

	room *Room // nil where the memory is the block's alone
}

// A Message is a record of a message queue.
type Message struct {
	// Raw is what it holds, a span of Data.
	Raw Text
	// Offset is its place in the source; -1 where there are no offsets.
	Offset int64
	// ID tells it from all others of the source where there are no offsets, a
	// span of Data; else empty.
	ID Text
	// Time is its event time in milliseconds since the epoch. A source sets the
	// time that the queue has for it, or NoTime, which counts where the record
	// itself has none; decoding sets the record's own.
	Time int64
	// Rows is how many rows it is: those of a block are in the order of its
	// messages.
	Rows uint32
	// Rejected tells that it could not be decoded: it is among Rejects.
	Rejected bool
}

// NoTime is the Time of a message where the queue has none for it.
const NoTime = math.MinInt64

// Append adds a message to a block that has not been decoded: it copies raw and
// id into Data. A newline is put behind raw, so that records of text are lines.
func (b *Block) Append(raw, id []byte, offset, time int64) {
	m := Message{Offset: offset, Time: time}
	m.Raw = b.text(raw)
	b.Data = append(b.Data, '\n')
	if len(id) > 0 {
		m.ID = b.text(id)
		b.Data = append(b.Data, '\n')
	}
	b.Messages = append(b.Messages, m)
}

func (b *Block) text(p []byte) Text {
	t := Text{Off: uint32(len(b.Data)), Len: uint32(len(p))}
	b.Data = append(b.Data, p...)
	return t
}

// MinTime and MaxTime bound the event times that make sense, in milliseconds
// since the epoch: from 1970 until before 2200.
const (
	MinTime = 0
	MaxTime = 7258118400000 - 1
)

// Rows is the number of rows.
func (b *Block) Rows() int { return len(b.Times) }

// Earliest is the earliest event time of the rows, or what the caller has for a
// block without any.
func (b *Block) Earliest(without int64) int64 {
	if b.Rows() == 0 {
		return without
	}
	return slices.Min(b.Times)
}

// Text returns the bytes of a span. They belong to the Block.
func (b *Block) Text(t Text) []byte { return b.Data[t.Off : t.Off+t.Len : t.Off+t.Len] }

// A Reason says in a few words why a record was rejected. Reasons are part of
// the interface: people group by them.
type Reason string

// The reasons.
const (
	Malformed    Reason = "malformed"         // not a record of the format
	MissingTime  Reason = "missing time"      // no time field, or null
	MissingItem  Reason = "missing item"      // no item field, or null
	BadTime      Reason = "bad time"          // not a time in a form that is understood
	TimeRange    Reason = "time out of range" // before MinTime or after MaxTime
	BadItem      Reason = "bad item"          // the item is an object, not a value
	ItemTooLong  Reason = "item too long"     // over MaxItem
	BadSegment   Reason = "bad segment"       // the segment is not a value, or is over MaxSegment
	BadWeight    Reason = "bad weight"        // not a whole number from 0 to 2^53
	RecordTooBig Reason = "record too long"   // longer than the longest record that is read
	Truncated    Reason = "truncated"         // the file or its compressed stream ends early or is corrupt
	Empty        Reason = "empty"             // a message without content, as a tombstone
)

// A Reject is a record that was read and could not be counted, kept so that a
// person can find it and see why.
type Reject struct {
	// Offset is where the record starts, in bytes of the (decompressed) source;
	// for Parquet the row's number; for Avro where its block starts, and how many
	// records of the block are before it; for a message its own offset.
	Offset int64
	Reason Reason
	// Detail says more: what the value was, or which fields were there instead.
	Detail string
	// Raw is the record, cut at MaxRejectRaw.
	Raw []byte
	// Count is how many records this stands for, at least 1.
	Count int64
}

// Reject adds a rejected record, bounded by MaxRejects; it copies raw. It does
// not count the record as read: whoever counts Records does.
func (b *Block) Reject(offset int64, reason Reason, detail string, raw []byte) {
	if len(b.Rejects) >= MaxRejects {
		for i := len(b.Rejects) - 1; i >= 0; i-- {
			if b.Rejects[i].Reason == reason {
				b.Rejects[i].Count++
				return
			}
		}
	}
	raw = raw[:min(len(raw), MaxRejectRaw)]
	b.Rejects = append(b.Rejects, Reject{Offset: offset, Reason: reason, Detail: detail, Raw: append([]byte(nil), raw...), Count: 1})
}

// Rejected is the number of records rejected.
func (b *Block) Rejected() int64 {
	var n int64
	for i := range b.Rejects {
		n += b.Rejects[i].Count
	}
	return n
}
