package files

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"

	"crest/block"
	"crest/sources/format"
)

var fields = format.Options{Time: "time", Item: "item", Segment: "segment", Weight: "weight"}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// file is the File that the expansion makes of a path.
func file(t testing.TB, path string) File {
	t.Helper()
	var files []File
	fn := &expandFn{Patterns: []string{path}}
	if err := fn.ProcessElement(context.Background(), nil, func(f File) { files = append(files, f) }); err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Fatalf("%s is %d files", path, len(files))
	}
	return files[0]
}

func newReadFn() *readFn {
	return &readFn{Fields: fields, Workers: 2, BlockSize: 1 << 10}
}

// read reads one range. After some emissions it may be split, as a runner does
// it; then it returns the residual.
func read(t testing.TB, fn *readFn, f File, part Range, splitAfter int, fraction float64) (blocks []block.Block, residual []Range) {
	t.Helper()
	rt := fn.CreateTracker(part)
	split := func() {
		_, rest, err := rt.TrySplit(fraction)
		if err != nil {
			t.Fatal(err)
		}
		if rest != nil {
			residual = append(residual, rest.(Range))
		}
	}
	if splitAfter == 0 {
		split()
	}
	err := fn.ProcessElement(context.Background(), mtime.ZeroTimestamp, rt, f, func(at beam.EventTime, b block.Block) {
		b.Hold()
		if b.Rows() > 0 && int64(at) != slices.Min(b.Times) {
			t.Errorf("stamped %d", at)
		}
		blocks = append(blocks, b)
		if len(blocks) == splitAfter {
			split()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !rt.IsDone() || rt.GetError() != nil {
		t.Fatalf("range %v is not done: %v", rt, rt.GetError())
	}
	return blocks, residual
}

// readAll reads a file from its initial restriction.
func readAll(t testing.TB, fn *readFn, path string) []block.Block {
	t.Helper()
	f := file(t, path)
	blocks, _ := read(t, fn, f, fn.CreateInitialRestriction(f), -1, 0)
	checkBytes(t, f, blocks)
	return blocks
}

// readSplit reads a file in random ranges with random splits by the runner.
func readSplit(t testing.TB, r *rand.Rand, fn *readFn, path string) []block.Block {
	t.Helper()
	f := file(t, path)
	todo := []Range{fn.CreateInitialRestriction(f)}
	if !f.Whole {
		for range r.IntN(5) {
			last := todo[len(todo)-1]
			if last.End-last.Start < 2 {
				break
			}
			at := last.Start + r.Int64N(last.End-last.Start)
			todo[len(todo)-1].End = at
			todo = append(todo, Range{Start: at, End: last.End})
		}
	}
	var blocks []block.Block
	for len(todo) > 0 {
		i := r.IntN(len(todo))
		part := todo[i]
		todo = append(todo[:i], todo[i+1:]...)
		got, rest := read(t, fn, f, part, r.IntN(6), r.Float64())
		blocks, todo = append(blocks, got...), append(todo, rest...)
	}
	checkBytes(t, f, blocks)
	return blocks
}

func checkBytes(t testing.TB, f File, blocks []block.Block) {
	t.Helper()
	var n int64
	for i := range blocks {
		n += blocks[i].Bytes
	}
	if n != f.Size {
		t.Errorf("blocks of %d bytes in a file of %d", n, f.Size)
	}
}

// items counts the items of blocks, with their weights.
func items(blocks []block.Block) map[string]uint64 {
	m := make(map[string]uint64)
	for i := range blocks {
		b := &blocks[i]
		for j, it := range b.Items {
			w := uint64(1)
			if b.Weights != nil {
				w = b.Weights[j]
			}
			m[string(b.Text(it))] += w
		}
	}
	return m
}

func totals(blocks []block.Block) (rows int, records, rejected int64) {
	for i := range blocks {
		rows += blocks[i].Rows()
		records += blocks[i].Records
		rejected += blocks[i].Rejected()
	}
	return rows, records, rejected
}

func rejects(blocks []block.Block) []block.Reject {
	var all []block.Reject
	for i := range blocks {
		all = append(all, blocks[i].Rejects...)
	}
	return all
}

// checkNoLeak fails where goroutines of this package are left.
func checkNoLeak(t testing.TB) {
	t.Helper()
	buf := make([]byte, 1<<20)
	for end := time.Now().Add(5 * time.Second); ; runtime.Gosched() {
		stacks := string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "files.startQueue") && !strings.Contains(stacks, "files.decodeAll") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("goroutines are left:\n%s", stacks)
		}
	}
}
