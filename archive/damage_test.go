package archive

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/snappy"

	"crest/block"
	"crest/seedtest"
)

// several are records in an hour, in chunks of a few each.
func several(t *testing.T, f Format) (records []Record, c *Content) {
	t.Helper()
	p := NewPacker()
	var chunks []Chunk
	for i := range 10 {
		var some []Record
		for j := range 20 {
			some = append(some, Record{Source: "s", Offset: int64(100*i + j), Time: 1e12, Text: true, Payload: fmt.Appendf(nil, `{"some":"thing %d"}`, j)})
		}
		if err := p.Pack(some, func(c Chunk) { chunks = append(chunks, c) }); err != nil {
			t.Fatal(err)
		}
		records = append(records, some...)
	}
	c, err := p.NewContent("s", f, chunks)
	if err != nil {
		t.Fatal(err)
	}
	return records, c
}

// damaged reads a file that was spoiled. Whatever is read must be true, and what
// is missing must be told.
func damaged(t *testing.T, prefix, path string, data []byte, want []Record) (got []Record, faults []Fault) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	got, faults, _ = readAll(t, prefix, time.Time{}, time.Time{})
	if len(faults) == 0 {
		t.Fatalf("%d of %d records were read, and no fault was told", len(got), len(want))
	}
	for _, f := range faults {
		if f.Path != path || f.Count != 1 || f.Detail == "" {
			t.Fatalf("the fault %+v", f)
		}
	}
	return got, faults
}

// TestCut cuts a file at every byte: also between two of its chunks, where what is
// left is a whole stream.
func TestCut(t *testing.T) {
	want, c := several(t, NDJSON)
	prefix := t.TempDir()
	path := store(t, prefix, c)
	data := bytes.Join(c.Data, nil)
	for cut := range data {
		got, faults := damaged(t, prefix, path, data[:cut], want)
		check(t, got, want[:len(got)])
		if len(faults) != 1 || faults[0].Reason != block.Truncated {
			t.Fatalf("cut at %d: %+v", cut, faults)
		}
	}
	at := 0
	for i, frame := range c.Data[:len(c.Data)-1] {
		at += len(frame)
		if got, _ := damaged(t, prefix, path, data[:at], want); len(got) != 20*(i+1) {
			t.Errorf("%d chunks hold %d records", i+1, len(got))
		}
	}
}

// TestFlipped flips bits.
func TestFlipped(t *testing.T) {
	r := seedtest.Rand(t)
	want, c := several(t, NDJSON)
	prefix := t.TempDir()
	path := store(t, prefix, c)
	for range 300 {
		data := bytes.Join(c.Data, nil)
		data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		damaged(t, prefix, path, data, want)
	}
}

// TestDamagedParquet cuts a Parquet file and spoils its bytes.
func TestDamagedParquet(t *testing.T) {
	r := seedtest.Rand(t)
	want, c := several(t, Parquet)
	prefix := t.TempDir()
	path := store(t, prefix, c)
	data := c.Data[0]
	for range 100 {
		if got, _ := damaged(t, prefix, path, data[:r.IntN(len(data))], want); len(got) > 0 {
			t.Errorf("%d records were read", len(got))
		}
	}
	for range 300 {
		spoiled := slices.Clone(data)
		for range 1 + r.IntN(3) {
			spoiled[r.IntN(len(data))] ^= 1 << r.IntN(8)
		}
		if bytes.Equal(spoiled, data) {
			continue
		}
		if got, _ := damaged(t, prefix, path, spoiled, want); len(got) > 0 {
			t.Errorf("%d records were read", len(got))
		}
	}
}

