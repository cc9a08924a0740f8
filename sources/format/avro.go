package format

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"crest/block"
)

const (
	avroMagic = "Obj\x01"
	syncSize  = 16
	// maxAvroHeader and maxAvroBlock bound what is read into memory at once.
	maxAvroHeader = 16 << 20
	maxAvroBlock  = 256 << 20
)

// avroFile is a Container of Avro: an object container file.
type avroFile struct {
	source  string
	storage *storage
	size    int64
	sync    []byte
	codec   avroCodec
	schema  *avroSchema
	options Options
	header  int64 // its length
	at      int64 // where the next block starts; -1 where it must be searched
	from    int64 // where to search
	empty   bool  // the file has no block, and this is its first range
}

// OpenAvro reads the blocks that start at or after start.
//
// A field is named by its path through records. Of a union the branch that is
// there counts. Times are the timestamp and local-timestamp types, date, text or
// plain numbers, which are told apart by size. An array of items counts each. A
// null time or item is a reject, a null segment is empty, a null weight 1. A
// reject's offset is where its block starts in the file.
//
// A block that is corrupt is a reject for as many records as it lost; reading
// goes on at the next sync marker. A file that is no Avro is one reject; one
// without the fields for time and item is an error, and so is an unknown codec.
func OpenAvro(source string, r io.ReaderAt, size, start int64, o Options) (Container, error) {
	f := &avroFile{source: source, storage: &storage{r: r}, size: size, options: o}
	header, err := f.readHeader()
	if f.storage.failure() != nil {
		return nil, f.storage.failure()
	}
	var schema []byte
	if err == nil {
		schema, f.codec, f.sync, err = parseAvroHeader(header)
	}
	if unknown := (errAvroCodec{}); errors.As(err, &unknown) {
		return nil, err
	}
	if err == nil {
		f.schema, err = newAvroSchema(schema, &o, false)
	}
	if missing := (errAvroField{}); errors.As(err, &missing) {
		return nil, err
	}
	if err != nil {
		return brokenFile(source, size, start, err), nil
	}
	f.header, f.at = int64(len(header)), int64(len(header))
	f.empty = start == 0 && f.at == size
	if start > f.at {
		f.at, f.from = -1, start-syncSize
	}
	return f, nil
}

// readHeader reads the header, whose length only its content tells.
func (f *avroFile) readHeader() ([]byte, error) {
	var err error
	for n := int64(4 << 10); ; n *= 4 {
		n = min(n, f.size, maxAvroHeader)
		head := make([]byte, n)
		if _, err = f.storage.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		d := avroDecoder{data: head}
		d.header(nil)
		if d.err == nil {
			return head[:d.at], nil
		}
		if n == f.size || n == maxAvroHeader || !errors.Is(d.err, errAvroShort) {
			return nil, d.err
		}
	}
}

// parseAvroHeader returns what a header says.
func parseAvroHeader(header []byte) (schema []byte, codec avroCodec, sync []byte, err error) {
	meta := make(map[string][]byte)
	d := avroDecoder{data: header}
	sync = d.header(meta)
	if d.err != nil {
		return nil, "", nil, d.err
	}
	codec = avroCodec(meta["avro.codec"])
	return meta["avro.schema"], codec, sync, codec.check()
}

// avroUnit is a block of an Avro file, or a stretch that is none.
type avroUnit struct {
	file   *avroFile
	at     int64 // where it starts
	before int64 // the bytes of the header, which the first block accounts for
	bytes  int64
	count  int64
	data   []byte // compressed
	err    error  // why it is no block
}

// Start implements Unit.
func (u *avroUnit) Start() int64 { return u.at }

// Next implements Container.
func (f *avroFile) Next() (Unit, error) {
	if f.empty {
		f.empty = false
		return &avroUnit{file: f, bytes: f.size}, nil
	}
	if f.at < 0 {
		at, err := f.search(f.from)
		if err != nil {
			return nil, err
		}
		f.at = at
	}
	if f.at >= f.size {
		return nil, io.EOF
	}
	u := &avroUnit{file: f, at: f.at}
	if f.at == f.header {
		u.before = f.header
	}
	next, err := f.readBlock(u)
	if failure := f.storage.failure(); failure != nil {
		return nil, failure
	}
	if err != nil {
		u.err, u.data = err, nil
		if next, err = f.search(f.at); err != nil {
			return nil, err
		}
	}
	u.bytes = next - u.at + u.before
	f.at = next
	return u, nil
}

