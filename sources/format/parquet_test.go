package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"crest/block"
	"crest/seedtest"
)

type parquetEvent struct {
	Time    *time.Time `parquet:"time,timestamp(microsecond),optional"`
	Item    *string    `parquet:"item,optional,dict"`
	Segment string     `parquet:"segment"`
	Weight  *int32     `parquet:"weight,optional"`
	Geo     struct {
		Country string `parquet:"country,dict"`
	} `parquet:"geo"`
	Tags []string `parquet:"tags,list"`
	N    int64    `parquet:"n"`
}

var eventFields = Options{Time: "time", Item: "item", Segment: "segment", Weight: "weight"}

// units decodes a container from start, up to the units that start at end.
func units(t testing.TB, open func(string, io.ReaderAt, int64, int64, Options) (Container, error), data []byte, start, end int64, o Options) []block.Block {
	t.Helper()
	c, err := open("test", bytes.NewReader(data), int64(len(data)), start, o)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block.Block
	last := int64(-1)
	for {
		u, err := c.Next()
		if errors.Is(err, io.EOF) {
			return blocks
		}
		if err != nil {
			t.Fatal(err)
		}
		if u.Start() <= last || u.Start() < start {
			t.Fatalf("a unit at %d after one at %d, from %d", u.Start(), last, start)
		}
		if last = u.Start(); last >= end {
			return blocks
		}
		if err := u.Decode(func(b block.Block) bool { blocks = append(blocks, b); return true }); err != nil {
			t.Fatal(err)
		}
	}
}

func allUnits(t testing.TB, open func(string, io.ReaderAt, int64, int64, Options) (Container, error), data []byte, o Options) []block.Block {
	t.Helper()
	blocks := units(t, open, data, 0, int64(len(data)), o)
	var n int64
	for i := range blocks {
		n += blocks[i].Bytes
	}
	if n != int64(len(data)) {
		t.Errorf("blocks of %d bytes in a file of %d", n, len(data))
	}
	return blocks
}