// TestForeignParquet reads what is no file of an archive, and has the right hash.
func TestForeignParquet(t *testing.T) {
	type other struct {
		Name string `parquet:"name"`
	}
	parquetOf := func(rows any, codec compress.Codec) []byte {
		var b bytes.Buffer
		w := parquet.NewWriter(&b, parquet.SchemaOf(reflect.Zero(reflect.TypeOf(rows).Elem()).Interface()), parquet.Compression(codec))
		for i := range reflect.ValueOf(rows).Len() {
			if err := w.Write(reflect.ValueOf(rows).Index(i).Interface()); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	offset, id, bad, event := int64(5), "5", "\xff", "{}"
	for name, c := range map[string]struct {
		data   []byte
		reason block.Reason
		faults int
	}{
		"nothing":         {nil, block.Truncated, 1},
		"not Parquet":     {[]byte("PAR1, or so it says: PAR1"), block.Truncated, 1},
		"another codec":   {parquetOf([]row{{Offset: &offset}}, &snappy.Codec{}), block.Truncated, 1},
		"other columns":   {parquetOf([]other{{"a"}, {"b"}}, &parquet.Zstd), block.Malformed, 2},
		"no good records": {parquetOf([]row{{}, {Offset: &offset, ID: &id}, {ID: &bad}, {Offset: &offset, Event: &event, Raw: []byte("a")}}, &parquet.Zstd), block.Malformed, 4},
	} {
		prefix := t.TempDir()
		file := fileName{source: "s", first: "1", last: "7", hash: xxhash.Sum64(c.data), format: Parquet}
		path := filepath.Join(prefix, noHourDir, file.String())
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		got, faults := damaged(t, prefix, path, c.data, nil)
		if len(got) > 0 || len(faults) != c.faults || faults[0].Reason != c.reason {
			t.Errorf("%s: %d records, %+v", name, len(got), faults)
		}
	}
}

// TestHostileLines reads a file that somebody else wrote.
func TestHostileLines(t *testing.T) {
	line := func(offset int) string { return fmt.Sprintf(`{"source":"s","offset":%d,"event":{}}`, offset) }
	lines := []string{line(1), "", "{}", line(5), line(3), line(5), line(6), strings.Repeat("x", maxLine+5), line(7)}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	prefix := t.TempDir()
	path := filepath.Join(prefix, noHourDir, fileName{source: "s", first: "1", last: "7", hash: 5, format: NDJSON}.String())
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	got, faults := damaged(t, prefix, path, z.EncodeAll([]byte(strings.Join(lines, "\n")), nil), nil)
	var offsets []int64
	for _, r := range got {
		offsets = append(offsets, r.Offset)
	}
	if !slices.Equal(offsets, []int64{1, 5, 6, 7}) {
		t.Errorf("offsets %v", offsets)
	}
	var told []string
	for _, f := range faults {
		told = append(told, fmt.Sprintf("%d %s", f.Offset, f.Reason))
		if len(f.Raw) > block.MaxRejectRaw {
			t.Errorf("%d bytes are kept", len(f.Raw))
		}
	}
	n := len(line(1)) + 1
	want := []string{
		fmt.Sprintf("%d malformed", n), fmt.Sprintf("%d malformed", n+1), "3 malformed",
		fmt.Sprintf("%d record too long", 5*n+4), fmt.Sprintf("%d truncated", 6*n+4+maxLine+5),
	}
	if !slices.Equal(told, want) {
		t.Errorf("faults %q, want %q", told, want)
	}
}

// TestSameOffset has two messages with one offset, as those of a topic that was
// made anew, be told: in two files, in two chunks of one, and in one chunk.
func TestSameOffset(t *testing.T) {
	rec := Record{Source: "s", Offset: 5, Time: 1e12, Text: true, Payload: []byte(`{"a":1}`)}
	other := rec
	other.Payload = []byte(`{"a":2}`)
	p := NewPacker()
	var chunks []Chunk
	for _, r := range []Record{rec, other} {
		if err := p.Pack([]Record{r}, func(c Chunk) { chunks = append(chunks, c) }); err != nil {
			t.Fatal(err)
		}
	}
	two, err := p.NewContent("s", NDJSON, chunks)
	if err != nil {
		t.Fatal(err)
	}
	for i, contents := range [][]*Content{
		{contentOf(t, NDJSON, rec), contentOf(t, NDJSON, other)},
		{two},
		{contentOf(t, NDJSON, rec, other, rec)},
		{contentOf(t, Parquet, rec, other)},
	} {
		prefix := t.TempDir()
		for _, c := range contents {
			store(t, prefix, c)
		}
		got, faults, _ := readAll(t, prefix, time.Time{}, time.Time{})
		if len(got) != 1 || len(faults) == 0 || faults[0].Reason != block.Malformed || faults[0].Offset != 5 {
			t.Errorf("%d: %d records, faults %+v", i, len(got), faults)
		}
	}
}

// TestNoStorage tells a storage that fails from a file that is damaged.
func TestNoStorage(t *testing.T) {
	_, c := several(t, NDJSON)
	prefix := t.TempDir()
	path := store(t, prefix, c)
	groups, err := List(t.Context(), prefix, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	m, err := groups[0].Open(t.Context(), &Stats{}, func(f Fault) { t.Errorf("the fault %+v", f) })
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Next(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is gone: %v", err)
	}
}
