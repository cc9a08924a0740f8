package storage

import (
	"bytes"
	"net/http"
	"sync/atomic"
	"testing"

	"crest/seedtest"
)

// breaker is a network that breaks: it ends the connection in the middle of
// every second answer that is long.
type breaker struct {
	answers, broken atomic.Int64
	on              atomic.Bool
}

func (b *breaker) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left := 1 << 40
		if b.on.Load() && r.Method == http.MethodGet && b.answers.Add(1)%2 == 0 {
			left = 300 << 10
		}
		h.ServeHTTP(&breaking{ResponseWriter: w, b: b, left: left}, r)
	})
}

type breaking struct {
	http.ResponseWriter
	b    *breaker
	left int
}

func (w *breaking) Write(p []byte) (int, error) {
	if len(p) > w.left {
		w.b.broken.Add(1)
		panic(http.ErrAbortHandler)
	}
	w.left -= len(p)
	return w.ResponseWriter.Write(p)
}

// check reads a file through the breaks.
func (b *breaker) check(t *testing.T, path string) {
	data := bytesOf(seedtest.Rand(t), 5*chunkSize+1234)
	put(t, path, data)
	o := open(t, path)
	b.on.Store(true)
	if !bytes.Equal(readFrom(t, o, 1), data[1:]) {
		t.Error("the stream is other data")
	}
	p := make([]byte, len(data))
	for off := 0; off < len(data); off += 100_000 {
		end := min(off+100_000, len(data))
		if n, err := o.ReadAt(p[off:end], int64(off)); err != nil {
			t.Fatalf("%d bytes at %d: %v", n, off, err)
		}
	}
	if !bytes.Equal(p, data) {
		t.Error("the ranges are other data")
	}
	if b.broken.Load() == 0 {
		t.Error("nothing broke")
	}
}
