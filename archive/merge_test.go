package archive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"crest/block"
	"crest/seedtest"
)

// store writes a file.
func store(t testing.TB, prefix string, c *Content) string {
	t.Helper()
	path := filepath.Join(prefix, c.Path)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	var data []byte
	for _, p := range c.Data {
		data = append(data, p...)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// contentOf makes a file of records, in one chunk or more.
func contentOf(t testing.TB, f Format, records ...Record) *Content {
	t.Helper()
	p := NewPacker()
	var chunks []Chunk
	if err := p.Pack(slices.Clone(records), func(c Chunk) { chunks = append(chunks, c) }); err != nil {
		t.Fatal(err)
	}
	c, err := p.NewContent(records[0].Source, f, chunks)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// readAll reads an archive from end to end.
func readAll(t testing.TB, prefix string, from, to time.Time) (records []Record, faults []Fault, stats Stats) {
	t.Helper()
	groups, err := List(t.Context(), prefix, from, to)
	if err != nil {
		t.Fatal(err)
	}
	for i := range groups {
		m, err := groups[i].Open(t.Context(), &stats, func(f Fault) { faults = append(faults, f) })
		if err != nil {
			t.Fatal(err)
		}
		for {
			r, ok, err := m.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			c := *r
			c.ID, c.Payload = slices.Clone(r.ID), slices.Clone(r.Payload)
			records = append(records, c)
		}
		if len(m.open)+len(m.waiting) > 0 {
			t.Errorf("%d runs are open at the end", len(m.open))
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return records, faults, stats
}

func sorted(records []Record) []Record {
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b Record) int { return a.Compare(&b) })
	return records
}

// check compares what was read with what was received.
func check(t testing.TB, got, want []Record) {
	t.Helper()
	got, want = sorted(got), sorted(want)
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		if !same(got[i], want[i]) {
			t.Fatalf("record %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

// received makes n records of a source, in the order in which they come.
func received(r *rand.Rand, source string, n, hours int) []Record {
	records := make([]Record, n)
	for i := range records {
		rec := Record{Source: source, Offset: int64(i * 3), Time: 1e12 + r.Int64N(int64(hours)*hourMS), Payload: fmt.Appendf(nil, `{"n":%d}`, i), Text: true}
		if r.IntN(10) == 0 {
			rec.Text, rec.Payload = false, []byte{0xff, byte(i)}
		}
		if r.IntN(50) == 0 {
			rec.Time = block.NoTime
		}
		records[i] = rec
	}
	return records
}

// withIDs has ids instead of offsets, which come in any order.
func withIDs(r *rand.Rand, records []Record) {
	for i, n := range r.Perm(len(records)) {
		records[i].Offset, records[i].ID = -1, fmt.Appendf(nil, "%d", 1000+n)
	}
}

// bundles cuts records into bundles, and repeats some, cut in another way.
func bundles(r *rand.Rand, records []Record) (all [][]Record) {
	for at := 0; at < len(records); {
		n := min(1+r.IntN(1+len(records)/5), len(records)-at)
		all = append(all, records[at:at+n])
		for r.IntN(3) == 0 { // it failed after it was written, or some of it
			from := at + r.IntN(n)
			all = append(all, records[from:min(from+r.IntN(n)+1, len(records))])
		}
		at += n
	}
	return all
}

// archiveAll writes bundles in files, some of several bundles.
func archiveAll(t testing.TB, r *rand.Rand, prefix string, f Format, all [][]Record) {
	t.Helper()
	type part struct {
		hour   Hour
		source string
	}
	p := NewPacker()
	waiting := make(map[part][]Chunk)
	fire := func(part part) {
		chunks := waiting[part]
		delete(waiting, part)
		r.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
		c, err := p.NewContent(part.source, f, chunks)
		if err != nil {
			t.Fatal(err)
		}
		store(t, prefix, c)
	}
	for _, records := range all {
		parts := make(map[part][]Record)
		for _, rec := range records {
			key := part{HourOf(rec.Time), rec.Source}
			parts[key] = append(parts[key], rec)
		}
		for part, records := range parts {
			if err := p.Pack(records, func(c Chunk) { waiting[part] = append(waiting[part], c) }); err != nil {
				t.Fatal(err)
			}
			if r.IntN(3) == 0 {
				fire(part)
			}
		}
	}
	for part := range waiting {
		fire(part)
	}
}

// TestOverlapsVanish archives what was received in bundles that are repeated,
// cut anew, and grouped by chance: reading gives each record once.
func TestOverlapsVanish(t *testing.T) {
	r := seedtest.Rand(t)
	for round := range 40 {
		prefix := filepath.Join(t.TempDir(), "[*]?") // no pattern
		n, hours := 1+r.IntN(400), 1+r.IntN(5)
		a, b := received(r, "kafka:a/0", n, hours), received(r, "pubsub:b", n, hours)
		withIDs(r, b)
		format := []Format{NDJSON, Parquet}[round%2]
		archiveAll(t, r, prefix, format, append(bundles(r, a), bundles(r, b)...))
		got, faults, stats := readAll(t, prefix, time.Time{}, time.Time{})
		if len(faults) > 0 {
			t.Fatalf("round %d: %+v", round, faults[0])
		}
		check(t, got, slices.Concat(a, b))
		var stored int64
		filepath.WalkDir(prefix, func(_ string, d os.DirEntry, _ error) error {
			if st, err := d.Info(); err == nil && !d.IsDir() {
				stored += st.Size()
			}
			return nil
		})
		if stats.Bytes != stored {
			t.Fatalf("%d bytes were read of %d", stats.Bytes, stored)
		}
		if !slices.IsSortedFunc(got, func(a, b Record) int { return cmpGroups(&a, &b) }) {
			t.Fatal("the records are not in order")
		}
	}
}

// cmpGroups is the order of List, and of records within a group.
func cmpGroups(a, b *Record) int {
	if a.Source != b.Source || HourOf(a.Time) == HourOf(b.Time) {
		return a.Compare(b)
	}
	return int(HourOf(a.Time) - HourOf(b.Time))
}

// TestManyFiles merges more files than may be open at once, which all lie within
// one another, in several passes.
func TestManyFiles(t *testing.T) {
	r := seedtest.Rand(t)
	prefix := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	want := received(r, "pubsub:b", 3000, 1)
	for i := range want {
		want[i].Time = 1e12
	}
	withIDs(r, want)
	files := 3 * maxOpen
	for i := range files {
		var some []Record
		for range 50 {
			some = append(some, want[r.IntN(len(want))])
		}
		some = append(some, want[i*len(want)/files:(i+1)*len(want)/files]...)
		store(t, prefix, contentOf(t, NDJSON, some...))
	}
	got, faults, stats := readAll(t, prefix, time.Time{}, time.Time{})
	if len(faults) > 0 || stats.Dropped == 0 {
		t.Fatalf("faults %v, %d dropped", faults, stats.Dropped)
	}
	check(t, got, want)
	if left, _ := os.ReadDir(os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("%d temporary files are left", len(left))
	}
}

// TestFewAreOpen reads many files that lie behind one another: one is open at a
// time.
func TestFewAreOpen(t *testing.T) {
	prefix := t.TempDir()
	for i := range 100 {
		store(t, prefix, contentOf(t, NDJSON, Record{Source: "s", Offset: int64(2 * i)}, Record{Source: "s", Offset: int64(2*i + 1)}))
	}
	groups, err := List(t.Context(), prefix, time.Time{}, time.Time{})
	if err != nil || len(groups) != 1 || len(groups[0].Files) != 100 {
		t.Fatalf("groups %v, %v", groups, err)
	}
	m, err := groups[0].Open(context.Background(), &Stats{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for i := range 200 {
		if r, ok, err := m.Next(); !ok || err != nil || r.Offset != int64(i) || len(m.open) > 1 {
			t.Fatalf("record %d: %+v, %v, %v, %d are open", i, r, ok, err, len(m.open))
		}
	}
}

// TestContentName has names depend on content only.
func TestContentName(t *testing.T) {
	r := seedtest.Rand(t)
	records := received(r, "s", 1000, 1)
	for i := range records {
		records[i].Time = 1e12
	}
	var chunks []Chunk
	p := NewPacker()
	for _, b := range bundles(r, records) {
		if err := p.Pack(slices.Clone(b), func(c Chunk) { chunks = append(chunks, c) }); err != nil {
			t.Fatal(err)
		}
	}
	paths := make(map[string]bool)
	for range 5 {
		r.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
		for _, f := range []Format{NDJSON, Parquet} {
			c, err := NewPacker().NewContent("s", f, chunks)
			if err != nil {
				t.Fatal(err)
			}
			if c.Records != int64(len(records)) {
				t.Errorf("%d records", c.Records)
			}
			paths[c.Path] = true
		}
	}
	if len(paths) != 2 {
		t.Errorf("one content has the names %v", paths)
	}
}

func TestBatchCoder(t *testing.T) {
	r := seedtest.Rand(t)
	records := received(r, "s", 100, 1)
	withIDs(r, records)
	var want Batch
	emit := func(c Chunk) { want.Chunks = append(want.Chunks, c) }
	if err := errors.Join(NewPacker().Pack(records, emit), NewPacker().Pack(received(r, "s", 10, 1), emit)); err != nil {
		t.Fatal(err)
	}
	b, err := want.AppendBinary([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeBatch(b[1:]); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	first, err := (&Batch{want.Chunks[:1]}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(b) - 1 {
		if _, err := DecodeBatch(b[1 : 1+cut]); err == nil && cut != 0 && cut != len(first) {
			t.Errorf("chunks cut at %d were decoded", cut)
		}
	}
}
