package files

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"crest/seedtest"
	"crest/storage"
)

// put writes a file anywhere.
func put(t testing.TB, path string, data []byte) string {
	t.Helper()
	w, err := storage.Create(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := io.Copy(w, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return path
}

// eachRecordOnce reads files of all kinds below root, whole and split.
func eachRecordOnce(t *testing.T, r *rand.Rand, root string) {
	const n = 300
	text := ndjson(r, n, "\n")
	for name, data := range map[string][]byte{
		"a.ndjson": text, "a.ndjson.gz": gzipped(text), "a.csv": []byte(csvData(n, "\n")),
		"a.parquet": parquetFile(t, n), "a.avro": avroFile(t, n),
	} {
		path := put(t, root+"/"+name, data)
		checkItems(t, readAll(t, newReadFn(), path), n)
		checkItems(t, readSplit(t, r, newReadFn(), path), n)
		if whole := file(t, path).Whole; whole != (name == "a.csv" || strings.HasSuffix(name, ".gz")) {
			t.Errorf("%s is read whole: %v", path, whole)
		}
	}
	files, stored, err := Stat(t.Context(), []string{root + "/a.*", root + "/a.csv"})
	if err != nil || files != 5 || stored == 0 {
		t.Errorf("%d files of %d bytes, %v", files, stored, err)
	}
	if _, _, err := Stat(t.Context(), []string{root + "/none*"}); err == nil || !strings.Contains(err.Error(), "no file matches "+root+"/none*") {
		t.Errorf("got %v", err)
	}
	if _, _, err := Stat(t.Context(), []string{root}); err == nil || !strings.Contains(err.Error(), root+" is a directory; its files are "+root+"/*") {
		t.Errorf("got %v", err)
	}
}

// TestGS: objects are read by ranges, and a range costs what it holds.
func TestGS(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, Scheme: "http", PublicHost: address, ExternalURL: "http://" + address})
	if err != nil {
		t.Fatal(err)
	}
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
	var sent atomic.Int64
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.HTTPHandler().ServeHTTP(counting{w, &sent}, r)
	})}
	go s.Serve(listener)
	t.Cleanup(func() { s.Close() })
	t.Setenv("STORAGE_EMULATOR_HOST", address)

	r := seedtest.Rand(t)
	eachRecordOnce(t, r, "gs://bucket/dir")

	data := ndjson(r, 100_000, "\n")
	f := file(t, put(t, "gs://bucket/big.ndjson", data))
	sent.Store(0)
	part := Range{Start: f.Size - 1<<20, End: f.Size}
	if blocks, _ := read(t, newReadFn(), f, part, -1, 0); len(blocks) == 0 {
		t.Error("nothing was read")
	}
	if sent.Load() > 3<<19 {
		t.Errorf("%d bytes were sent for the last MiB of %d", sent.Load(), f.Size)
	}
}

type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}
