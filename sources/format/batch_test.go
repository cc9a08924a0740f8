package format

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"crest/block"
	"crest/seedtest"
)

func randomBatch(r *rand.Rand) Batch {
	b := Batch{
		Producer: fmt.Sprintf("gateway-%d", r.IntN(100)), Epoch: r.Uint64(), Sequence: r.Uint64(),
		Start: r.Int64N(block.MaxTime), Size: 1 + r.Int64N(3600_000),
	}
	for i := range r.IntN(4) {
		s := BatchSegment{Name: strings.Repeat("s", i)}
		for range r.IntN(20) {
			s.Items = append(s.Items, BatchItem{Item: fmt.Sprint(r.Uint32()), Count: r.Uint64N(maxWeight + 1)})
		}
		b.Segments = append(b.Segments, s)
	}
	return b
}

func encodeBatch(t testing.TB, b Batch) []byte {
	t.Helper()
	p, err := b.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBatchBytes(t *testing.T) {
	r := seedtest.Rand(t)
	for range 200 {
		want := randomBatch(r)
		p := encodeBatch(t, want)
		got, err := DecodeBatch(p)
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		for n := range p {
			if _, err := DecodeBatch(p[:n]); err == nil {
				t.Fatalf("%d of %d bytes decode", n, len(p))
			}
		}
		if _, err := DecodeBatch(append(p, 0)); err == nil {
			t.Fatal("a byte too many decodes")
		}
	}
}

// TestBatchBytesStay pins the bytes that docs/format/batch.md shows.
func TestBatchBytesStay(t *testing.T) {
	b := Batch{Producer: "gw1", Epoch: 3, Sequence: 300, Start: 1769903940000, Size: 60000,
		Segments: []BatchSegment{{Name: "de", Items: []BatchItem{{Item: "käse", Count: 2}, {Item: "brot", Count: 1000}}}}}
	const want = "43524542 01 03677731 03 ac02 a0c3fbb3c133 e0d403 01 026465 02 056bc3a47365 02 0462726f74 e807"
	if got := hex.EncodeToString(encodeBatch(t, b)); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("%s", got)
	}
}

func TestBatchRefuses(t *testing.T) {
	good := Batch{Producer: "p", Start: 1, Size: 1, Segments: []BatchSegment{{Items: []BatchItem{{Item: "a", Count: 1}}}}}
	encodeBatch(t, good)
	for want, change := range map[string]func(*Batch){
		"it has no producer":         func(b *Batch) { b.Producer = "" },
		"producer of 129 bytes":      func(b *Batch) { b.Producer = strings.Repeat("p", MaxProducer+1) },
		"size is 0":                  func(b *Batch) { b.Size = 0 },
		"start is":                   func(b *Batch) { b.Start = -1 },
		"item of 1025 bytes":         func(b *Batch) { b.Segments[0].Items[0].Item = strings.Repeat("i", block.MaxItem+1) },
		"item is not UTF-8":          func(b *Batch) { b.Segments[0].Items[0].Item = "\xff" },
		"segment is not UTF-8":       func(b *Batch) { b.Segments[0].Name = "\xff" },
		"count is 9007199254740993,": func(b *Batch) { b.Segments[0].Items[0].Count = maxWeight + 1 },
		"segment of 1025 bytes":      func(b *Batch) { b.Segments[0].Name = strings.Repeat("i", block.MaxSegment+1) },
	} {
		b := good
		b.Segments = []BatchSegment{{Items: []BatchItem{{Item: "a", Count: 1}}}}
		change(&b)
		if _, err := b.AppendBinary(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	for want, text := range map[string]string{
		"begin with CREB":      "json",
		"version 2":            "43524542 02 0170",
		"malformed":            "43524542 01 0170 8000 00 01 01 00",
		"segments in":          "43524542 01 0170 00 00 01 01 ff01",
		"bytes are left over":  "43524542 01 0170 00 00 01 01 00 00",
		"items in":             "43524542 01 0170 00 00 01 01 01 00 ffffffff0f",
		"not from 0 to 725811": "43524542 01 0170 00 00 ffffffffffffffffff01 01 00",
	} {
		p, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			p = []byte(text)
		}
		if _, err := DecodeBatch(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: no %q in %v", text, want, err)
		}
	}
}

func TestBatchMessages(t *testing.T) {
	var b block.Block
	one := Batch{Producer: "p", Epoch: 1, Sequence: 5, Start: 120_000, Size: 60_000, Segments: []BatchSegment{{Items: []BatchItem{{Item: "a", Count: 3}, {Item: "b", Count: 4}}}}}
	two := Batch{Producer: "q", Epoch: 2, Sequence: 6, Start: 180_000, Size: 30_000, Segments: []BatchSegment{{Name: "de", Items: []BatchItem{{Item: "c", Count: 5}}}, {Items: []BatchItem{{Item: "d"}}}}}
	wide := one
	wide.Start++
	cut := encodeBatch(t, two)
	for i, p := range [][]byte{encodeBatch(t, one), cut[:len(cut)-1], encodeBatch(t, wide), encodeBatch(t, two), nil} {
		b.Append(p, nil, int64(i), block.NoTime)
	}
	stamps := NewBatchDecoder(time.Minute).Stamps(&b)
	if want := []Stamp{{0, "p", 1, 5}, {3, "q", 2, 6}}; !reflect.DeepEqual(stamps, want) {
		t.Errorf("stamps %+v", stamps)
	}
	var rows []string
	for i := range b.Items {
		rows = append(rows, fmt.Sprintf("%d %s %s %d", b.Times[i], string(b.Text(b.Segments[i])), string(b.Text(b.Items[i])), b.Weights[i]))
	}
	if want := []string{"120000  a 3", "120000  b 4", "180000 de c 5", "180000  d 0"}; !reflect.DeepEqual(rows, want) {
		t.Errorf("rows %q", rows)
	}
	if b.Records != 5 || b.Rejected() != 3 || b.Messages[0].Rows != 2 || b.Messages[0].Time != 120_000 || !b.Messages[1].Rejected || b.Messages[1].Rows != 0 {
		t.Errorf("%d records, rejects %+v, messages %+v", b.Records, b.Rejects, b.Messages)
	}
	for i, want := range []struct {
		offset int64
		reason block.Reason
		detail string
	}{{1, block.Malformed, "cut"}, {2, block.Malformed, "several panes of 1m0s"}, {4, block.Empty, ""}} {
		if r := b.Rejects[i]; r.Offset != want.offset || r.Reason != want.reason || !strings.Contains(r.Detail, want.detail) {
			t.Errorf("reject %+v", r)
		}
	}
}

func FuzzBatch(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		f.Add(encodeBatch(f, randomBatch(r)))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		b, err := DecodeBatch(p)
		var blk block.Block
		blk.Append(p, nil, 0, block.NoTime)
		stamps := NewBatchDecoder(0).Stamps(&blk)
		if (len(stamps) == 1) != (err == nil) || (blk.Rejected() == 0) != (err == nil) {
			t.Fatalf("%d stamps, %d rejects, %v", len(stamps), blk.Rejected(), err)
		}
		if _, err := blk.AppendBinary(nil); err != nil || len(blk.Times) != len(blk.Items) || len(blk.Weights) != len(blk.Items) {
			t.Fatalf("%d times, %d items", len(blk.Times), len(blk.Items))
		}
		if err != nil {
			return
		}
		again, err := b.AppendBinary(nil)
		if err != nil || string(again) != string(p) {
			t.Fatalf("%x became %x, %v", p, again, err)
		}
	})
}
