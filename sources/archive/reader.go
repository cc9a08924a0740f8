package archive

import (
	"context"
	"errors"

	"crest/archive"
	"crest/block"
)

// A reader makes blocks of groups. They are not decoded yet.
type reader struct {
	size  int // of a block's payload, in bytes
	out   func(block.Block) bool
	stats archive.Stats

	block block.Block // of messages
	fault block.Block // of what is not a message
	bytes int64       // of stats.Bytes, those that blocks account for
}

// errStopped ends reading when nobody wants its blocks.
var errStopped = errors.New("stopped")

func (r *reader) read(ctx context.Context, g *archive.Group) (err error) {
	m, err := g.Open(ctx, &r.stats, r.reject)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	for {
		rec, ok, err := m.Next()
		if err != nil || !ok {
			return err
		}
		if rec.Source != r.block.Source || len(r.block.Data) >= r.size {
			if err := r.flush(); err != nil {
				return err
			}
			r.block.Source = rec.Source
			r.block.Data = make([]byte, 0, r.size+r.size/8)
		}
		r.add(rec)
	}
}

func (r *reader) add(rec *archive.Record) {
	b := &r.block
	if rec.Offset >= 0 {
		if len(b.Messages) == 0 {
			b.From, b.To = rec.Offset, rec.Offset+1
		}
		b.From, b.To = min(b.From, rec.Offset), max(b.To, rec.Offset+1)
	}
	b.Append(rec.Payload, rec.ID, rec.Offset, rec.Time)
}

// reject adds a fault to the block of its file.
func (r *reader) reject(f archive.Fault) {
	if r.fault.Source != f.Path {
		r.flushFaults() // that nobody wants it, who reads finds out
		r.fault.Source = f.Path
	}
	r.fault.Records++
	r.fault.Reject(f.Offset, f.Reason, f.Detail, f.Raw)
}

// flush emits what there is.
func (r *reader) flush() error {
	if len(r.block.Messages) > 0 {
		r.block.Bytes, r.bytes = r.stats.Bytes-r.bytes, r.stats.Bytes
		b := r.block
		r.block = block.Block{}
		if !r.out(b) {
			return errStopped
		}
	}
	if !r.flushFaults() {
		return errStopped
	}
	return nil
}

func (r *reader) flushFaults() bool {
	b := r.fault
	r.fault = block.Block{}
	if b.Records == 0 {
		return true
	}
	b.Bytes, r.bytes = r.stats.Bytes-r.bytes, r.stats.Bytes
	return r.out(b)
}
