package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"crest/archive"
	"crest/block"
	"crest/storage"
)

// packed runs blocks through packFn as one bundle.
func packed(t *testing.T, fn *packFn, blocks ...block.Block) map[string][]archive.Chunk {
	t.Helper()
	chunks := make(map[string][]archive.Chunk)
	emit := func(source string, c archive.Batch) { chunks[source] = append(chunks[source], c.Chunks...) }
	fn.StartBundle(emit)
	for _, b := range blocks {
		if err := fn.ProcessElement(b, emit); err != nil {
			t.Fatal(err)
		}
	}
	if err := fn.FinishBundle(emit); err != nil {
		t.Fatal(err)
	}
	return chunks
}

// wrote runs chunks through writeFn as one bundle, and returns its token.
func wrote(ctx context.Context, fn *writeFn, chunks map[string][]archive.Chunk) (token int64, err error) {
	token = -1
	emit := func(n int64) { token = n }
	fn.StartBundle(emit)
	for key, all := range chunks {
		next := func(c *archive.Batch) bool {
			if len(all) == 0 {
				return false
			}
			n := (len(all) + 1) / 2
			c.Chunks, all = all[:n], all[n:]
			return true
		}
		if err := fn.ProcessElement(ctx, key, next, emit); err != nil {
			return token, err
		}
	}
	return token, fn.FinishBundle(ctx, emit)
}

const at = int64(1_700_000_000_000)

// events are a block of n messages from an offset on, ten an hour.
func events(from, n int) block.Block {
	b := block.Block{Source: "kafka:events/0"}
	for i := from; i < from+n; i++ {
		b.Append(fmt.Appendf(nil, `{"n":%d}`, i), nil, int64(i), at+int64(i)*6*60e3)
	}
	return b
}

// stored are the offsets that an archive holds.
func stored(t *testing.T, prefix string) (offsets []int64) {
	t.Helper()
	groups, err := archive.List(t.Context(), prefix, time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range groups {
		m, err := groups[i].Open(t.Context(), &archive.Stats{}, func(f archive.Fault) { t.Errorf("%+v", f) })
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
			offsets = append(offsets, r.Offset)
		}
	}
	slices.Sort(offsets)
	return offsets
}

func upTo(n int) (offsets []int64) {
	for i := range n {
		offsets = append(offsets, int64(i))
	}
	return offsets
}

