package storage

import (
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// startGS starts a server of Google Cloud Storage's protocol that has a bucket.
func startGS(t *testing.T, wrap func(http.Handler) http.Handler) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	// It tells objects' URLs from others by the host that it is asked for.
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, Scheme: "http", PublicHost: listener.Addr().String(), ExternalURL: "http://" + listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "bucket"})
	serve(t, listener, wrap(server.HTTPHandler()))
	t.Setenv("STORAGE_EMULATOR_HOST", listener.Addr().String())
}

func serve(t *testing.T, listener net.Listener, h http.Handler) {
	s := &http.Server{Handler: h}
	go s.Serve(listener)
	t.Cleanup(func() { s.Close() })
}

func asItIs(h http.Handler) http.Handler { return h }

func TestGS(t *testing.T) {
	startGS(t, asItIs)
	conforms(t, "gs://bucket/root")
	bucketErrors(t, "gs")
}

func TestGSBreaks(t *testing.T) {
	var b breaker
	startGS(t, b.wrap)
	b.check(t, "gs://bucket/a.bin")
}

func TestGSDenied(t *testing.T) {
	startGS(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error": {"code": 403, "message": "not yours"}}`, http.StatusForbidden)
		})
	})
	_, err := List(t.Context(), "gs://bucket/*")
	checkError(t, err, "listing gs://bucket/*", "access is denied", "GOOGLE_APPLICATION_CREDENTIALS", "not yours")
	_, err = Open(t.Context(), "gs://bucket/a")
	checkError(t, err, "opening gs://bucket/a", "access is denied")
}

// bucketErrors checks what is wrong with buckets.
func bucketErrors(t *testing.T, scheme string) {
	_, err := List(t.Context(), scheme+"://no-bucket/x*")
	checkError(t, err, fmt.Sprintf("listing %s://no-bucket/x*: there is no bucket no-bucket", scheme))
	_, err = List(t.Context(), scheme+"://bu*/x")
	checkError(t, err, "the bucket bu* can't be a pattern")
	_, err = List(t.Context(), scheme+"://bucket")
	checkError(t, err, "it needs a bucket and a name, as in "+scheme+"://BUCKET/NAME")
	w, err := Create(t.Context(), scheme+"://no-bucket/x")
	if err == nil {
		err = w.Commit()
	}
	checkError(t, err, scheme+"://no-bucket/x: there is no bucket no-bucket")
}
