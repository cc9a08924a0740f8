package replay

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxLine is the longest line that is read.
const maxLine = 16 << 20

// checkFile says why a file can't be read, if so.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory: name the files in it", path)
	}
	return err
}

// A lineReader reads the lines of a file.
type lineReader struct {
	path string
	line int // the number of the line read last, from 1
	scan *bufio.Scanner
	file *os.File
	zstd *zstd.Decoder
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func openFile(path string) (*lineReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &lineReader{path: path, file: f}
	var in io.Reader = f
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		in, err = gzip.NewReader(bufio.NewReader(f))
	case ".zst", ".zstd":
		r.zstd, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		in = r.zstd
	case ".bz2":
		in = bzip2.NewReader(f)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("decompressing %s: %w", path, err)
	}
	r.scan = bufio.NewScanner(in)
	r.scan.Buffer(make([]byte, 64<<10), maxLine)
	return r, nil
}

// next returns the next line that is not blank, without its end, or io.EOF. The
// line is good until the next call.
func (r *lineReader) next() ([]byte, error) {
	for r.scan.Scan() {
		r.line++
		line := r.scan.Bytes()
		if r.line == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
	}
	err := r.scan.Err()
	switch {
	case err == nil:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("reading %s: line %d is longer than %d MiB", r.path, r.line+1, maxLine>>20)
	}
	return nil, fmt.Errorf("reading %s behind line %d: %w", r.path, r.line, err)
}

// Close closes the file.
func (r *lineReader) Close() {
	if r.zstd != nil {
		r.zstd.Close()
	}
	r.file.Close()
}
