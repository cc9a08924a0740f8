package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crest/seedtest"
)

func bytesOf(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// put writes a file, in pieces of uneven size.
func put(t *testing.T, path string, data []byte) {
	t.Helper()
	w, err := Create(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for rest := data; len(rest) > 0; {
		n := min(len(rest), 1+len(data)/3)
		if m, err := w.Write(rest[:n]); m != n || err != nil {
			t.Fatalf("%d of %d bytes: %v", m, n, err)
		}
		rest = rest[n:]
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) Object {
	t.Helper()
	o, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func readFrom(t *testing.T, o Object, from int64) []byte {
	t.Helper()
	r, err := o.Range(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if e := r.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	return data
}

func paths(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := List(t.Context(), pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
	}
	return all
}

// conforms checks that the files below root, which does not exist, are what this
// package says they are.
func conforms(t *testing.T, root string) {
	t.Run("a file appears whole", func(t *testing.T) { appearsWhole(t, root+"/appear/a/b.bin") })
	t.Run("abort", func(t *testing.T) { abortLeavesNothing(t, root+"/abort/a.bin") })
	t.Run("ranges", func(t *testing.T) { ranges(t, root+"/ranges.bin") })
	t.Run("patterns", func(t *testing.T) { patterns(t, root+"/globs") })
	t.Run("what is not there", func(t *testing.T) { notThere(t, root+"/missing") })
	t.Run("one version", func(t *testing.T) { oneVersion(t, root+"/versions.bin") })
	t.Run("cancel", func(t *testing.T) { canceled(t, root+"/cancel/a.bin") })
}

func appearsWhole(t *testing.T, path string) {
	for _, data := range []string{"the first, and longer", "the second", ""} {
		before, _ := List(t.Context(), path)
		w, err := Create(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		dir := path[:strings.LastIndexByte(path, '/')]
		if got, err := List(t.Context(), dir+"/*"); err != nil || !slices.EqualFunc(got, before, func(a, b File) bool { return a.Size == b.Size }) {
			t.Errorf("before the commit there is %v, %v; want %v", got, err, before)
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := w.Abort(); err != nil {
			t.Errorf("aborting what is committed: %v", err)
		}
		if err := w.Commit(); err == nil {
			t.Error("committed twice")
		}
		if _, err := w.Write([]byte("x")); err == nil {
			t.Error("written behind the commit")
		}
		files, err := List(t.Context(), path)
		if err != nil || len(files) != 1 || files[0].Path != path || files[0].Size != int64(len(data)) {
			t.Fatalf("%v, %v", files, err)
		}
		if age := time.Since(files[0].Modified); age < -time.Minute || age > time.Hour {
			t.Errorf("modified at %v", files[0].Modified)
		}
		if got := readFrom(t, open(t, path), 0); string(got) != data {
			t.Errorf("%q, want %q", got, data)
		}
	}
}

func abortLeavesNothing(t *testing.T, path string) {
	for _, size := range []int{0, 10, 20 << 20} {
		w, err := Create(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.Abort(); err != nil {
				t.Error(err)
			}
		}
		if err := w.Commit(); err == nil {
			t.Error("an aborted file was committed")
		}
		if got := paths(t, path[:strings.LastIndexByte(path, '/')]+"/**"); len(got) > 0 {
			t.Errorf("%v are left", got)
		}
	}
}

func ranges(t *testing.T, path string) {
	r := seedtest.Rand(t)
	data := bytesOf(r, 3*chunkSize+s3Part+r.IntN(2*chunkSize))
	put(t, path, data)
	o := open(t, path)
	if o.Size() != int64(len(data)) {
		t.Fatalf("%d bytes, want %d", o.Size(), len(data))
	}
	for _, from := range []int{0, 1, chunkSize, len(data) - 1, len(data), r.IntN(len(data))} {
		if !bytes.Equal(readFrom(t, o, int64(from)), data[from:]) {
			t.Errorf("from %d on it is other data", from)
		}
	}
	seeds := []uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
	var wg sync.WaitGroup
	for _, seed := range seeds {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, 0))
			for range 50 {
				off := r.IntN(len(data))
				p := make([]byte, 1+r.IntN(1<<(1+r.IntN(22))))
				n, err := o.ReadAt(p, int64(off))
				want := data[off:min(off+len(p), len(data))]
				if !bytes.Equal(p[:n], want) || (n < len(p)) != errors.Is(err, io.EOF) || err != nil && !errors.Is(err, io.EOF) {
					t.Errorf("%d of %d bytes at %d: %v", n, len(p), off, err)
				}
			}
		})
	}
	wg.Wait()
	if n, err := o.ReadAt(make([]byte, 1), o.Size()); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes behind the end: %v", n, err)
	}
	if _, err := o.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read before the start")
	}
}

func patterns(t *testing.T, root string) {
	for _, name := range []string{"1.x", "2.y", "a/1.x", "a/b/1.x", "a/b/c/2.x", "ab/1.x", "d[1]/1.x"} {
		put(t, root+"/"+name, []byte(name))
	}
	for pattern, want := range map[string]string{
		"*.x":        "1.x",
		"?.[xy]":     "1.x 2.y",
		"?.[!x]":     "2.y",
		"*/1.x":      "a/1.x ab/1.x d[1]/1.x",
		"a*/*":       "a/1.x ab/1.x",
		"**/1.x":     "1.x a/1.x a/b/1.x ab/1.x d[1]/1.x",
		"a/**":       "a/1.x a/b/1.x a/b/c/2.x",
		"a**.x":      "a/1.x a/b/1.x a/b/c/2.x ab/1.x",
		"a/**/2.x":   "a/b/c/2.x",
		"*/b/**":     "a/b/1.x a/b/c/2.x",
		"a/*/*/*.x":  "a/b/c/2.x",
		`d\[1\]/1.x`: "d[1]/1.x",
		`d\[*\]/1.x`: "d[1]/1.x",
		"a/1.x":      "a/1.x",
		"1":          "",
		"none/*":     "",
		"1.x/*":      "",
	} {
		var full []string
		for _, name := range strings.Fields(want) {
			full = append(full, root+"/"+name)
		}
		if got := paths(t, root+"/"+pattern); !slices.Equal(got, full) {
			t.Errorf("%s matches %v, want %v", pattern, got, full)
		}
	}
	for pattern, want := range map[string]string{
		"a":   root + "/a is a directory; its files are " + root + "/a/*",
		"[a":  `has a [ without a ]`,
		"[a/": `has a [ without a ]`,
	} {
		if _, err := List(t.Context(), root+"/"+pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

func notThere(t *testing.T, root string) {
	path := root + "/a.bin"
	put(t, path, []byte("x"))
	if err := Remove(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	_, opening := Open(t.Context(), path)
	for _, err := range []error{Remove(t.Context(), path), opening} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v", err)
		}
	}
	if got := paths(t, path); len(got) > 0 {
		t.Errorf("%v are left", got)
	}
}

// oneVersion: who has opened a file reads that one or nothing.
func oneVersion(t *testing.T, path string) {
	first, second := bytes.Repeat([]byte("1"), 3*chunkSize), bytes.Repeat([]byte("2"), 3*chunkSize)
	put(t, path, first)
	o := open(t, path)
	put(t, path, second)
	p := make([]byte, 10)
	if n, err := o.ReadAt(p, 2*chunkSize); err == nil && !bytes.Equal(p, first[:10]) || err != nil && (n > 0 || !errors.Is(err, errReplaced)) {
		t.Errorf("%q, %v", p[:n], err)
	}
	if got := readFrom(t, open(t, path), 0); !bytes.Equal(got, second) {
		t.Error("the second is not what was written")
	}
}

// canceled: a job that ends leaves nothing of what it was writing.
func canceled(t *testing.T, path string) {
	ctx, cancel := context.WithCancel(t.Context())
	w, err := Create(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 9<<20)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
	if got := paths(t, path[:strings.LastIndexByte(path, '/')]+"/**"); len(got) > 0 {
		t.Errorf("%v are left", got)
	}
}

func checkError(t *testing.T, err error, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}
