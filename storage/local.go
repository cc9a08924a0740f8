package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"crest/storage/glob"
)

// local is the files of this machine.
type local struct{}

func (local) list(ctx context.Context, pattern string) ([]File, error) {
	g, err := glob.Compile(pattern)
	if err != nil {
		return nil, inWords(err, "listing", pattern)
	}
	var files []File
	add := func(path string, e glob.Entry) error {
		st, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) && !e.Link {
			return nil // removed since
		}
		if err != nil {
			return err
		}
		if err := checkRegular(path, st); err != nil {
			return err
		}
		files = append(files, File{Path: path, Size: st.Size(), Modified: st.ModTime()})
		return nil
	}
	if g.Literal {
		err = add(g.Prefix, glob.Entry{})
	} else {
		err = g.Walk(func(dir string) ([]glob.Entry, error) { return readDir(ctx, dir) }, add)
	}
	if err != nil {
		return nil, inWords(err, "listing", pattern)
	}
	sortFiles(files)
	return files, nil
}

func sortFiles(files []File) {
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
}

// readDir returns what is in a directory, without files that are being written.
func readDir(ctx context.Context, dir string) ([]glob.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, err := os.ReadDir(dir + ".")
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, nil // a file holds no files
	}
	if err != nil {
		return nil, err
	}
	entries := make([]glob.Entry, 0, len(all))
	for _, d := range all {
		if glob.Temporary(d.Name()) {
			continue
		}
		e := glob.Entry{Name: d.Name(), Dir: d.IsDir(), Link: d.Type()&fs.ModeSymlink != 0}
		if e.Link {
			st, err := os.Stat(dir + e.Name)
			e.Dir = err == nil && st.IsDir()
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// bare takes the operation and the path, which callers tell, from an error of os.
func bare(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

func checkRegular(path string, st fs.FileInfo) error {
	switch {
	case st.IsDir():
		return isDirectory(path)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file: write what it gives into one", path)
	}
	return nil
}

func isDirectory(path string) error {
	return fmt.Errorf("%s is a directory; its files are %s/*", path, strings.TrimSuffix(path, "/"))
}

func (local) open(_ context.Context, path string) (Object, error) {
	// Before opening: a pipe would wait for a writer.
	st, err := os.Stat(path)
	if err != nil {
		return nil, inWords(bare(err), "opening", path)
	}
	if err := checkRegular(path, st); err != nil {
		return nil, inWords(bare(err), "opening", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, inWords(bare(err), "opening", path)
	}
	if st, err = f.Stat(); err != nil {
		return nil, errors.Join(inWords(bare(err), "opening", path), f.Close())
	}
	return localObject{File: f, size: st.Size()}, nil
}

func (local) remove(_ context.Context, path string) error {
	if err := os.Remove(path); err != nil {
		return inWords(bare(err), "removing", path)
	}
	return nil
}

// localObject is an open local file.
type localObject struct {
	*os.File
	size int64
}

func (o localObject) Size() int64 { return o.size }

func (o localObject) Range(_ context.Context, from int64) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(o.File, from, max(o.size-from, 0))), nil
}

// localWriter writes a temporary file and renames it.
type localWriter struct {
	path string
	temp *os.File // nil once the writer has ended
	err  error    // the first one of Write
}

func (local) create(_ context.Context, path string) (Writer, error) {
	dir := filepath.Dir(path)
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return nil, fmt.Errorf("creating %s: it is a directory; name a file in it", path)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, inWords(fmt.Errorf("making its directory: %w", err), "creating", path)
	}
	temp, err := os.OpenFile(filepath.Join(dir, glob.NewTemporary()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, inWords(bare(err), "creating", path)
	}
	return &localWriter{path: path, temp: temp}, nil
}

func (w *localWriter) Write(p []byte) (int, error) {
	if w.temp == nil {
		return 0, inWords(fs.ErrClosed, "writing", w.path)
	}
	n, err := w.temp.Write(p)
	if err != nil {
		w.err = inWords(bare(err), "writing", w.path)
	}
	return n, w.err
}

func (w *localWriter) Commit() error {
	if w.err != nil {
		return errors.Join(w.err, w.Abort())
	}
	if w.temp == nil {
		return inWords(fs.ErrClosed, "committing", w.path)
	}
	temp := w.temp
	err := temp.Sync()
	if err == nil {
		err = temp.Close()
	}
	if err == nil {
		err = os.Rename(temp.Name(), w.path)
	}
	if err != nil {
		return errors.Join(inWords(bare(err), "committing", w.path), w.Abort())
	}
	w.temp = nil
	// The name, too, is to survive a power cut.
	if err := syncDir(filepath.Dir(w.path)); err != nil {
		return fmt.Errorf("committing %s: it is there, but may not outlive a power cut: %w", w.path, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (w *localWriter) Abort() error {
	if w.temp == nil {
		return nil
	}
	temp := w.temp
	w.temp = nil
	temp.Close() // again, perhaps: what it says no longer matters
	if err := os.Remove(temp.Name()); err != nil {
		return inWords(bare(err), "aborting", w.path)
	}
	return nil
}
