package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"crest/block"
)

// A Batch is a pre-aggregated message: how often each item came in one span of
// time. Its bytes are described in docs/format/batch.md.
type Batch struct {
	// Producer says who made it: at most MaxProducer bytes of UTF-8, the same for
	// as long as it can happen that a batch is sent again.
	Producer string
	// Epoch grows each time that the producer starts. Batches of an epoch below
	// the highest that was seen are refused.
	Epoch uint64
	// Sequence counts the batches of an epoch. One that is sent again keeps its
	// number, and goes to the partition that it went to first.
	Sequence uint64
	// Start is when the span of time begins, in milliseconds since the epoch, and
	// Size how long it is, in milliseconds, at least 1. All that is in the batch
	// is counted at Start.
	Start, Size int64
	// Segments hold the counts.
	Segments []BatchSegment
}

// A BatchSegment is one segment's part of a batch.
type BatchSegment struct {
	Name  string // at most block.MaxSegment bytes of UTF-8
	Items []BatchItem
}

// A BatchItem is an item and what it weighs in all, from 0 to 2^53.
type BatchItem struct {
	Item  string // at most block.MaxItem bytes of UTF-8
	Count uint64
}

// MaxProducer is the longest name of a producer, in bytes.
const MaxProducer = 128

const (
	batchMagic   = "CREB"
	batchVersion = 1
	// batchEntry is the fewest bytes of a segment or an item: a length, a count.
	batchEntry = 2
)

var errBatch = errors.New("batch")

// AppendBinary appends the bytes of the batch to dst. It fails where the decoder
// would refuse them.
func (b *Batch) AppendBinary(dst []byte) ([]byte, error) {
	at := len(dst)
	dst = append(dst, batchMagic...)
	dst = append(dst, batchVersion)
	dst = appendBatchText(dst, b.Producer)
	for _, v := range [...]uint64{b.Epoch, b.Sequence, uint64(b.Start), uint64(b.Size), uint64(len(b.Segments))} {
		dst = binary.AppendUvarint(dst, v)
	}
	for i := range b.Segments {
		s := &b.Segments[i]
		dst = appendBatchText(dst, s.Name)
		dst = binary.AppendUvarint(dst, uint64(len(s.Items)))
		for j := range s.Items {
			dst = appendBatchText(dst, s.Items[j].Item)
			dst = binary.AppendUvarint(dst, s.Items[j].Count)
		}
	}
	if _, err := walkBatch(dst[at:], batchVisitor{}); err != nil {
		return dst[:at], err
	}
	return dst, nil
}

func appendBatchText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// DecodeBatch returns the batch whose bytes p holds, and nothing else.
func DecodeBatch(p []byte) (*Batch, error) {
	b := &Batch{}
	head, err := walkBatch(p, batchVisitor{
		segment: func(from, to int) { b.Segments = append(b.Segments, BatchSegment{Name: string(p[from:to])}) },
		item: func(from, to int, count uint64) {
			s := &b.Segments[len(b.Segments)-1]
			s.Items = append(s.Items, BatchItem{Item: string(p[from:to]), Count: count})
		},
	})
	if err != nil {
		return nil, err
	}
	b.Producer, b.Epoch, b.Sequence, b.Start, b.Size = string(head.producer), head.epoch, head.sequence, head.start, head.size
	return b, nil
}

// batchHead is what a batch says of itself.
type batchHead struct {
	producer        []byte
	epoch, sequence uint64
	start, size     int64
}

// A batchVisitor is told what a batch holds; texts are [from, to) of its bytes.
type batchVisitor struct {
	head    func(batchHead) error
	segment func(from, to int)
	item    func(from, to int, count uint64)
}

// walkBatch reads a batch from its first byte to its last. What was visited is
// worth nothing where it fails.
func walkBatch(p []byte, v batchVisitor) (batchHead, error) {
	d := batchDecoder{p: p}
	if len(p) <= len(batchMagic) || string(p[:len(batchMagic)]) != batchMagic {
		return batchHead{}, fmt.Errorf("%w: it does not begin with %s", errBatch, batchMagic)
	}
	if p[len(batchMagic)] != batchVersion {
		return batchHead{}, fmt.Errorf("%w: version %d is unknown", errBatch, p[len(batchMagic)])
	}
	d.at = len(batchMagic) + 1
	from, to := d.text("producer", MaxProducer)
	h := batchHead{producer: p[from:to], epoch: d.uvarint(), sequence: d.uvarint()}
	h.start = d.within("start", block.MinTime, block.MaxTime)
	h.size = d.within("size", 1, block.MaxTime)
	if from == to {
		d.fail("it has no producer")
	}
	if d.err == nil && v.head != nil {
		if err := v.head(h); err != nil {
			return h, err
		}
	}
	for segments := d.count("segments"); segments > 0 && d.err == nil; segments-- {
		from, to := d.text("segment", block.MaxSegment)
		if d.err == nil && v.segment != nil {
			v.segment(from, to)
		}
		for items := d.count("items"); items > 0 && d.err == nil; items-- {
			from, to := d.text("item", block.MaxItem)
			count := d.within("count", 0, maxWeight)
			if d.err == nil && v.item != nil {
				v.item(from, to, uint64(count))
			}
		}
	}
	if d.err == nil && d.at != len(p) {
		d.fail("%d bytes are left over", len(p)-d.at)
	}
	return h, d.err
}

// batchDecoder reads p; after the first error it reads zeros.
type batchDecoder struct {
	p   []byte
	at  int
	err error
}

func (d *batchDecoder) fail(text string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s at byte %d", errBatch, fmt.Sprintf(text, args...), d.at)
	}
	d.at = len(d.p)
}

// uvarint reads a number, which must be written in the fewest bytes.
func (d *batchDecoder) uvarint() uint64 {
	if d.at < len(d.p) && d.p[d.at] < 0x80 {
		d.at++
		return uint64(d.p[d.at-1])
	}
	v, n := binary.Uvarint(d.p[d.at:])
	if n <= 0 || n > 1 && d.p[d.at+n-1] == 0 {
		d.fail("a number is cut or malformed")
		return 0
	}
	d.at += n
	return v
}

func (d *batchDecoder) within(name string, least, most int64) int64 {
	v := d.uvarint()
	if d.err == nil && (v > math.MaxInt64 || int64(v) < least || int64(v) > most) {
		d.fail("%s is %d, not from %d to %d", name, v, least, most)
		return 0
	}
	return int64(v)
}

// count reads how many things follow.
func (d *batchDecoder) count(name string) int {
	n := d.uvarint()
	if n > uint64((len(d.p)-d.at)/batchEntry) {
		d.fail("%d %s in %d bytes", n, name, len(d.p)-d.at)
		return 0
	}
	return int(n)
}

// text reads a text and returns where it is.
func (d *batchDecoder) text(name string, most uint64) (from, to int) {
	n := d.uvarint()
	if d.err == nil && (n > most || n > uint64(len(d.p)-d.at)) {
		d.fail("%s of %d bytes", name, n)
	}
	if d.err != nil {
		return 0, 0
	}
	from, to = d.at, d.at+int(n)
	if !utf8.Valid(d.p[from:to]) {
		d.fail("%s is not UTF-8", name)
		return 0, 0
	}
	d.at = to
	return from, to
}