var (
	errAvroShort = errors.New("it ends early")
	errAvroSync  = errors.New("the block does not end with the sync marker")
)

// readBlock reads a block and returns where the next one starts.
func (f *avroFile) readBlock(u *avroUnit) (next int64, err error) {
	var head [2 * binary.MaxVarintLen64]byte
	n, err := f.storage.ReadAt(head[:min(int64(len(head)), f.size-f.at)], f.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	d := avroDecoder{data: head[:n]}
	u.count = d.long()
	size := d.long()
	start := f.at + int64(d.at)
	switch {
	case d.err != nil:
		return 0, d.err
	case u.count < 0 || size < 0:
		return 0, fmt.Errorf("a block of %d records in %d bytes", u.count, size)
	case size > f.size-start-syncSize:
		return 0, errAvroShort
	case size > maxAvroBlock:
		return 0, fmt.Errorf("a block of %d bytes", size)
	}
	data := make([]byte, size+syncSize)
	if _, err := f.storage.ReadAt(data, start); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if !bytes.Equal(data[size:], f.sync) {
		return 0, errAvroSync
	}
	u.data = data[:size]
	return start + size + syncSize, nil
}

// search returns the place behind the first sync marker at or after from, or the
// file's end.
func (f *avroFile) search(from int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for from+syncSize <= f.size {
		n, err := f.storage.ReadAt(buf[:min(int64(len(buf)), f.size-from)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.Index(buf[:n], f.sync); i >= 0 {
			return from + int64(i) + syncSize, nil
		}
		if n < len(buf) {
			break
		}
		from += int64(n) - syncSize + 1
	}
	return f.size, nil
}

// Decode implements Unit.
func (u *avroUnit) Decode(emit func(block.Block) bool) error {
	done, more := int64(0), true
	err := u.err
	if err == nil {
		err = u.decode(func(b block.Block) bool {
			if done += b.Records; done == u.count {
				b.Bytes = u.bytes
			}
			more = emit(b)
			return more
		})
	}
	switch {
	case !more:
	case err != nil:
		lost := int64(1)
		if u.data != nil {
			lost = max(min(u.count, int64(len(u.data))<<6)-done, 1)
		}
		b := block.Block{Source: u.file.source, Bytes: u.bytes, Records: lost}
		b.Reject(u.at, u.reason(err), err.Error(), u.data)
		b.Rejects[0].Count = lost
		emit(b)
	case u.count == 0:
		emit(block.Block{Source: u.file.source, Bytes: u.bytes})
	}
	return nil
}

// reason tells a file that ends early from one that is wrong.
func (u *avroUnit) reason(err error) block.Reason {
	if errors.Is(err, errAvroShort) || errors.Is(err, errAvroSync) {
		return block.Truncated
	}
	return block.Malformed
}

// decode emits the block's records.
func (u *avroUnit) decode(emit func(block.Block) bool) error {
	data, err := u.file.codec.decompress(u.data)
	if err != nil {
		return err
	}
	if u.count > int64(len(data)) {
		return fmt.Errorf("%d records in %d bytes", u.count, len(data))
	}
	s, o := u.file.schema, &u.file.options
	r := newAvroReader(s, o, data)
	for left := u.count; left > 0; {
		rows := min(left, int64(o.rowsOfBlock()))
		b := block.Block{Source: u.file.source, Data: make([]byte, 0, len(data)/4*int(rows)/int(u.count))}
		n, err := r.read(&b, int(rows))
		b.Records = int64(n)
		if n > 0 {
			r.values.assemble(&b, o, n, u.at+u.count-left, 1)
			if !emit(b) {
				return nil
			}
		}
		if err != nil {
			return err
		}
		left -= rows
	}
	return nil
}
