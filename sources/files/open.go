package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"crest/sources/format"
	"crest/storage"
)

// sampleSize is how much of a file is looked at to tell its format and to find
// its header, in bytes.
const sampleSize = 64 << 10

// inspect tells a file's format and whether it can be split.
func inspect(ctx context.Context, l listed, kind format.Kind) (File, error) {
	name, c := splitExtension(l.path)
	if kind == format.Auto {
		sample, err := sampleOf(ctx, l.path)
		if err != nil {
			return File{}, err
		}
		if kind, err = format.Detect(name, sample); err != nil {
			return File{}, err
		}
	}
	if c != plain && (kind == format.Avro || kind == format.Parquet) {
		return File{}, fmt.Errorf("%s is %s inside of %s: decompress it, it has its own compression", l.path, kind, c)
	}
	whole := c != plain || kind == format.CSV || !storage.Seekable(l.path)
	return File{Path: l.path, Size: l.size, Kind: kind, Whole: whole}, nil
}

// sampleOf returns the decompressed start of a file.
func sampleOf(ctx context.Context, path string) ([]byte, error) {
	o, err := storage.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	r, err := o.Range(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	_, c := splitExtension(path)
	sample, err := readSample(r, c)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return sample, nil
}

// readSample returns the decompressed start of a file: what there is of it in a
// stream that is corrupt.
func readSample(r io.Reader, c compression) ([]byte, error) {
	if c != plain {
		s := decompress(r, c)
		defer s.Close()
		r = s
	}
	sample, err := io.ReadAll(io.LimitReader(r, sampleSize))
	var broken *errStream
	if err != nil && !errors.As(err, &broken) {
		return nil, err
	}
	return sample, nil
}

// open opens a range of a file.
func (fn *readFn) open(ctx context.Context, f File, part Range) (reader, error) {
	o, err := storage.Open(ctx, f.Path)
	if err != nil {
		return nil, err
	}
	var r reader
	switch f.Kind {
	case format.Avro, format.Parquet:
		r, err = fn.openContainer(o, f, part)
	default:
		r, err = fn.openText(ctx, o, f, part)
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return r, nil
}

func (fn *readFn) openText(ctx context.Context, o storage.Object, f File, part Range) (reader, error) {
	decoder, err := fn.newDecoder(ctx, f)
	if err != nil {
		return nil, err
	}
	start := (part.Start + fn.BlockSize - 1) / fn.BlockSize * fn.BlockSize
	from := max(start-1, 0)
	body, err := o.Range(ctx, from)
	if err != nil {
		return nil, err
	}
	t := &textReader{file: f, object: o, body: body, decoder: decoder, end: part.End}
	in := io.LimitReader(body, f.Size-from) // what is appended meanwhile is not read
	if _, c := splitExtension(f.Path); c != plain {
		t.stream = decompress(in, c)
		in = t.stream
	}
	var framing framing = lines{}
	if f.Kind == format.CSV {
		framing = quoted{}
	}
	t.cutter = newCutter(in, start, fn.BlockSize, framing)
	return t, nil
}

// newDecoder returns the decoder of a text file; nil where the file lacks a
// header because there is nothing in it.
func (fn *readFn) newDecoder(ctx context.Context, f File) (format.Decoder, error) {
	switch f.Kind {
	case format.NDJSON:
		return format.NewNDJSON(fn.Fields)
	case format.AccessLog:
		return format.NewAccessLog(fn.Fields)
	case format.CSV, format.TSV:
		header, err := readHeader(ctx, f)
		if err != nil || len(header) == 0 {
			return nil, err
		}
		if f.Kind == format.CSV {
			return format.NewCSV(fn.Fields, header)
		}
		return format.NewTSV(fn.Fields, header)
	}
	return nil, fmt.Errorf("format %s has no decoder", f.Kind)
}

// readHeader returns the first record of a file; nothing where its stream breaks
// before the record ends.
func readHeader(ctx context.Context, f File) ([]byte, error) {
	sample, err := sampleOf(ctx, f.Path)
	if err != nil {
		return nil, err
	}
	for i, char := range sample {
		if char == '\n' && (f.Kind == format.TSV || format.CutCSV(sample[:i+1]) == i+1) {
			return sample[:i+1], nil
		}
	}
	if len(sample) == sampleSize {
		return nil, fmt.Errorf("the header is longer than %d KiB", sampleSize>>10)
	}
	if _, c := splitExtension(f.Path); c != plain {
		return nil, nil
	}
	return bytes.TrimSpace(sample), nil
}