// files are the files under a directory.
func files(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestRepeatedBundles runs bundles again that had failed, in whole or in part:
// the same content replaces its own file, and other overlaps vanish in reading.
func TestRepeatedBundles(t *testing.T) {
	prefix := t.TempDir()
	pack, write := &packFn{JSON: true}, &writeFn{Prefix: prefix, Format: archive.NDJSON}
	chunks := packed(t, pack, events(0, 30), events(30, 30), block.Block{Source: "kafka:events/0"})
	for range 2 {
		if n, err := wrote(t.Context(), write, chunks); n != 60 || err != nil {
			t.Fatalf("%d records, %v", n, err)
		}
	}
	if n := len(files(t, prefix)); n != 7 { // hours
		t.Errorf("%d files", n)
	}
	if n, err := wrote(t.Context(), write, packed(t, pack, events(25, 50))); n != 50 || err != nil {
		t.Fatalf("%d records, %v", n, err)
	}
	if got := stored(t, prefix); !slices.Equal(got, upTo(75)) {
		t.Errorf("offsets %v", got)
	}
	if n, err := wrote(t.Context(), write, nil); n != 0 || err != nil {
		t.Errorf("a bundle of nothing: %d, %v", n, err)
	}
}

// TestPackBound sends a bundle that is larger than what is kept of it.
func TestPackBound(t *testing.T) {
	fn, emitted := &packFn{}, 0
	emit := func(string, archive.Batch) { emitted++ }
	fn.StartBundle(emit)
	for i := range 5 {
		b := block.Block{Source: "s"}
		b.Append(make([]byte, packBytes/4), nil, int64(i), at)
		if err := fn.ProcessElement(b, emit); err != nil {
			t.Fatal(err)
		}
	}
	if emitted == 0 || len(fn.blocks) != 1 {
		t.Errorf("%d chunks are emitted, %d blocks are kept", emitted, len(fn.blocks))
	}
	// What fails now is forgotten when it begins again.
	if chunks := packed(t, fn, events(0, 1)); len(chunks) != 1 {
		t.Errorf("chunks %v", chunks)
	}
}

// TestLargeGroup has a group too large for a file be several.
func TestLargeGroup(t *testing.T) {
	prefix := t.TempDir()
	noise := make([]byte, maxFile/4)
	rand.NewChaCha8([32]byte{}).Read(noise) // nothing to compress
	var chunks []archive.Chunk
	for i := range 6 {
		b := block.Block{Source: "s"}
		b.Append(noise, nil, int64(i), at)
		chunks = append(chunks, packed(t, &packFn{}, b)["s"]...)
	}
	if n, err := wrote(t.Context(), &writeFn{Prefix: prefix, Format: archive.NDJSON}, map[string][]archive.Chunk{"s": chunks}); n != 6 || err != nil {
		t.Fatalf("%d records, %v", n, err)
	}
	if n := len(files(t, prefix)); n != 2 { // base64 makes four thirds of it
		t.Errorf("%d files", n)
	}
	if got := stored(t, prefix); !slices.Equal(got, upTo(6)) {
		t.Errorf("offsets %v", got)
	}
}

// TestInterrupted ends a process between writing and committing: nothing of the
// file is there.
func TestInterrupted(t *testing.T) {
	prefix := t.TempDir()
	w, err := storage.Create(t.Context(), prefix+"/"+archive.HourOf(at).Dir()+"/a-1-2-0000000000000005.ndjson.zst")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("half of a file")); err != nil {
		t.Fatal(err)
	}
	if len(files(t, prefix)) != 1 { // the temporary one, which stays when it is killed
		t.Errorf("files %v", files(t, prefix))
	}
	if got := stored(t, prefix); len(got) > 0 {
		t.Errorf("offsets %v", got)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
}

// TestUnwritable archives under what is no directory, and onto a full disk.
func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), file+"/archive"); err == nil || !strings.Contains(err.Error(), "nothing can be archived under "+file) {
		t.Errorf("under a file: %v", err)
	}
	prefix := t.TempDir() + "/new/archive"
	if err := Check(t.Context(), prefix); err != nil {
		t.Errorf("under a directory that is made: %v", err)
	}
	if left := files(t, prefix); len(left) > 0 {
		t.Errorf("files %v are left", left)
	}
	chunks := packed(t, &packFn{}, events(0, 1))
	_, err := wrote(t.Context(), &writeFn{Prefix: file, Format: archive.NDJSON}, chunks)
	if err == nil || !strings.Contains(err.Error(), "archiving kafka:events/0: creating "+file) {
		t.Errorf("under a file: %v", err)
	}
	full := &writeFn{Prefix: prefix, Format: archive.NDJSON, write: func(_ context.Context, path string, _ [][]byte) error {
		return fmt.Errorf("writing %s: %w", path, syscall.ENOSPC)
	}}
	if token, err := wrote(t.Context(), full, chunks); !errors.Is(err, syscall.ENOSPC) || token != -1 {
		t.Errorf("onto a full disk: %d, %v", token, err)
	}
	full.write = writeFile
	if token, err := wrote(t.Context(), full, chunks); token != 1 || err != nil {
		t.Errorf("once there is room: %d, %v", token, err)
	}
}

// TestOutage has a remote file system come back, or not.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, works := 0, 5
		fn := &writeFn{Prefix: "hdfs://namenode/archive", Format: archive.NDJSON, write: func(context.Context, string, [][]byte) error {
			if tries++; tries < works {
				return errors.New("connection refused")
			}
			return nil
		}}
		chunks := packed(t, &packFn{}, events(0, 1))
		if n, err := wrote(t.Context(), fn, chunks); n != 1 || err != nil || tries != 5 {
			t.Errorf("%d records, %v, after %d tries", n, err, tries)
		}
		works = 1 << 30
		begun := time.Now()
		if _, err := wrote(t.Context(), fn, chunks); err == nil || time.Since(begun) < patience || time.Since(begun) > 2*patience {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := wrote(ctx, fn, chunks); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		tries = 0
		fn.write = func(context.Context, string, [][]byte) error { tries++; return fs.ErrPermission }
		if _, err := wrote(t.Context(), fn, chunks); !errors.Is(err, fs.ErrPermission) || tries != 1 {
			t.Errorf("denied: %v after %d tries", err, tries)
		}
	})
}
