package kafka

import (
	"fmt"

	"crest/block"
	"crest/sources/format"
)

// judge takes out of a block the batches that were counted before, and returns
// how many those were: they count as not read, since the first of each was. A
// batch of a producer that has started anew since is a reject.
func (p *piece) judge(seen *producers) (repeats int64) {
	verdicts := make(map[int]verdict)
	for _, s := range p.stamps {
		if v := seen.see(s.Producer, s.Epoch, s.Sequence, p.block.Messages[s.Message].Offset); v != fresh {
			verdicts[s.Message] = v
		}
	}
	if len(verdicts) == 0 {
		return 0
	}
	stamps := make(map[int]format.Stamp)
	for _, s := range p.stamps {
		stamps[s.Message] = s
	}
	b := &p.block
	messages, row, rows := b.Messages[:0], 0, 0
	for i, m := range b.Messages {
		from := row
		row += int(m.Rows)
		switch verdicts[i] {
		case repeated:
			repeats++
			continue
		case fenced:
			m.Rejected, m.Rows = true, 0
			s := stamps[i]
			b.Reject(m.Offset, Fenced, fmt.Sprintf("epoch %d of producer %q, which has a higher one", s.Epoch, s.Producer), b.Text(m.Raw))
		default:
			rows += keepRows(b, from, row, rows)
		}
		messages = append(messages, m)
	}
	b.Messages = messages
	b.Records -= repeats
	b.Times, b.Items = b.Times[:rows], b.Items[:rows]
	if b.Segments != nil {
		b.Segments = b.Segments[:rows]
	}
	if b.Weights != nil {
		b.Weights = b.Weights[:rows]
	}
	p.bounds()
	return repeats
}

// keepRows moves the rows [from, to) to a place before them.
func keepRows(b *block.Block, from, to, place int) int {
	if from == place {
		return to - from
	}
	copy(b.Times[place:], b.Times[from:to])
	copy(b.Items[place:], b.Items[from:to])
	if b.Segments != nil {
		copy(b.Segments[place:], b.Segments[from:to])
	}
	if b.Weights != nil {
		copy(b.Weights[place:], b.Weights[from:to])
	}
	return to - from
}
