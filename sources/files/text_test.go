package files

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/klauspost/compress/zstd"

	"crest/block"
	"crest/seedtest"
)

// lineOf is the n-th record of ndjson.
func lineOf(n int, pad int) string {
	return fmt.Sprintf(`{"time":"2026-01-01T00:%02d:%02dZ","item":"item%d","pad":%q}`, n/60%60, n%60, n, strings.Repeat("x", pad))
}

// ndjson makes n records of varied length, some longer than a block.
func ndjson(r *rand.Rand, n int, end string) []byte {
	var b bytes.Buffer
	for i := range n {
		pad := r.IntN(100)
		if r.IntN(20) == 0 {
			pad = r.IntN(5000)
		}
		b.WriteString(lineOf(i, pad))
		b.WriteString(end)
	}
	return b.Bytes()
}

func checkItems(t *testing.T, blocks []block.Block, n int) {
	t.Helper()
	want := make(map[string]uint64, n)
	for i := range n {
		want[fmt.Sprintf("item%d", i)] = 1
	}
	if got := items(blocks); !maps.Equal(got, want) {
		for k, v := range got {
			if want[k] != v {
				t.Errorf("%q read %d times", k, v)
				break
			}
		}
		t.Fatalf("%d different items, want %d", len(got), n)
	}
	if rejects := rejects(blocks); len(rejects) > 0 {
		t.Fatalf("%d rejects, the first: %+v", len(rejects), rejects[0])
	}
}

func TestEachRecordOnce(t *testing.T) {
	r := seedtest.Rand(t)
	for range 60 {
		n := r.IntN(300)
		data := ndjson(r, n, []string{"\n", "\r\n"}[r.IntN(2)])
		if r.IntN(2) == 0 {
			data = bytes.TrimRight(data, "\r\n")
		}
		path := write(t, "a.ndjson", data)
		fn := newReadFn()
		fn.BlockSize = 16 << r.IntN(10)
		fn.Workers = r.IntN(4)
		checkItems(t, readAll(t, fn, path), n)
		checkItems(t, readSplit(t, r, fn, path), n)
	}
	checkNoLeak(t)
}

func TestCompressed(t *testing.T) {
	r := seedtest.Rand(t)
	const n = 500
	data := ndjson(r, n, "\n")
	half := bytes.IndexByte(data[len(data)/2:], '\n') + len(data)/2 + 1
	for name, compress := range map[string]func([]byte) []byte{".gz": gzipped, ".GZ": gzipped, ".zst": zstded, ".zstd": zstded} {
		checkItems(t, readSplit(t, r, newReadFn(), write(t, "a.ndjson"+name, compress(data))), n)
		two := append(compress(data[:half]), compress(data[half:])...)
		checkItems(t, readSplit(t, r, newReadFn(), write(t, "b.ndjson"+name, two)), n)
		checkItems(t, readAll(t, newReadFn(), write(t, "empty.ndjson"+name, compress(nil))), 0)
		checkItems(t, readAll(t, newReadFn(), write(t, "nothing.ndjson"+name, nil)), 0)
	}
	checkNoLeak(t)
}

// Two streams, one behind the other.
const bzipped = "QlpoOTFBWSZTWSzasgAAAAxZgAAQEARgEAIiBAogACGk9QzKeoQNA0I11RO+MGUQhKM18XckU4UJAs2rIABCWmg5MUFZJlNZd95PnwAADFmAABAQBDAQAiIECiAAIaT1DMp6hA0DQjXVE74wZRCEozXxdyRThQkHfeT58A=="

func TestBzip2(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(bzipped)
	if err != nil {
		t.Fatal(err)
	}
	checkItems(t, readAll(t, newReadFn(), write(t, "a.ndjson.bz2", data)), 2)
	blocks := readAll(t, newReadFn(), write(t, "a.ndjson.bz2", data[:len(data)-30]))
	if _, records, rejected := totals(blocks); records != 2 || rejected != 1 {
		t.Errorf("%d records, %d rejected", records, rejected)
	}
}

