package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"
)

const (
	// chunkBytes is how much text makes a chunk, at most one record more.
	chunkBytes = 4 << 20
	// windowSize is how far a chunk's compression looks back, in bytes: what each
	// file that is open costs its reader.
	windowSize = 512 << 10
)

// A Chunk is records of one hour of a source: one after another as lines of NDJSON, in the
// order of their keys, each once, compressed into a stream of its own. Streams that
// stand behind one another are one stream.
type Chunk struct {
	Hour Hour
	// First and Last are the keys of its first and last record, without Source.
	First, Last Key
	// Records is how many it holds.
	Records int64
	Frame   []byte
}

// A Key is what tells a record from the others of its source.
type Key struct {
	Offset int64
	ID     string
}

func keyOf(r *Record) Key { return Key{Offset: r.Offset, ID: string(r.ID)} }

func (k Key) record() Record { return Record{Offset: k.Offset, ID: []byte(k.ID)} }

func (k Key) compare(other Key) int {
	a, b := k.record(), other.record()
	return a.Compare(&b)
}

// A Packer makes chunks. It is used by one goroutine.
type Packer struct {
	zstd  *zstd.Encoder
	lines []byte
	chunk Chunk
}

// NewPacker returns a Packer.
func NewPacker() *Packer {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowSize))
	if err != nil {
		panic("archive: " + err.Error()) // of the options alone
	}
	return &Packer{zstd: z}
}

// Pack sorts records of one hour of a source, drops those that repeat another, and
// emits them as chunks.
func (p *Packer) Pack(records []Record, emit func(Chunk)) error {
	compare := func(a, b Record) int { return a.Compare(&b) }
	if !slices.IsSortedFunc(records, compare) {
		slices.SortStableFunc(records, compare)
	}
	defer p.drop()
	for i := range records {
		if i > 0 && records[i].repeats(&records[i-1]) {
			continue
		}
		if err := p.add(&records[i], emit); err != nil {
			return err
		}
	}
	p.flush(emit)
	return nil
}

// add adds a record behind the others.
func (p *Packer) add(r *Record, emit func(Chunk)) (err error) {
	if p.lines, err = AppendLine(p.lines, r); err != nil {
		return err
	}
	if p.chunk.Records == 0 {
		p.chunk.Hour, p.chunk.First = HourOf(r.Time), keyOf(r)
	}
	p.chunk.Records++
	p.chunk.Last = Key{Offset: r.Offset}
	if len(r.ID) > 0 {
		p.chunk.Last.ID = string(r.ID)
	}
	if len(p.lines) >= chunkBytes {
		p.flush(emit)
	}
	return nil
}

func (p *Packer) flush(emit func(Chunk)) {
	if p.chunk.Records > 0 {
		p.chunk.Frame = p.zstd.EncodeAll(p.lines, make([]byte, 0, len(p.lines)/4))
		emit(p.chunk)
	}
	p.drop()
}

// drop forgets what has not been emitted.
func (p *Packer) drop() { p.lines, p.chunk = p.lines[:0], Chunk{} }

// merge merges sequences of chunks of an hour of a source.
func (p *Packer) merge(runs [][]Chunk, emit func(Chunk)) (err error) {
	var fault error
	faults := func(f Fault) { fault = fmt.Errorf("merging chunks: %s: %s", f.Reason, f.Detail) }
	var inputs []input
	for _, chunks := range runs {
		inputs = append(inputs, input{first: chunks[0].First.record(), open: func() (run, error) { return openChunks(chunks, faults) }})
	}
	m := newMerger(inputs, &Stats{}, faults)
	m.keep = true
	defer func() { err = errors.Join(err, m.Close()) }()
	defer p.drop()
	for {
		r, ok, err := m.Next()
		if err == nil {
			err = fault
		}
		if err != nil {
			return err
		}
		if !ok {
			p.flush(emit)
			return nil
		}
		if err := p.add(r, emit); err != nil {
			return err
		}
	}
}

// A Batch is chunks of one source.
type Batch struct{ Chunks []Chunk }

// AppendBinary appends the encoded Batch to dst.
func (b *Batch) AppendBinary(dst []byte) ([]byte, error) {
	for i := range b.Chunks {
		c := &b.Chunks[i]
		dst = binary.AppendVarint(dst, int64(c.Hour))
		for _, k := range [...]Key{c.First, c.Last} {
			dst = binary.AppendVarint(dst, k.Offset)
			dst = binary.AppendUvarint(dst, uint64(len(k.ID)))
			dst = append(dst, k.ID...)
		}
		dst = binary.AppendVarint(dst, c.Records)
		dst = binary.AppendUvarint(dst, uint64(len(c.Frame)))
		dst = append(dst, c.Frame...)
	}
	return dst, nil
}

// DecodeBatch returns the Batch that AppendBinary encoded, as a copy.
func DecodeBatch(b []byte) (batch Batch, err error) {
	d := chunkDecoder{rest: b}
	for len(d.rest) > 0 && !d.bad {
		chunk := Chunk{Hour: Hour(d.number())}
		for _, k := range [...]*Key{&chunk.First, &chunk.Last} {
			*k = Key{Offset: d.number(), ID: string(d.bytes())}
		}
		chunk.Records, chunk.Frame = d.number(), slices.Clone(d.bytes())
		batch.Chunks = append(batch.Chunks, chunk)
	}
	if d.bad {
		return Batch{}, errors.New("decoding chunks of an archive: they end early")
	}
	return batch, nil
}

// chunkDecoder reads from the front of rest, until something is bad.
type chunkDecoder struct {
	rest []byte
	bad  bool
}

func (d *chunkDecoder) number() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.rest, d.bad = nil, true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *chunkDecoder) bytes() []byte {
	size, n := binary.Uvarint(d.rest)
	if n <= 0 || size > uint64(len(d.rest)-n) {
		d.rest, d.bad = nil, true
		return nil
	}
	b := d.rest[n : n+int(size)]
	d.rest = d.rest[n+int(size):]
	return b
}
