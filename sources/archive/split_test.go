package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"

	"crest/archive"
	"crest/block"
	"crest/seedtest"
	"crest/sources/format"
)

// archived writes events of a source, some in each of many hours.
func archived(t *testing.T, source string, hours, each int) (prefix string) {
	t.Helper()
	prefix = t.TempDir()
	p := archive.NewPacker()
	for h := range hours {
		var records []archive.Record
		at := int64(1.7e12) + int64(h)*3600e3
		for i := range each {
			records = append(records, archive.Record{Source: source, Offset: int64(h + i*hours), Time: at, Text: true, Payload: fmt.Appendf(nil, `{"item":"%d"}`, h)})
		}
		err := p.Pack(records, func(c archive.Chunk) {
			write(t, prefix, source, []archive.Chunk{c})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return prefix
}

// write makes a file of chunks.
func write(t testing.TB, prefix, source string, chunks []archive.Chunk) {
	t.Helper()
	content, err := archive.NewPacker().NewContent(source, archive.NDJSON, chunks)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(prefix, content.Path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, slices.Concat(content.Data...), 0o666)); err != nil {
		t.Fatal(err)
	}
}

func expand(t testing.TB, prefix string) (all []span) {
	t.Helper()
	fn := &expandFn{Prefix: prefix}
	if err := fn.ProcessElement(t.Context(), nil, func(s span) { all = append(all, s) }); err != nil {
		t.Fatal(err)
	}
	return all
}

func newReadFn(t testing.TB, blockSize int) *readFn {
	fn := &readFn{Fields: fields, Payload: format.JSON, Workers: 3, BlockSize: blockSize}
	if err := fn.Setup(); err != nil {
		t.Fatal(err)
	}
	return fn
}

// TestSplits reads a span that a runner splits again and again: each hour is read
// once.
func TestSplits(t *testing.T) {
	r := seedtest.Rand(t)
	const hours, each = 40, 25
	all := expand(t, archived(t, "kafka:events/0", hours, each))
	if len(all) != 1 || len(all[0].Groups) != hours {
		t.Fatalf("%d spans", len(all))
	}
	s := all[0]
	for range 20 {
		fn := newReadFn(t, 100)
		seen := make(map[string]int)
		todo := []offsetrange.Restriction{fn.CreateInitialRestriction(s)}
		for len(todo) > 0 {
			part := todo[0]
			todo = todo[1:]
			rt := fn.CreateTracker(part)
			n, after := 0, r.IntN(10)
			err := fn.ProcessElement(t.Context(), 0, rt, s, func(at beam.EventTime, b block.Block) {
				if at != mtime.Time(slices.Min(b.Times)) {
					t.Errorf("stamped %d", at)
				}
				for _, m := range b.Messages {
					if m.Offset < b.From || m.Offset >= b.To {
						t.Errorf("offset %d from %d until before %d", m.Offset, b.From, b.To)
					}
				}
				for _, it := range b.Items {
					seen[string(b.Text(it))]++
				}
				if n++; n != after {
					return
				}
				_, rest, err := rt.TrySplit(r.Float64())
				if err != nil {
					t.Error(err)
				}
				if rest != nil {
					todo = append(todo, rest.(offsetrange.Restriction))
				}
			})
			if err != nil || !rt.IsDone() {
				t.Fatalf("%v, done: %v", err, rt.IsDone())
			}
		}
		if len(seen) != hours {
			t.Fatalf("%d hours", len(seen))
		}
		for h, n := range seen {
			if n != each {
				t.Fatalf("hour %s has %d events", h, n)
			}
		}
	}
	fn := newReadFn(t, 100)
	if half, whole := fn.RestrictionSize(s, offsetrange.Restriction{End: hours / 2}), fn.RestrictionSize(s, fn.CreateInitialRestriction(s)); half <= 0 || half >= whole {
		t.Errorf("half is %g of %g", half, whole)
	}
}

// TestSpans keeps sources apart, and bounds what is read at once.
func TestSpans(t *testing.T) {
	group := func(source string, h int, size int64, files int) archive.Group {
		g := archive.Group{Hour: archive.Hour(h), Source: source}
		for range files {
			g.Files = append(g.Files, archive.File{Path: "p", Size: size / int64(files)})
		}
		return g
	}
	groups := []archive.Group{group("a", 1, 10, 1), group("a", 2, 10, 1), group("b", 1, spanBytes-5, 1), group("b", 2, 10, 1), group("b", 3, 2*spanBytes, 2), group("b", 4, 10, spanFiles), group("b", 5, 10, 1)}
	var lengths []int
	var all []archive.Group
	for _, s := range spans(groups) {
		lengths = append(lengths, len(s.Groups))
		all = append(all, s.Groups...)
		b, err := encodeSpan(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeSpan(b); err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if !slices.Equal(lengths, []int{2, 1, 1, 1, 1, 1}) || !reflect.DeepEqual(all, groups) {
		t.Errorf("spans of %v groups", lengths)
	}
	if _, err := decodeSpan([]byte("{")); err == nil {
		t.Error("a broken span was decoded")
	}
}

// TestDamagedFile has what can't be read be a reject of its file, and a file that
// is gone an error.
func TestDamagedFile(t *testing.T) {
	s := expand(t, archived(t, "kafka:events/0", 3, 10))[0]
	path := s.Groups[1].Files[0].Path
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-5], 0o666); err != nil {
		t.Fatal(err)
	}
	var records, rejected, bytes int64
	read := func() error {
		fn := newReadFn(t, DefaultBlockSize)
		return fn.ProcessElement(t.Context(), 0, fn.CreateTracker(fn.CreateInitialRestriction(s)), s, func(_ beam.EventTime, b block.Block) {
			records, rejected, bytes = records+b.Records, rejected+b.Rejected(), bytes+b.Bytes
			for _, r := range b.Rejects {
				if b.Source != path || r.Reason != block.Truncated {
					t.Errorf("%s: %+v", b.Source, r)
				}
			}
		})
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	if stored := s.Groups[0].Size() + s.Groups[1].Size() + s.Groups[2].Size() - 5; records < 21 || rejected != 1 || bytes != stored {
		t.Errorf("%d records, %d rejected, %d bytes of %d", records, rejected, bytes, stored)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := read(); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a file that is gone: %v", err)
	}
}

// TestCanceled ends the goroutines of a bundle that fails.
func TestCanceled(t *testing.T) {
	s := expand(t, archived(t, "kafka:events/0", 30, 50))[0]
	ctx, cancel := context.WithCancel(t.Context())
	fn, n := newReadFn(t, 100), 0
	err := fn.ProcessElement(ctx, 0, fn.CreateTracker(fn.CreateInitialRestriction(s)), s, func(beam.EventTime, block.Block) {
		if n++; n == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after %d blocks: %v", n, err)
	}
}
