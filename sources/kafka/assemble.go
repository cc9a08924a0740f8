package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"crest/block"
	"crest/sources/format"
)

const (
	// blockSize is how much text of messages makes a block, in bytes.
	blockSize = 256 << 10
	// maxRecord is the longest message that is decoded, in bytes.
	maxRecord = 16 << 20
)

// A piece is a block, with what is known of it when it is claimed.
type piece struct {
	block     block.Block
	stamps    []format.Stamp
	low, high int64 // of its rows' times; 0 where there are no rows
}

// size is about how much memory a piece holds, in bytes.
func (p *piece) size() int64 {
	b := &p.block
	n := cap(b.Data) + 8*(cap(b.Times)+cap(b.Items)+cap(b.Segments)+cap(b.Weights)) + 56*cap(b.Messages) + 1<<10
	for i := range b.Rejects {
		n += len(b.Rejects[i].Raw) + 128
	}
	return int64(n)
}

// An assembler makes pieces of what was fetched of a partition: of the batches in
// data, of the offsets [at, end), all of which the pieces cover. It works a batch
// at a time, so that what waits is bounded however well it was compressed.
type assembler struct {
	source       string
	uncommitted  bool
	decompressor kgo.Decompressor
	decode       decoder
	gone         aborted

	data    []byte // of the batches that are left
	at, end int64
	next    int64       // what comes must be at least here; 0 at first
	block   block.Block // begins at at
	pieces  []piece
}

// step assembles one batch. It says whether there are more.
func (a *assembler) step(ctx context.Context) (more bool, err error) {
	b, rest, ok := nextBatch(a.data)
	if !ok || b.first >= a.end {
		if a.at < a.end {
			err = a.cut(ctx, a.end)
		}
		return false, err
	}
	a.data = rest
	if b.last < a.at {
		return true, nil
	}
	a.block.Bytes += int64(len(b.bytes))
	if err := b.check(); err != nil {
		a.lost(b.first, b.lost(), err)
		return true, nil
	}
	if b.attributes()&attrControl != 0 {
		a.gone.ended(&b)
		return true, nil
	}
	if !a.uncommitted && a.gone.has(&b) {
		return true, nil
	}
	return true, a.batch(ctx, &b)
}

// ready returns the pieces that are made, and forgets them.
func (a *assembler) ready() []piece {
	p := a.pieces
	a.pieces = nil
	return p
}

// batch appends the records of a batch.
func (a *assembler) batch(ctx context.Context, b *recordBatch) error {
	p, err := b.records(a.decompressor)
	if err != nil {
		a.lost(b.first, b.lost(), err)
		return nil
	}
	first, appended, byBroker := b.times()
	for n := b.count(); n > 0; n-- {
		if a.block.Messages == nil {
			a.room(len(p)+len(a.data), int(n))
		}
		r, next, err := nextRecord(p)
		offset := b.first + r.offset
		if err == nil && (offset < b.first || offset > b.last) {
			err = errRecord
		}
		if err != nil {
			a.lost(max(b.last-n+1, b.first), n, err)
			return nil
		}
		p = next
		if offset < max(a.at, a.next) || offset >= a.end {
			continue
		}
		a.next = offset + 1
		at := first + r.time
		if byBroker {
			at = appended
		}
		if at < 0 {
			at = block.NoTime
		}
		if len(r.value) > maxRecord {
			a.reject(offset, 1, block.RecordTooBig, fmt.Sprintf("%d bytes, and a message has at most %d", len(r.value), maxRecord), r.value)
			continue
		}
		a.block.Append(r.value, nil, offset, at)
		if len(a.block.Data) >= blockSize {
			if err := a.cut(ctx, offset+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// room makes room for a block out of so many bytes, whose batch has so many
// records left.
func (a *assembler) room(bytes, records int) {
	size := min(bytes, blockSize)
	a.block.Data = slices.Grow(a.block.Data, size+size/8+64)
	a.block.Messages = make([]block.Message, 0, min(records, size/16+1))
}

// lost rejects records of a batch that cannot be read.
func (a *assembler) lost(offset, n int64, why error) {
	end := min(offset+n, a.end)
	offset = max(offset, a.at, a.next)
	if n = end - offset; n > 0 {
		a.next = end
		a.reject(offset, n, block.Malformed, why.Error(), nil)
	}
}

// reject adds a reject that stands for n records.
func (a *assembler) reject(offset, n int64, reason block.Reason, detail string, raw []byte) {
	a.block.Records += n
	before := a.block.Rejected()
	a.block.Reject(offset, reason, detail, raw)
	for i := len(a.block.Rejects) - 1; i >= 0; i-- {
		if r := &a.block.Rejects[i]; r.Reason == reason {
			r.Count += n - (a.block.Rejected() - before)
			return
		}
	}
}

// cut makes a piece of the block, which ends before the offset.
func (a *assembler) cut(ctx context.Context, to int64) error {
	p := piece{block: a.block}
	b := &p.block
	b.Source, b.From, b.To = a.source, a.at, to
	a.block, a.at = block.Block{}, to
	if len(b.Messages) > 0 {
		var err error
		if p.stamps, err = a.decode(ctx, b); err != nil {
			return err
		}
	}
	p.bounds()
	a.pieces = append(a.pieces, p)
	return nil
}

func (p *piece) bounds() {
	p.low, p.high = 0, 0
	if times := p.block.Times; len(times) > 0 {
		p.low, p.high = times[0], times[0]
		for _, t := range times {
			p.low, p.high = min(p.low, t), max(p.high, t)
		}
	}
}