func unitRows(blocks []block.Block) (rows []string) {
	for i := range blocks {
		b := &blocks[i]
		for j := range b.Times {
			row := fmt.Sprintf("%d %s", b.Times[j], b.Text(b.Items[j]))
			if b.Segments != nil {
				row += " in " + string(b.Text(b.Segments[j]))
			}
			if b.Weights != nil {
				row += fmt.Sprintf(" ×%d", b.Weights[j])
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func unitRejects(blocks []block.Block) (rejects []string) {
	for i := range blocks {
		for _, r := range blocks[i].Rejects {
			rejects = append(rejects, fmt.Sprintf("%d %s ×%d", r.Offset, r.Reason, r.Count))
		}
	}
	return rejects
}

func ptr[T any](x T) *T { return &x }

func checkUnits(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("%s:\n%s\nwant\n%s", what, g, w)
	}
}

func TestParquetValues(t *testing.T) {
	at := func(ms int64) *time.Time { return ptr(time.UnixMilli(ms)) }
	events := []parquetEvent{
		{Time: at(1000), Item: ptr("a"), Segment: "s", Tags: []string{"x", "y"}, N: 1_000_000_000},
		{Time: nil, Item: ptr("b"), Tags: nil},
		{Time: at(2000), Item: nil},
		{Time: at(-1), Item: ptr("c")},
		{Time: at(3000), Item: ptr("d\xff!"), Segment: "t", Weight: ptr(int32(7)), Tags: []string{"z"}, N: 1_000_000_000_000},
		{Time: at(4000), Item: ptr("e"), Weight: ptr(int32(-1))},
		{Time: at(5000), Item: ptr(strings.Repeat("x", block.MaxItem+1))},
		{Time: at(6000), Item: ptr("f"), Segment: strings.Repeat("x", block.MaxSegment+1)},
		{Time: at(7000), Item: ptr(""), N: -1},
	}
	for i := range events {
		events[i].Geo.Country = fmt.Sprintf("c%d", i%2)
	}
	data := parquetBytes(t, events, &parquet.Snappy)
	blocks := allUnits(t, OpenParquet, data, eventFields)
	checkUnits(t, "rows", unitRows(blocks), "1000 a in s ×1", "3000 d\uFFFD! in t ×7", "7000  in  ×1")
	checkUnits(t, "rejects", unitRejects(blocks), "1 missing time ×1", "2 missing item ×1", "3 time out of range ×1",
		"5 bad weight ×1", "6 item too long ×1", "7 bad segment ×1")

	blocks = allUnits(t, OpenParquet, data, Options{Time: "time", Item: "geo.country"})
	if rows := unitRows(blocks); len(rows) != 7 || rows[0] != "1000 c0" {
		t.Errorf("nested: %q", rows)
	}
	blocks = allUnits(t, OpenParquet, data, Options{Time: "time", Item: "tags"})
	checkUnits(t, "lists", unitRows(blocks), "1000 x", "1000 y", "3000 z")
	blocks = allUnits(t, OpenParquet, data, Options{Time: "n", Item: "n"})
	if rows := unitRows(blocks); len(rows) != 8 || rows[0] != "1000000000000 1000000000" || rows[4] != "1000000000000 1000000000000" {
		t.Errorf("numbers: %q", rows)
	}
	words, _ := ParseExtract("words")
	blocks = allUnits(t, OpenParquet, data, Options{Time: "time", Item: "segment", Extract: words})
	if rows := unitRows(blocks); len(rows) != 2 || rows[1] != "3000 t" {
		t.Errorf("words: %q", rows)
	}
}

func TestParquetTypes(t *testing.T) {
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	const ms = 1767312000000
	type row struct {
		Millis int64    `parquet:"millis,timestamp(millisecond)"`
		Nanos  int64    `parquet:"nanos,timestamp(nanosecond)"`
		Day    int32    `parquet:"day,date"`
		Text   string   `parquet:"text"`
		Double float64  `parquet:"double"`
		Enum   string   `parquet:"enum,enum"`
		Bool   bool     `parquet:"bool"`
		UUID   [16]byte `parquet:"uuid,uuid"`
		Float  float32  `parquet:"float"`
	}
	data := parquetBytes(t, []row{{
		Millis: ms, Nanos: ms * 1e6, Day: int32(day.Unix() / 86400), Text: "2026-01-02 00:00:00", Double: ms / 1000, Enum: "E", Bool: true, UUID: [16]byte{1, 15: 2}, Float: 1.5,
	}}, &parquet.Zstd)
	for _, name := range []string{"millis", "nanos", "day", "text", "double"} {
		for item, want := range map[string]string{"enum": "E", "bool": "true", "uuid": "01000000-0000-0000-0000-000000000002", "float": "1.5"} {
			checkUnits(t, name+" "+item, unitRows(allUnits(t, OpenParquet, data, Options{Time: name, Item: item})), fmt.Sprintf("%d %s", ms, want))
		}
	}
	for name, reason := range map[string]string{"bool": "bad time", "enum": "bad time"} {
		checkUnits(t, name, unitRejects(allUnits(t, OpenParquet, data, Options{Time: name, Item: "enum"})), "0 "+reason+" ×1")
	}
}

func TestParquetMissingColumn(t *testing.T) {
	data := parquetBytes(t, []parquetEvent{{}}, &parquet.Snappy)
	_, err := OpenParquet("f", bytes.NewReader(data), int64(len(data)), 0, Options{Time: "when", Item: "tags.list.element"})
	if err == nil || !strings.Contains(err.Error(), `"when"`) || !strings.Contains(err.Error(), "geo.country, tags, n") {
		t.Errorf("got %v", err)
	}
	if _, err := OpenParquet("f", bytes.NewReader(data), int64(len(data)), 0, Options{Time: "time", Item: "n", Segment: "tags"}); err == nil {
		t.Error("a list was taken for a segment")
	}
}

func randomParquet(t testing.TB, r *rand.Rand, n int) ([]byte, map[string]int) {
	events := make([]parquetEvent, n)
	want := make(map[string]int)
	for i := range events {
		e := &events[i]
		e.Time = ptr(time.UnixMilli(r.Int64N(block.MaxTime)))
		if r.IntN(10) > 0 {
			e.Item = ptr(fmt.Sprintf("item %d", r.IntN(n)))
			want[*e.Item]++
		}
		e.Segment = fmt.Sprint(r.IntN(n))
		for range r.IntN(3) {
			e.Tags = append(e.Tags, fmt.Sprint(r.IntN(10)))
		}
	}
	codec := []compress.Codec{&parquet.Zstd, &parquet.Snappy, &parquet.Uncompressed, &parquet.Gzip}[r.IntN(4)]
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[parquetEvent](&buf, parquet.Compression(codec), parquet.MaxRowsPerRowGroup(1+r.Int64N(100)),
		parquet.PageBufferSize(1+r.IntN(1000)), parquet.DataPageVersion(1+r.IntN(2)))
	if _, err := w.Write(events); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), want
}

func countItems(blocks []block.Block) map[string]int {
	got := make(map[string]int)
	for i := range blocks {
		for _, it := range blocks[i].Items {
			got[string(blocks[i].Text(it))]++
		}
	}
	return got
}

func TestParquetEachRowOnce(t *testing.T) {
	r := seedtest.Rand(t)
	for range 15 {
		n := r.IntN(500)
		data, want := randomParquet(t, r, n)
		for range 5 {
			var blocks []block.Block
			for from := int64(0); from < int64(len(data)); {
				to := from + 1 + r.Int64N(int64(len(data))-from)
				blocks = append(blocks, units(t, OpenParquet, data, from, to, eventFields)...)
				from = to
			}
			if !maps.Equal(countItems(blocks), want) {
				t.Fatalf("%d rows differ", n)
			}
			records := int64(0)
			for i := range blocks {
				records += blocks[i].Records
			}
			if records != int64(n) {
				t.Fatalf("%d records of %d", records, n)
			}
		}
	}
}

// Corrupt files give rejects and never a panic, and no record is lost that is
// not accounted for.
func TestParquetCorrupt(t *testing.T) {
	r := seedtest.Rand(t)
	for range 100 {
		n := 1 + r.IntN(200)
		data, _ := randomParquet(t, r, n)
		footer := r.IntN(3) == 0
		for range 1 + r.IntN(4) {
			at := r.IntN(len(data) * 2 / 3)
			if footer {
				at = len(data) - 1 - r.IntN(len(data)/3)
			}
			data[at] = byte(r.Uint32())
		}
		if r.IntN(10) == 0 {
			data = data[:r.IntN(len(data))]
		}
		c, err := OpenParquet("f", bytes.NewReader(data), int64(len(data)), 0, Options{Time: "time", Item: []string{"item", "tags"}[r.IntN(2)], Segment: "segment"})
		if err != nil {
			continue // a column is missing
		}
		for {
			u, err := c.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err := u.Decode(func(b block.Block) bool {
				if b.Rejected()+int64(b.Rows()) > b.Records && b.Rejected() > b.Records {
					t.Fatalf("%d records, %d rejected", b.Records, b.Rejected())
				}
				for _, it := range b.Items {
					_ = b.Text(it)
				}
				return true
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestParquetLZ4: what would be read wrong is refused.
func TestParquetLZ4(t *testing.T) {
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[parquetEvent](&buf, parquet.Compression(&parquet.Lz4Raw))
	if _, err := w.Write(make([]parquetEvent, 3)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := OpenParquet("test", bytes.NewReader(buf.Bytes()), int64(buf.Len()), 0, eventFields)
	if err == nil || !strings.Contains(err.Error(), "LZ4_RAW") {
		t.Errorf("opened: %v", err)
	}
}
