package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"crest/storage/glob"
)

// What gs:// and s3:// have in common: objects in buckets, with names in which a
// slash is a character like any other.

// splitURL splits scheme://BUCKET/NAME.
func splitURL(url string) (bucket, name string, err error) {
	scheme, rest, _ := strings.Cut(url, "://")
	bucket, name, _ = strings.Cut(rest, "/")
	switch {
	case bucket == "" || name == "":
		return "", "", fmt.Errorf("it needs a bucket and a name, as in %s://BUCKET/NAME", scheme)
	case strings.ContainsAny(bucket, `*?[\`):
		return "", "", fmt.Errorf("the bucket %s can't be a pattern: name one", bucket)
	}
	return bucket, name, nil
}

// A lister visits the objects of a bucket whose names begin with prefix, until
// visit returns false. It calls alive whenever something came.
type lister func(ctx context.Context, bucket, prefix string, alive func(), visit func(name string, size int64, modified time.Time) bool) error

// listBucket returns the objects that a pattern matches.
func listBucket(ctx context.Context, pattern string, list lister) ([]File, error) {
	bucket, name, err := splitURL(pattern)
	if err != nil {
		return nil, err
	}
	g, err := glob.Compile(name)
	if err != nil {
		return nil, err
	}
	root := strings.TrimSuffix(pattern, name)
	var files []File
	directory := false
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stalled := time.AfterFunc(callTimeout, cancel)
	defer stalled.Stop()
	err = list(ctx, bucket, g.Prefix, func() { stalled.Reset(callTimeout) }, func(name string, size int64, modified time.Time) bool {
		isDir := strings.HasSuffix(name, "/") // a placeholder that consoles make
		if !isDir && g.Match(name) {
			files = append(files, File{Path: root + name, Size: size, Modified: modified})
		}
		if !g.Literal {
			return true
		}
		// In order of names: the object itself comes first, and NAME.x before NAME/.
		directory = strings.HasPrefix(name, strings.TrimSuffix(g.Prefix, "/")+"/")
		return len(files) == 0 && !directory && name < g.Prefix+"/"
	})
	if err != nil && !stalled.Stop() {
		err = fmt.Errorf("nothing came for %v: %w", callTimeout, err)
	}
	if err == nil && directory && len(files) == 0 {
		err = isDirectory(root + g.Prefix)
	}
	if err != nil {
		return nil, err
	}
	sortFiles(files)
	return files, nil
}

// storageError is what went wrong in words that help, of a kind that errors.Is
// knows, with the service's own error behind it.
type storageError struct {
	text  string
	kind  error
	cause error
}

func (e *storageError) Error() string {
	if e.cause == nil {
		return e.text
	}
	return e.text + ": " + e.cause.Error()
}

func (e *storageError) Unwrap() []error { return []error{e.kind, e.cause} }

func missing(bucket string, cause error) error {
	return &storageError{text: fmt.Sprintf("there is no bucket %s", bucket), kind: fs.ErrNotExist, cause: cause}
}

var errNoFile = fmt.Errorf("there is no such file: %w", fs.ErrNotExist)

// inWords wraps an error with the operation and the path, if there is one.
func inWords(err error, operation, path string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("there was no answer in time: %w", err)
	}
	return fmt.Errorf("%s %s: %w", operation, path, err)
}