func TestTruncatedStream(t *testing.T) {
	r := seedtest.Rand(t)
	const n = 500
	data := ndjson(r, n, "\n")
	for name, compress := range map[string]func([]byte) []byte{".gz": gzipped, ".zst": zstded} {
		z := compress(data)
		blocks := readAll(t, newReadFn(), write(t, "a.ndjson"+name, z[:len(z)/2]))
		rows, records, rejected := totals(blocks)
		if rejected != 1 || records != int64(rows)+1 {
			t.Fatalf("%s: %d rows, %d records, %d rejected", name, rows, records, rejected)
		}
		last := rejects(blocks)[0]
		if last.Reason != block.Truncated || !bytes.HasPrefix(data[last.Offset:], last.Raw) || (last.Offset > 0 && data[last.Offset-1] != '\n') {
			t.Errorf("%s: %+v", name, last)
		}
		if name == ".gz" && rows == 0 {
			t.Errorf("%s: nothing was read before the break", name)
		}
		for i := range rows {
			if items(blocks)[fmt.Sprintf("item%d", i)] != 1 {
				t.Fatalf("%s: item%d is missing of %d", name, i, rows)
			}
		}
	}
}

func TestNotCompressed(t *testing.T) {
	for _, name := range []string{"a.ndjson.gz", "a.ndjson.zst", "a.ndjson.bz2"} {
		blocks := readAll(t, newReadFn(), write(t, name, []byte(lineOf(1, 10)+"\n")))
		if r := rejects(blocks); len(r) != 1 || r[0].Reason != block.Truncated || r[0].Detail == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestRecordTooBig(t *testing.T) {
	r := seedtest.Rand(t)
	var b bytes.Buffer
	b.WriteString(lineOf(0, 10) + "\n")
	b.WriteString(lineOf(1, maxRecord-200) + "\n") // fits
	at := b.Len()
	b.WriteString(lineOf(9, maxRecord) + "\n")
	b.WriteString(lineOf(2, 10) + "\n")
	fn := newReadFn()
	fn.BlockSize = 300 << 10
	path := write(t, "a.ndjson", b.Bytes())
	for _, blocks := range [][]block.Block{readAll(t, fn, path), readSplit(t, r, fn, path), readAll(t, fn, write(t, "a.ndjson.gz", gzipped(b.Bytes())))} {
		rejects := rejects(blocks)
		if len(rejects) != 1 || rejects[0].Reason != block.RecordTooBig || rejects[0].Offset != int64(at) {
			t.Fatalf("%d rejects", len(rejects))
		}
		if got := items(blocks); len(got) != 3 || got["item0"]+got["item1"]+got["item2"] != 3 {
			t.Fatalf("got %v", got)
		}
	}
}

func TestEmissionStopsWithTheJob(t *testing.T) {
	path := write(t, "a.ndjson", ndjson(seedtest.Rand(t), 5000, "\n"))
	fn, f := newReadFn(), file(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	emitted := 0
	err := fn.ProcessElement(ctx, mtime.ZeroTimestamp, fn.CreateTracker(fn.CreateInitialRestriction(f)), f, func(beam.EventTime, block.Block) {
		emitted++
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after %d blocks: %v", emitted, err)
	}
	checkNoLeak(t)
}

func TestStorageErrorFailsTheBundle(t *testing.T) {
	bad := errors.New("the disk is gone")
	s := decompress(io.MultiReader(bytes.NewReader(gzipped([]byte("x\n"))[:5]), failing{bad}), gz)
	_, err := s.Read(make([]byte, 10))
	var broken *errStream
	if !errors.Is(err, bad) || errors.As(err, &broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

func zstded(data []byte) []byte {
	var b bytes.Buffer
	w, _ := zstd.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}
