package archive

import (
	"unicode/utf8"

	"crest/archive"
	"crest/block"
)

// packBytes bounds the blocks that a bundle keeps until it makes chunks of them.
const packBytes = 16 << 20

// packFn makes chunks of a bundle's messages: the more of them at once, the better
// they are compressed.
type packFn struct {
	JSON bool

	packer *archive.Packer
	blocks []block.Block
	bytes  int
}

// StartBundle forgets what a failed bundle has left.
func (fn *packFn) StartBundle(func(string, archive.Batch)) {
	if fn.packer == nil {
		fn.packer = archive.NewPacker()
	}
	fn.drop()
}

func (fn *packFn) drop() {
	for i := range fn.blocks {
		fn.blocks[i].Release()
	}
	clear(fn.blocks)
	fn.blocks, fn.bytes = fn.blocks[:0], 0
}

func (fn *packFn) ProcessElement(b block.Block, emit func(string, archive.Batch)) error {
	if len(b.Messages) == 0 {
		return nil
	}
	b.Hold()
	fn.blocks = append(fn.blocks, b)
	if fn.bytes += len(b.Data); fn.bytes < packBytes {
		return nil
	}
	return fn.flush(emit)
}

func (fn *packFn) FinishBundle(emit func(string, archive.Batch)) error { return fn.flush(emit) }

// hours are the records of one source by their hour.
type hours map[archive.Hour][]archive.Record

// flush emits the messages of the blocks as chunks, by source.
func (fn *packFn) flush(emit func(string, archive.Batch)) error {
	defer fn.drop()
	sources := make(map[string]hours)
	for i := range fn.blocks {
		b := &fn.blocks[i]
		if sources[b.Source] == nil {
			sources[b.Source] = make(hours)
		}
		fn.spread(b, sources[b.Source])
	}
	for source, parts := range sources {
		var batch archive.Batch
		for _, records := range parts {
			if err := fn.packer.Pack(records, func(c archive.Chunk) { batch.Chunks = append(batch.Chunks, c) }); err != nil {
				return err
			}
		}
		emit(source, batch)
	}
	return nil
}

// spread adds the messages of a block to their hours.
func (fn *packFn) spread(b *block.Block, parts hours) {
	var hour archive.Hour
	var records []archive.Record // of the hour
	for i := range b.Messages {
		m := &b.Messages[i]
		if h := archive.HourOf(m.Time); h != hour || i == 0 {
			if i > 0 {
				parts[hour] = records
			}
			hour, records = h, parts[h]
		}
		r := archive.Record{Source: b.Source, Offset: m.Offset, Time: m.Time, Payload: b.Text(m.Raw)}
		if m.Offset < 0 {
			r.Offset, r.ID = -1, b.Text(m.ID)
		}
		if fn.JSON {
			// What was decoded is JSON, though perhaps not in UTF-8.
			r.Text = !m.Rejected && utf8.Valid(r.Payload) || archive.IsText(r.Payload)
		}
		records = append(records, r)
	}
	parts[hour] = records
}
