// Package storage is how Crest reads and writes files, wherever they are. The
// scheme of a path says where: none for local files, gs:// for Google Cloud
// Storage, s3:// for Amazon S3 and what speaks its protocol, hdfs:// for Hadoop.
// Files of any other filesystem that is registered with Beam can be read.
//
// Files are read by ranges, and a file that is written appears whole or not at
// all. Every call has a deadline; what fails for a moment is tried again for up
// to half a minute. The errors say what was done to which path, and what would be
// right.
package storage

import (
	"context"
	"io"
	"strings"
	"time"
)

// File is a file that a pattern matched.
type File struct {
	// Path is spelled like the pattern: what is literal in it stays as it is.
	Path string
	// Size is the stored size in bytes.
	Size int64
	// Modified is when the file was last written.
	Modified time.Time
}

// Object is a file that is open for reading. Any number of goroutines may use it.
// It is one version of the file: what is read never mixes two of them.
type Object interface {
	// ReadAt reads from anywhere. Small reads that are near one another are cheap.
	io.ReaderAt
	// Size is the stored size in bytes when the file was opened.
	Size() int64
	// Range reads forwards from an offset to the end. The reader is for one
	// goroutine and is closed before the Object.
	Range(ctx context.Context, from int64) (io.ReadCloser, error)
	// Close frees what the Object holds.
	Close() error
}

// Writer writes a file that nobody sees until it is whole. It is for one
// goroutine, and it ends with Commit or Abort.
type Writer interface {
	// Write adds to the file. After an error only Abort is left.
	io.Writer
	// Commit makes the file appear under its name, durable and whole, in the place
	// of one that was there. After an error the name has the file that it had, or
	// none; where the answer to the last request was lost, perhaps the new one.
	Commit() error
	// Abort leaves nothing of the file. After Commit it does nothing, so it can be
	// deferred.
	Abort() error
}

// A system is the files of one scheme.
type system interface {
	list(ctx context.Context, pattern string) ([]File, error)
	open(ctx context.Context, path string) (Object, error)
	create(ctx context.Context, path string) (Writer, error)
	remove(ctx context.Context, path string) error
}

// systems are the schemes that are not left to Beam.
var systems = map[string]system{
	"":     local{},
	"gs":   gs{},
	"s3":   s3{},
	"hdfs": hadoop{},
}

func systemOf(path string) system {
	if s, ok := systems[schemeOf(path)]; ok {
		return s
	}
	return others{}
}

func schemeOf(path string) string {
	scheme, _, ok := strings.Cut(path, "://")
	if !ok {
		return ""
	}
	return scheme
}

// Seekable tells whether a file is read from anywhere at the price of what is
// read. If not, Range reads past all that is before its offset, and ReadAt makes a
// local copy first: files of other filesystems of Beam's.
func Seekable(path string) bool {
	_, ok := systems[schemeOf(path)]
	return ok
}

// List returns the files that a pattern matches, sorted by path; none is no
// error. In a pattern ? is a character, * any number of them, [a-z] one of
// several and [!a-z] any other, all within a segment of the path; ** is any
// number of characters in any number of segments, and **/ may also be none. A
// backslash takes the meaning from the character behind it. Directories that a
// wildcard matches are left out; a pattern without one that names a directory is
// an error that says how to name its files.
//
// A file that another Writer has not committed does not exist yet.
func List(ctx context.Context, pattern string) ([]File, error) {
	return systemOf(pattern).list(ctx, pattern)
}

// Open opens a file for reading. The context bounds the reads as well.
func Open(ctx context.Context, path string) (Object, error) {
	return systemOf(path).open(ctx, path)
}

// Create begins a file, and makes the directories above it. The context bounds
// all writing.
func Create(ctx context.Context, path string) (Writer, error) {
	return systemOf(path).create(ctx, path)
}

// Remove removes a file. One that does not exist is an error that wraps
// fs.ErrNotExist.
func Remove(ctx context.Context, path string) error {
	return systemOf(path).remove(ctx, path)
}
