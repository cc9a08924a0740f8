package format

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
)

// An avroCodec is how the blocks of an Avro file are compressed.
type avroCodec string

// errAvroCodec says that a file needs a codec that is not there.
type errAvroCodec struct{ codec avroCodec }

func (e errAvroCodec) Error() string {
	return fmt.Sprintf("the Avro codec %q is none of null, deflate, snappy, zstandard, bzip2", string(e.codec))
}

func (c avroCodec) check() error {
	switch c {
	case "", "null", "deflate", "snappy", "zstandard", "bzip2":
		return nil
	}
	return errAvroCodec{c}
}

var errAvroBomb = fmt.Errorf("a block of over %d MiB", maxUnit>>20)

func (c avroCodec) decompress(data []byte) ([]byte, error) {
	switch c {
	case "deflate":
		r := flate.NewReader(bytes.NewReader(data))
		defer r.Close()
		return readBounded(r, len(data))
	case "bzip2":
		return readBounded(bzip2.NewReader(bytes.NewReader(data)), len(data))
	case "snappy":
		return unsnappy(data)
	case "zstandard":
		d, err := zstdDecoder()
		if err != nil {
			return nil, err
		}
		return d.DecodeAll(data, nil)
	}
	return data, nil
}

// unsnappy decodes snappy with a checksum behind it.
func unsnappy(data []byte) ([]byte, error) {
	n := len(data) - crc32.Size
	if n < 0 {
		return nil, errAvroShort
	}
	size, err := snappy.DecodedLen(data[:n])
	if err != nil {
		return nil, err
	}
	if size > maxUnit {
		return nil, errAvroBomb
	}
	out, err := snappy.Decode(nil, data[:n])
	if err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(out) != binary.BigEndian.Uint32(data[n:]) {
		return nil, errors.New("snappy: the checksum is wrong")
	}
	return out, nil
}

func readBounded(r io.Reader, compressed int) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(4*compressed + bytes.MinRead)
	n, err := out.ReadFrom(io.LimitReader(r, maxUnit+1))
	if err == nil && n > maxUnit {
		err = errAvroBomb
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errAvroShort
	}
	return out.Bytes(), err
}
