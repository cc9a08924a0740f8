package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

// gsChunk is how much of an upload is sent at once, in bytes. Each open Writer
// holds as much.
const gsChunk = 4 << 20

// gs is the objects of Google Cloud Storage.
type gs struct{}

// gsClients are the clients of this process, by emulator ("" is the service).
var gsClients struct {
	sync.Mutex
	of map[string]*storage.Client
}

// gsClient returns the shared client, with the application default credentials
// or, where there are none, without: public objects need none.
func gsClient(ctx context.Context) (*storage.Client, error) {
	gsClients.Lock()
	defer gsClients.Unlock()
	emulator := os.Getenv("STORAGE_EMULATOR_HOST")
	if c := gsClients.of[emulator]; c != nil {
		return c, nil
	}
	ctx = context.WithoutCancel(ctx) // it outlives the call
	agent := option.WithUserAgent("crest")
	c, err := storage.NewClient(ctx, agent)
	if err != nil {
		var without error
		if c, without = storage.NewClient(ctx, agent, option.WithoutAuthentication()); without != nil {
			return nil, fmt.Errorf("no client for Google Cloud Storage: %w", err)
		}
	}
	// Everything here may be repeated: an upload replaces a whole object.
	c.SetRetry(storage.WithPolicy(storage.RetryAlways), storage.WithMaxRetryDuration(callTimeout))
	if gsClients.of == nil {
		gsClients.of = make(map[string]*storage.Client)
	}
	gsClients.of[emulator] = c
	return c, nil
}

func (gs) list(ctx context.Context, pattern string) ([]File, error) {
	files, err := listBucket(ctx, pattern, listGS)
	return files, inWords(err, "listing", pattern)
}

func listGS(ctx context.Context, bucket, prefix string, alive func(), visit func(string, int64, time.Time) bool) error {
	c, err := gsClient(ctx)
	if err != nil {
		return err
	}
	q := &storage.Query{Prefix: prefix}
	if err := q.SetAttrSelection([]string{"Name", "Size", "Updated"}); err != nil {
		return err
	}
	for it := c.Bucket(bucket).Objects(ctx, q); ; {
		o, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return explainGS(err, bucket)
		}
		alive()
		if !visit(o.Name, o.Size, o.Updated) {
			return nil
		}
	}
}

func gsObject(ctx context.Context, path string) (*storage.ObjectHandle, error) {
	bucket, name, err := splitURL(path)
	if err != nil {
		return nil, err
	}
	c, err := gsClient(ctx)
	if err != nil {
		return nil, err
	}
	return c.Bucket(bucket).Object(name), nil
}

func (gs) open(ctx context.Context, path string) (Object, error) {
	o, err := gsObject(ctx, path)
	if err != nil {
		return nil, inWords(err, "opening", path)
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	attrs, err := o.Attrs(call)
	if err != nil {
		return nil, inWords(explainGS(err, o.BucketName()), "opening", path)
	}
	// This version, and as it is stored: a range of what the service would
	// decompress on the way is not a range of the object.
	o = o.Generation(attrs.Generation).ReadCompressed(true)
	return &remote{ctx: ctx, path: path, size: attrs.Size, open: func(ctx context.Context, from, n int64) (io.ReadCloser, error) {
		r, err := o.NewRangeReader(ctx, from, n)
		if errors.Is(err, storage.ErrObjectNotExist) {
			return nil, errReplaced
		}
		if err != nil {
			return nil, explainGS(err, o.BucketName())
		}
		return r, nil
	}}, nil
}

func (gs) remove(ctx context.Context, path string) error {
	o, err := gsObject(ctx, path)
	if err != nil {
		return inWords(err, "removing", path)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return inWords(explainGS(o.Delete(ctx), o.BucketName()), "removing", path)
}

// gsWriter uploads an object, which appears when the upload is closed.
type gsWriter struct {
	w      *storage.Writer
	path   string
	bucket string
	cancel context.CancelFunc
	ended  bool
	err    error
}

func (gs) create(ctx context.Context, path string) (Writer, error) {
	o, err := gsObject(ctx, path)
	if err != nil {
		return nil, inWords(err, "creating", path)
	}
	ctx, cancel := context.WithCancel(ctx)
	w := o.NewWriter(ctx)
	w.ChunkSize, w.ChunkRetryDeadline, w.ChunkTransferTimeout = gsChunk, 2*callTimeout, callTimeout
	return &gsWriter{w: w, path: path, bucket: o.BucketName(), cancel: cancel}, nil
}

func (w *gsWriter) Write(p []byte) (int, error) {
	if w.ended {
		return 0, inWords(fs.ErrClosed, "writing", w.path)
	}
	n, err := w.w.Write(p)
	if err != nil {
		w.err = inWords(explainGS(err, w.bucket), "writing", w.path)
	}
	return n, w.err
}

func (w *gsWriter) Commit() error {
	if w.err != nil {
		return errors.Join(w.err, w.Abort())
	}
	if w.ended {
		return inWords(fs.ErrClosed, "committing", w.path)
	}
	w.ended = true
	defer w.cancel()
	return inWords(explainGS(w.w.Close(), w.bucket), "committing", w.path)
}

func (w *gsWriter) Abort() error {
	if !w.ended {
		w.ended = true
		w.cancel()
		w.w.Close() // tells of the cancellation
	}
	return nil
}

// explainGS says what an error of the service means.
func explainGS(err error, bucket string) error {
	var api *googleapi.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrObjectNotExist):
		return errNoFile
	case errors.Is(err, storage.ErrBucketNotExist):
		return missing(bucket, nil)
	case !errors.As(err, &api):
		return err
	}
	switch api.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &storageError{text: "access is denied: name credentials that may with GOOGLE_APPLICATION_CREDENTIALS, or log in with gcloud auth application-default login", kind: fs.ErrPermission, cause: err}
	case http.StatusNotFound:
		return missing(bucket, nil)
	}
	return err
}
