package format

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"crest/block"
	"crest/seedtest"
)

// Pages of many texts without a dictionary take a way of their own.
func TestParquetPlainPages(t *testing.T) {
	type row struct {
		Time    int64   `parquet:"time,timestamp(microsecond)"`
		Item    *string `parquet:"item,optional,plain"`
		Segment string  `parquet:"segment,dict"`
	}
	r := seedtest.Rand(t)
	codecs := []compress.Codec{&parquet.Zstd, &parquet.Snappy, &parquet.Uncompressed, &parquet.Gzip}
	for i := range 12 {
		rows := make([]row, plainRows+r.IntN(3*plainRows))
		want := make(map[string]int)
		rejected := int64(0)
		odd := r.IntN(3)
		for j := range rows {
			item := fmt.Sprintf("item %d", r.IntN(len(rows)))
			rows[j] = row{Time: int64(j) * 1e6, Item: &item, Segment: fmt.Sprint(j % 10)}
			switch {
			case odd == 0 || r.IntN(1000) > 0:
			case odd == 1:
				rows[j].Item = nil
			default:
				item += []string{"\xff", "é", strings.Repeat("x", block.MaxItem)}[r.IntN(3)]
			}
			switch {
			case rows[j].Item == nil || len(item) > block.MaxItem:
				rejected++
			default:
				want[strings.ToValidUTF8(item, "\uFFFD")+" in "+rows[j].Segment]++
			}
		}
		var buf bytes.Buffer
		w := parquet.NewGenericWriter[row](&buf, parquet.Compression(codecs[i%len(codecs)]), parquet.MaxRowsPerRowGroup(2*plainRows),
			parquet.PageBufferSize([]int{1 << 10, 1 << 20}[r.IntN(2)]), parquet.DataPageVersion(1+r.IntN(2)))
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		blocks := allUnits(t, OpenParquet, buf.Bytes(), Options{Time: "time", Item: "item", Segment: "segment"})
		got, records, rejects := make(map[string]int), int64(0), int64(0)
		for k := range blocks {
			b := &blocks[k]
			checkTexts(t, b)
			records, rejects = records+b.Records, rejects+b.Rejected()
			for j, it := range b.Items {
				got[string(b.Text(it))+" in "+string(b.Text(b.Segments[j]))]++
			}
		}
		if records != int64(len(rows)) || rejects != rejected || len(got) != len(want) {
			t.Fatalf("%d records of %d, %d rejects of %d, %d different of %d", records, len(rows), rejects, rejected, len(got), len(want))
		}
		for item, n := range want {
			if got[item] != n {
				t.Fatalf("%q counted %d, want %d", item, got[item], n)
			}
		}
		spoil(t, r, buf.Bytes())
	}
}

// spoil reads a file with some wrong bytes: it must not panic.
func spoil(t *testing.T, r *rand.Rand, data []byte) {
	for range 5 {
		data[r.IntN(len(data))] ^= byte(1 + r.IntN(255))
	}
	c, err := OpenParquet("f", bytes.NewReader(data), int64(len(data)), 0, Options{Time: "time", Item: "item", Segment: "segment"})
	if err != nil {
		return
	}
	for {
		u, err := c.Next()
		if err != nil {
			return
		}
		if err := u.Decode(func(b block.Block) bool { checkTexts(t, &b); return true }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAllDefined(t *testing.T) {
	for _, c := range []struct {
		levels []byte
		n      int
		want   int
	}{
		{[]byte{2, 0, 0, 0, 20, 1, 9, 9}, 10, 6},
		{[]byte{2, 0, 0, 0, 20, 0}, 10, 0},
		{[]byte{2, 0, 0, 0, 18, 1}, 10, 0},
		{[]byte{3, 0, 0, 0, 5, 0xff, 3}, 10, 7},
		{[]byte{3, 0, 0, 0, 5, 0xff, 2}, 10, 0},
		{[]byte{4, 0, 0, 0, 3, 0xff, 4, 1}, 10, 8},
		{[]byte{9, 0, 0, 0, 20, 1}, 10, 0},
		{[]byte{1}, 1, 0},
	} {
		if got := allDefined(c.levels, c.n); got != c.want {
			t.Errorf("%v of %d: %d, want %d", c.levels, c.n, got, c.want)
		}
	}
}
