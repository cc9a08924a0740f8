package files

import (
	"fmt"
	"io"

	"crest/block"
	"crest/sources/format"
	"crest/storage"
)

// containerReader reads a range of an Avro or Parquet file.
type containerReader struct {
	object    storage.Object
	container format.Container
	end       int64 // of the range
}

// containerUnit is a unit of a container: an Avro block, a Parquet row group.
type containerUnit struct{ format.Unit }

func (u containerUnit) start() int64 { return u.Start() }

func (u containerUnit) decode(emit func(block.Block) bool) error { return u.Decode(emit) }

func (fn *readFn) openContainer(o storage.Object, f File, part Range) (reader, error) {
	open := format.OpenParquet
	if f.Kind == format.Avro {
		open = format.OpenAvro
	}
	c, err := open(f.Path, o, f.Size, part.Start, fn.Fields)
	if err != nil {
		return nil, err
	}
	return &containerReader{object: o, container: c, end: part.End}, nil
}

func (r *containerReader) next() (unit, error) {
	u, err := r.container.Next()
	if err != nil {
		return nil, err
	}
	if u.Start() >= r.end {
		return nil, io.EOF
	}
	return containerUnit{u}, nil
}

func (r *containerReader) close() error {
	if err := r.object.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}
