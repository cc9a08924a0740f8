package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A recordBatch is what brokers store and send: records of one producer,
// compressed together. All numbers are big-endian.
//
//	at byte 0 the first offset (8), the length of what follows (4), epoch (4),
//	at 16 magic (1), checksum of all behind it (4), attributes (2), the last offset's delta (4),
//	at 27 the first and the last timestamp (8, 8), producer's ID, epoch, sequence (8, 2, 4),
//	at 57 the number of records (4), at 61 the records
type recordBatch struct {
	bytes       []byte
	first, last int64 // offsets
}

const (
	batchHeader = 61
	// oldHeader is enough to tell a batch of another format.
	oldHeader = 17

	attrCompression   = 0x07
	attrAppendTime    = 0x08 // the broker's time counts, which is the last timestamp
	attrTransactional = 0x10
	attrControl       = 0x20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// nextBatch takes a whole batch off the front of data; there is none where ok is
// false. Brokers cut the last one.
func nextBatch(data []byte) (b recordBatch, rest []byte, ok bool) {
	if len(data) < oldHeader {
		return b, data, false
	}
	n := int64(int32(binary.BigEndian.Uint32(data[8:]))) + 12
	if n < oldHeader || n > int64(len(data)) {
		return b, data, false
	}
	b.bytes = data[:n]
	b.first = int64(binary.BigEndian.Uint64(data))
	b.last = b.first
	if b.magic() == 2 && n >= batchHeader {
		b.last += int64(int32(binary.BigEndian.Uint32(data[23:])))
	}
	return b, data[n:], b.first >= 0 && b.last >= b.first && b.last < math.MaxInt64
}

func (b *recordBatch) magic() byte       { return b.bytes[16] }
func (b *recordBatch) attributes() int16 { return int16(binary.BigEndian.Uint16(b.bytes[21:])) }
func (b *recordBatch) producer() int64   { return int64(binary.BigEndian.Uint64(b.bytes[43:])) }

// count is how many records there are; none where they were compacted.
func (b *recordBatch) count() int64 {
	return int64(int32(binary.BigEndian.Uint32(b.bytes[57:])))
}

// lost is how many records a batch stands for that cannot be read, at least 1.
func (b *recordBatch) lost() int64 {
	if len(b.bytes) < batchHeader {
		return 1
	}
	return min(max(b.count(), 1), b.last-b.first+1)
}

// check says what is wrong with a batch as a whole.
func (b *recordBatch) check() error {
	switch {
	case b.magic() != 2:
		return fmt.Errorf("record format %d is not read: brokers since 0.11 write 2", b.magic())
	case len(b.bytes) < batchHeader:
		return errors.New("a record batch without a header")
	case crc32.Checksum(b.bytes[21:], castagnoli) != binary.BigEndian.Uint32(b.bytes[17:]):
		return errors.New("a record batch whose checksum is wrong")
	case b.count() < 0 || b.count() > b.last-b.first+1:
		return fmt.Errorf("a record batch of %d records from offset %d to %d", b.count(), b.first, b.last)
	}
	return nil
}

// records returns the records as they are before compression.
func (b *recordBatch) records(d kgo.Decompressor) ([]byte, error) {
	codec := kgo.CompressionCodecType(b.attributes() & attrCompression)
	if codec == kgo.CodecNone {
		return b.bytes[batchHeader:], nil
	}
	p, err := d.Decompress(b.bytes[batchHeader:], codec)
	if err != nil {
		return nil, fmt.Errorf("decompressing a record batch: %w", err)
	}
	return p, nil
}

// times returns what a record's timestamp is added to, and what counts instead
// where the broker set it.
func (b *recordBatch) times() (first, appended int64, byBroker bool) {
	first = int64(binary.BigEndian.Uint64(b.bytes[27:]))
	appended = int64(binary.BigEndian.Uint64(b.bytes[35:]))
	return first, appended, b.attributes()&attrAppendTime != 0
}

// A record is one of a batch. Its offset and time are less those of the batch.
type record struct {
	offset, time int64
	key, value   []byte
}

var errRecord = errors.New("a record that is cut or malformed")

// nextRecord takes a record off the front of p.
func nextRecord(p []byte) (r record, rest []byte, err error) {
	size, n := binary.Varint(p)
	if n <= 0 || size < 0 || size > int64(len(p)-n) {
		return r, nil, errRecord
	}
	rest = p[n+int(size):]
	p = p[n : n+int(size)]
	if len(p) == 0 {
		return r, nil, errRecord
	}
	p = p[1:] // attributes, which mean nothing yet
	if r.time, p, err = number(p); err != nil {
		return r, nil, err
	}
	if r.offset, p, err = number(p); err != nil {
		return r, nil, err
	}
	if r.key, p, err = nullable(p); err != nil {
		return r, nil, err
	}
	r.value, _, err = nullable(p) // headers follow
	return r, rest, err
}

func number(p []byte) (int64, []byte, error) {
	v, n := binary.Varint(p)
	if n <= 0 {
		return 0, nil, errRecord
	}
	return v, p[n:], nil
}

// nullable reads bytes after their length, which is -1 where there are none.
func nullable(p []byte) (v, rest []byte, err error) {
	size, p, err := number(p)
	if err != nil || size > int64(len(p)) {
		return nil, nil, errRecord
	}
	if size < 0 {
		return nil, p, nil
	}
	return p[:size], p[size:], nil
}

// aborted knows which batches of a fetch are of transactions that were aborted:
// of each producer where those begin, in order.
type aborted map[int64][]int64

func newAborted(transactions []kmsg.FetchResponseTopicPartitionAbortedTransaction) aborted {
	if len(transactions) == 0 {
		return nil
	}
	a := make(aborted)
	for _, t := range transactions {
		a[t.ProducerID] = append(a[t.ProducerID], t.FirstOffset)
	}
	for producer := range a {
		slices.Sort(a[producer]) // brokers need not
	}
	return a
}

// has says whether a batch was aborted.
func (a aborted) has(b *recordBatch) bool {
	if len(a) == 0 || b.attributes()&attrTransactional == 0 {
		return false
	}
	firsts := a[b.producer()]
	return len(firsts) > 0 && b.first >= firsts[0]
}

// ended notes that a control batch ends an aborted transaction, if it does.
func (a aborted) ended(b *recordBatch) {
	if !a.has(b) {
		return
	}
	r, _, err := nextRecord(b.bytes[batchHeader:])
	if err == nil && len(r.key) >= 4 && binary.BigEndian.Uint16(r.key[2:]) == 0 {
		a[b.producer()] = a[b.producer()][1:]
	}
}
