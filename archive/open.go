package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"

	"crest/storage"
)

// Open merges the files of a group. It adds to stats what it does. Few files are open at a time: those whose records lie between one
// another, and no more than 64. Of more, some are merged into temporary files of
// this machine before.
func (g *Group) Open(ctx context.Context, stats *Stats, faults Faults) (*Merger, error) {
	inputs := make([]sized, 0, len(g.Files))
	for _, f := range g.Files {
		name, err := parseFileName(path.Base(f.Path))
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, sized{
			input: input{path: f.Path, first: name.first.start(), open: func() (run, error) { return openFile(ctx, f.Path, &name, stats, faults) }},
			last:  name.last.start(),
			size:  f.Size,
		})
	}
	for depth(inputs) > maxOpen {
		slices.SortStableFunc(inputs, func(a, b sized) int { return cmp.Compare(a.size, b.size) })
		merged, err := spill(inputs[:maxOpen], stats, faults)
		if err != nil {
			return nil, fmt.Errorf("merging files of %s in %s: %w", g.Hour.Dir(), os.TempDir(), err)
		}
		inputs = append([]sized{merged}, inputs[maxOpen:]...)
	}
	return newMerger(plain(inputs), stats, faults), nil
}

// sized is an input of which more is known.
type sized struct {
	input
	last Record // the records end about there
	size int64
}

func plain(inputs []sized) []input {
	p := make([]input, len(inputs))
	for i := range inputs {
		p[i] = inputs[i].input
	}
	return p
}

// depth is how many inputs are open at once when they are merged.
func depth(inputs []sized) int {
	type edge struct {
		at   *Record
		step int
	}
	var edges []edge
	for i := range inputs {
		edges = append(edges, edge{&inputs[i].first, 1}, edge{&inputs[i].last, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return b.step - a.step
	})
	open, most := 0, 0
	for _, e := range edges {
		open += e.step
		most = max(most, open)
	}
	return most
}

// openFile opens a file of an archive.
func openFile(ctx context.Context, path string, name *fileName, stats *Stats, faults Faults) (run, error) {
	o, err := storage.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	in, err := o.Range(ctx, 0)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	if name.format == Parquet {
		sum := xxhash.New()
		_, err := io.Copy(sum, in)
		if err = errors.Join(err, in.Close()); err != nil {
			return nil, errors.Join(err, o.Close())
		}
		return newParquetRun(path, o, o.Size(), checkHash(sum.Sum64(), name.hash), faults, stats)
	}
	return newTextRun(path, &rangeCloser{in, o}, &name.hash, faults, stats)
}

// checkHash compares the hash of a file's bytes with that of its name.
func checkHash(sum, want uint64) error {
	if sum != want {
		return fmt.Errorf("it is not the file that was written: the hash of its bytes is %016x, that of its name %016x", sum, want)
	}
	return nil
}

// rangeCloser closes the object that it reads from.
type rangeCloser struct {
	io.ReadCloser
	object storage.Object
}

func (r *rangeCloser) Close() error { return errors.Join(r.ReadCloser.Close(), r.object.Close()) }

// spill merges inputs into a temporary file without a name, which is gone when it
// is closed.
func spill(inputs []sized, stats *Stats, faults Faults) (merged sized, err error) {
	m := newMerger(plain(inputs), stats, faults)
	m.keep = true
	defer func() { err = errors.Join(err, m.Close()) }()
	temp, err := os.CreateTemp("", "crest-*")
	if err != nil {
		return sized{}, err
	}
	defer func() {
		if err != nil {
			temp.Close()
		}
	}()
	if err := os.Remove(temp.Name()); err != nil {
		return sized{}, err
	}
	z, err := zstd.NewWriter(temp, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowSize))
	if err != nil {
		return sized{}, err
	}
	merged = sized{input: input{path: "merged files", first: inputs[0].first}, last: inputs[0].last}
	for i := range inputs {
		if inputs[i].first.Compare(&merged.first) < 0 {
			merged.first = inputs[i].first
		}
		if inputs[i].last.Compare(&merged.last) > 0 {
			merged.last = inputs[i].last
		}
		merged.size += inputs[i].size
	}
	var line []byte
	for {
		r, ok, err := m.Next()
		if err != nil {
			return sized{}, errors.Join(err, z.Close())
		}
		if !ok {
			break
		}
		if line, err = AppendLine(line[:0], r); err == nil {
			_, err = z.Write(line)
		}
		if err != nil {
			return sized{}, errors.Join(err, z.Close())
		}
	}
	if err := z.Close(); err != nil {
		return sized{}, err
	}
	if _, err := temp.Seek(0, io.SeekStart); err != nil {
		return sized{}, err
	}
	merged.open = func() (run, error) { return newTextRun("merged files", temp, nil, faults, &Stats{}) }
	merged.discard = temp.Close
	return merged, nil
}
