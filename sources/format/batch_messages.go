package format

import (
	"fmt"
	"time"

	"crest/block"
)

// A Stamp says which batch a message of a block was.
type Stamp struct {
	// Message is its index.
	Message         int
	Producer        string
	Epoch, Sequence uint64
}

// A BatchDecoder decodes messages that are batches.
type BatchDecoder struct{ pane int64 }

// NewBatchDecoder returns a decoder for a pipeline whose windows are multiples of
// the pane, 0 where batches of any size will do. A batch that spans two panes is
// a reject: its counts belong to neither. A batch is one record, whose rows are
// all at its start.
func NewBatchDecoder(pane time.Duration) *BatchDecoder {
	return &BatchDecoder{pane: pane.Milliseconds()}
}

// Decode implements Decoder.
func (d *BatchDecoder) Decode(b *block.Block, _ int64) { d.Stamps(b) }

// Stamps is Decode, and tells of each message that could be decoded which batch
// it was.
func (d *BatchDecoder) Stamps(b *block.Block) []Stamp {
	stamps := make([]Stamp, 0, len(b.Messages))
	for i := range b.Messages {
		m := &b.Messages[i]
		raw := b.Text(m.Raw)
		rows := len(b.Times)
		h, err := d.rows(b, m.Raw)
		if err != nil {
			b.Times, b.Items, b.Weights = b.Times[:rows], b.Items[:rows], b.Weights[:rows]
			if b.Segments != nil {
				b.Segments = b.Segments[:rows]
			}
			reason := block.Malformed
			if len(raw) == 0 {
				reason = block.Empty
			}
			m.Rejected = true
			b.Reject(m.Offset, reason, err.Error(), raw)
			continue
		}
		m.Time, m.Rows = h.start, uint32(len(b.Times)-rows)
		stamps = append(stamps, Stamp{Message: i, Producer: string(h.producer), Epoch: h.epoch, Sequence: h.sequence})
	}
	b.Records += int64(len(b.Messages))
	return stamps
}

// rows appends the rows of the batch at t.
func (d *BatchDecoder) rows(b *block.Block, t block.Text) (batchHead, error) {
	var segment block.Text
	var start int64
	place := func(from, to int) block.Text { return block.Text{Off: t.Off + uint32(from), Len: uint32(to - from)} }
	return walkBatch(b.Text(t), batchVisitor{
		head: func(h batchHead) error {
			start = h.start
			if d.pane > 0 && h.start%d.pane+h.size > d.pane {
				return fmt.Errorf("%w: its %v from %s are in several panes of %v", errBatch, ms(h.size), time.UnixMilli(h.start).UTC().Format(time.RFC3339), ms(d.pane))
			}
			return nil
		},
		segment: func(from, to int) {
			segment = block.Text{}
			if from < to {
				segment = place(from, to)
			}
		},
		item: func(from, to int, count uint64) {
			b.Times = append(b.Times, start)
			b.Items = append(b.Items, place(from, to))
			b.Weights = append(b.Weights, count)
			if segment.Len != 0 && b.Segments == nil {
				b.Segments = make([]block.Text, len(b.Times)-1, cap(b.Times))
			}
			if b.Segments != nil {
				b.Segments = append(b.Segments, segment)
			}
		},
	})
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
