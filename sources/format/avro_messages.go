package format

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/twmb/avro"

	"crest/block"
)

// An AvroDecoder decodes messages each of which is one datum of Avro. It is safe
// for goroutines.
type AvroDecoder struct {
	options Options
	// own is the schema of messages that carry no ID, and mark how a message in
	// single-object encoding of that schema begins; nil where all carry one.
	own  *avroSchema
	mark string

	mu    sync.RWMutex
	byID  map[uint32]*avroSchema
	wrong map[uint32]error // why the schema of an ID is of no use
}

// MaxSchemas is how many schemas an AvroDecoder takes.
const MaxSchemas = 10_000

const (
	// framedSize is how long the header is that carries a schema's ID: a zero,
	// and four bytes, the highest first.
	framedSize = 5
	// singleObject is how single-object encoding begins; the schema's CRC-64-AVRO
	// fingerprint follows.
	singleObject = "\xc3\x01"
)

// NewAvroDecoder returns a decoder of messages of one schema, in JSON: datums as
// they are, or in single-object encoding. Where the schema is empty, each message
// carries the ID of its schema instead, as Confluent's serializers write it, and
// each schema must be added before a message of it is decoded.
//
// Fields mean what they mean in files of Avro. A message that the queue has a
// time for needs no time field.
func NewAvroDecoder(o Options, schema string) (*AvroDecoder, error) {
	d := &AvroDecoder{options: o, byID: make(map[uint32]*avroSchema), wrong: make(map[uint32]error)}
	if schema == "" {
		return d, nil
	}
	var err error
	if d.own, err = newAvroSchema([]byte(schema), &o, true); err != nil {
		return nil, err
	}
	parsed, err := avro.Parse(schema)
	if err != nil {
		return nil, err
	}
	fingerprint := binary.BigEndian.Uint64(parsed.Fingerprint(avro.NewRabin()))
	d.mark = singleObject + string(binary.LittleEndian.AppendUint64(nil, fingerprint))
	return d, nil
}

// Add adds the schema of an ID. Where it is of no use, messages of it are
// rejected for that reason.
func (d *AvroDecoder) Add(id uint32, schema string) {
	s, err := newAvroSchema([]byte(schema), &d.options, true)
	if err != nil {
		d.Refuse(id, err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.byID)+len(d.wrong) < MaxSchemas {
		d.byID[id] = s
	}
}

// Refuse makes messages of an ID be rejected, for the given reason.
func (d *AvroDecoder) Refuse(id uint32, why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.byID)+len(d.wrong) < MaxSchemas {
		d.wrong[id] = why
	}
}

// Missing returns the IDs of a block's messages that have not been added. It is
// empty where messages carry none, and where there are MaxSchemas.
func (d *AvroDecoder) Missing(b *block.Block) (ids []uint32) {
	if d.own != nil {
		return nil
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	asked := make(map[uint32]bool)
	for i := range b.Messages {
		id, ok := schemaID(b.Text(b.Messages[i].Raw))
		if ok && !asked[id] && d.byID[id] == nil && d.wrong[id] == nil && len(d.byID)+len(d.wrong)+len(asked) < MaxSchemas {
			asked[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// schemaID is the ID of its schema that a message carries.
func schemaID(raw []byte) (uint32, bool) {
	if len(raw) < framedSize || raw[0] != 0 {
		return 0, false
	}
	return binary.BigEndian.Uint32(raw[1:]), true
}

// schema returns the schema of a message, and its datum.
func (d *AvroDecoder) schema(raw []byte) (*avroSchema, []byte, error) {
	if d.own != nil {
		if len(raw) >= len(d.mark) && string(raw[:len(d.mark)]) == d.mark {
			raw = raw[len(d.mark):]
		}
		return d.own, raw, nil
	}
	id, ok := schemaID(raw)
	if !ok {
		return nil, nil, fmt.Errorf("it does not begin with a zero and the ID of a schema")
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if s := d.byID[id]; s != nil {
		return s, raw[framedSize:], nil
	}
	if err := d.wrong[id]; err != nil {
		return nil, nil, fmt.Errorf("schema %d: %w", id, err)
	}
	return nil, nil, fmt.Errorf("schema %d is one of more than %d", id, MaxSchemas)
}

// Decode implements Decoder.
func (d *AvroDecoder) Decode(b *block.Block, _ int64) {
	readers := make(map[*avroSchema]*avroReader)
	for i := range b.Messages {
		m := &b.Messages[i]
		raw, rows := b.Text(m.Raw), len(b.Times)
		reason, detail := block.Empty, "the message is empty"
		if len(raw) > 0 {
			reason, detail = d.message(readers, b, m)
		}
		if m.Rejected = reason != ""; m.Rejected {
			b.Reject(m.Offset, reason, detail, raw)
			continue
		}
		m.Rows = uint32(len(b.Times) - rows)
	}
	b.Records += int64(len(b.Messages))
}

// message appends the rows of a message, or says why there are none.
func (d *AvroDecoder) message(readers map[*avroSchema]*avroReader, b *block.Block, m *block.Message) (block.Reason, string) {
	s, datum, err := d.schema(b.Text(m.Raw))
	if err != nil {
		return block.Malformed, err.Error()
	}
	r := readers[s]
	if r == nil {
		r = newAvroReader(s, &d.options, nil)
		readers[s] = r
	}
	if err := r.one(b, datum); err != nil {
		return block.Malformed, err.Error()
	}
	return r.rows(b, m, &d.options)
}

// one reads the one record of a message into r.values.
func (r *avroReader) one(b *block.Block, datum []byte) error {
	r.b = b
	r.avroDecoder = avroDecoder{data: datum}
	r.budget = len(datum) + 1<<10
	r.seen = [roles]bool{}
	for role := range r.values {
		v := &r.values[role]
		*v = vector{ints: v.ints[:0], texts: v.texts[:0], faults: v.faults[:0], counts: v.counts[:0]}
	}
	r.value(r.schema.root, 0)
	if r.err == nil && r.at != len(datum) {
		r.err = fmt.Errorf("%d bytes are left over", len(datum)-r.at)
	}
	return r.err
}

// rows makes rows of the record that was read.
func (r *avroReader) rows(b *block.Block, m *block.Message, o *Options) (block.Reason, string) {
	times, items, segments, weights := &r.values[roleTime], &r.values[roleItem], &r.values[roleSegment], &r.values[roleWeight]
	at := m.Time
	if r.seen[roleTime] {
		at = times.ints[0]
	} else if at == block.NoTime {
		return block.MissingTime, "no " + o.Time
	} else if _, reason := inRange(at, true); reason != "" {
		return reason, fmt.Sprintf("the message's time is %d", at)
	}
	if !r.seen[roleItem] {
		return block.MissingItem, "no " + o.Item
	}
	if reason, detail := r.values.reason(o, 0); reason != "" {
		return reason, detail
	}
	first := len(b.Items)
	for _, t := range items.texts {
		if !o.Extract.appendItems(b, t) {
			b.Items = b.Items[:first]
			return block.ItemTooLong, o.Item
		}
	}
	var segment block.Text
	if r.seen[roleSegment] {
		segment = segments.texts[0]
	}
	weight := uint64(1)
	if r.seen[roleWeight] {
		weight = uint64(weights.ints[0])
	}
	finish(b, at, segment, weight)
	m.Time = at
	return "", ""
}
