package kafka

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"crest/block"
	"crest/sources/format"
)

// rawBatch is a record batch of some values. Without a value at an index there is
// no record at that offset.
func rawBatch(first int64, attributes int16, producer int64, values ...[]byte) []byte {
	var records []byte
	n := int32(0)
	for i, v := range values {
		if v == nil {
			continue
		}
		n++
		r := kmsg.Record{OffsetDelta: int32(i), Value: v}
		body := r.AppendTo(nil)[1:] // its length, which is 0, takes a byte
		records = binary.AppendVarint(records, int64(len(body)))
		records = append(records, body...)
	}
	b := kmsg.RecordBatch{
		FirstOffset: first, Magic: 2, Attributes: attributes, LastOffsetDelta: int32(len(values)) - 1,
		FirstTimestamp: 1e12, MaxTimestamp: 2e12, ProducerID: producer, NumRecords: n, Records: records,
	}
	return sealed(b.AppendTo(nil))
}

// sealed sets the length and the checksum of a batch.
func sealed(p []byte) []byte {
	binary.BigEndian.PutUint32(p[8:], uint32(len(p)-12))
	binary.BigEndian.PutUint32(p[17:], crc32.Checksum(p[21:], castagnoli))
	return p
}

func newAssembler(t testing.TB, data []byte, from, to int64, gone ...kmsg.FetchResponseTopicPartitionAbortedTransaction) *assembler {
	t.Helper()
	cfg := Config{Brokers: []string{"127.0.0.1:1"}, Topic: topic, Fields: fields, Payload: format.JSON}
	decode, err := cfg.newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return &assembler{source: "x", decompressor: kgo.DefaultDecompressor(), decode: decode, gone: newAborted(gone), data: data, at: from, end: to}
}

func assemble(t testing.TB, a *assembler) []piece {
	t.Helper()
	for {
		more, err := a.step(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return a.ready()
		}
	}
}

func TestAssemble(t *testing.T) {
	v := func(s string) []byte { return []byte(`{"item":"` + s + `"}`) }
	control := func(first, producer int64, kind byte) []byte {
		p := rawBatch(first, attrControl|attrTransactional, producer, []byte{})
		r := kmsg.Record{Key: []byte{0, 0, 0, kind}}
		body := r.AppendTo(nil)[1:]
		p = append(p[:batchHeader], byte(len(body)*2))
		return sealed(append(p, body...))
	}
	old := rawBatch(40, 0, 0, v("old"))
	old[16] = 1
	broken := rawBatch(50, 0, 0, v("b"), v("c"))
	broken[len(broken)-1]++
	cut := rawBatch(60, 0, 0, v("d"), v("e"), v("f"))
	cut = sealed(cut[:len(cut)-5])
	gzip := sealed(append(rawBatch(70, 1, 0, v("g"))[:batchHeader], "not gzip"...))
	var data []byte
	for _, p := range [][]byte{
		rawBatch(10, 0, 0, v("before"), v("a"), nil, v("a")),
		rawBatch(14, attrTransactional, 7, v("aborted")), rawBatch(15, attrTransactional, 8, v("good")), control(16, 7, 0),
		rawBatch(17, attrTransactional, 7, v("good")), control(18, 7, 1),
		rawBatch(20, 0, 0, nil, nil, nil), // compacted
		rawBatch(30, attrAppendTime, 0, v("late")), old, broken, cut, gzip,
		rawBatch(80, 0, 0, v("last"), v("after")), []byte("the broker cut this"),
	} {
		data = append(data, p...)
	}
	abort := kmsg.FetchResponseTopicPartitionAbortedTransaction{ProducerID: 7, FirstOffset: 14}
	pieces := assemble(t, newAssembler(t, data, 11, 81, abort))
	if len(pieces) != 1 {
		t.Fatalf("%d pieces", len(pieces))
	}
	b := &pieces[0].block
	var items []string
	for i := range b.Items {
		items = append(items, fmt.Sprint(string(b.Text(b.Items[i])), " ", b.Times[i]/1e12))
	}
	if got := strings.Join(items, ", "); got != "a 1, a 1, good 1, good 1, late 2, d 1, e 1, last 1" {
		t.Errorf("items %s", got)
	}
	if b.From != 11 || b.To != 81 || b.Records != 8+1+2+1+1 || pieces[0].low != 1e12 || pieces[0].high != 2e12 {
		t.Errorf("[%d, %d), %d records, times %d to %d", b.From, b.To, b.Records, pieces[0].low, pieces[0].high)
	}
	for i, want := range []struct {
		offset, count int64
		detail        string
	}{{40, 1, "format 1"}, {50, 2, "checksum"}, {62, 1, "cut or malformed"}, {70, 1, "decompressing"}} {
		if r := b.Rejects[i]; r.Offset != want.offset || r.Count != want.count || r.Reason != block.Malformed || !strings.Contains(r.Detail, want.detail) {
			t.Errorf("reject %+v, want %+v", r, want)
		}
	}
}

func FuzzAssemble(f *testing.F) {
	v := []byte(`{"item":"x"}`)
	f.Add(rawBatch(10, 0, 0, v, nil, v), int64(10), int64(12))
	f.Add(append(rawBatch(10, attrTransactional, 7, v), rawBatch(11, attrControl|attrTransactional, 7, v)...), int64(10), int64(20))
	f.Add(rawBatch(0, 1, 0, v), int64(0), int64(1))
	f.Add(rawBatch(0, 4, 0, v), int64(0), int64(1))
	f.Fuzz(func(t *testing.T, p []byte, from, to int64) {
		if from < 0 || to <= from || to-from > 1<<40 {
			return
		}
		if len(p) > batchHeader { // a wrong checksum would hide the rest
			if n := int(binary.BigEndian.Uint32(p[8:])) + 12; n >= batchHeader && n <= len(p) {
				binary.BigEndian.PutUint32(p[17:], crc32.Checksum(p[21:n], castagnoli))
			}
		}
		at, records := from, int64(0)
		for _, piece := range assemble(t, newAssembler(t, p, from, to, kmsg.FetchResponseTopicPartitionAbortedTransaction{ProducerID: 7})) {
			b := &piece.block
			if b.From != at || b.To <= at {
				t.Fatalf("[%d, %d) behind %d", b.From, b.To, at)
			}
			for _, m := range b.Messages {
				if m.Offset < b.From || m.Offset >= b.To {
					t.Fatalf("offset %d in [%d, %d)", m.Offset, b.From, b.To)
				}
			}
			at = b.To
			records += b.Records
		}
		if at != to || records > to-from {
			t.Fatalf("%d records to %d, in [%d, %d)", records, at, from, to)
		}
	})
}
