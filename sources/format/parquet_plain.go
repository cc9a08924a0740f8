package format

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/klauspost/compress/snappy"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	meta "github.com/parquet-go/parquet-go/format"

	"crest/block"
)

// plainPages reads the pages of a column of texts that are written one after the
// other, without a dictionary, as writers do it where most differ. Such a page
// is decompressed to where it stays: it becomes the data of its blocks, and the
// texts are spans of it. Chunks with other pages are left to the library.
type plainPages struct {
	r       *bufio.Reader
	left    int64 // compressed bytes of the chunk
	decoder *thrift.Decoder
	codec   meta.CompressionCodec
	maxDef  int
	rows    int64 // how many have been read
}

// A plainPage is a page of texts, each behind its length.
type plainPage struct {
	data   []byte // what all blocks share, then the page
	shared int    // how much of data is shared
	at     int    // where the next text is
	n      int    // how many there are
}

// plainRows is the least rows of a page that is worth a block of its own.
const plainRows = 8 << 10

// newPlainPages returns nil where the library reads the chunk as well.
func newPlainPages(storage io.ReaderAt, m *meta.ColumnMetaData, leaf *parquetLeaf) *plainPages {
	if leaf.physical != meta.ByteArray || leaf.maxRep > 0 || leaf.maxDef > 1 ||
		m.DictionaryPageOffset != 0 || m.Statistics.NullCount != 0 {
		return nil
	}
	switch m.Codec {
	case meta.Uncompressed, meta.Snappy, meta.Zstd:
	default:
		return nil
	}
	section := io.NewSectionReader(storage, m.DataPageOffset, m.TotalCompressedSize)
	p := &plainPages{r: bufio.NewReaderSize(section, parquetReadBuffer), left: m.TotalCompressedSize, codec: m.Codec, maxDef: leaf.maxDef}
	p.decoder = thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(p.r))
	return p
}

// errOther says that a page is to be read by the library.
var errOther = errors.New("another page")

// next reads the next page, behind what the blocks share.
func (p *plainPages) next(shared []byte) (*plainPage, error) {
	h := new(meta.PageHeader)
	if err := p.decoder.Decode(h); err != nil {
		return nil, err
	}
	v1, v2 := &h.DataPageHeader.V, &h.DataPageHeaderV2.V
	n, levels := v1.NumValues, 0
	switch {
	case h.DataPageHeader.Valid && v1.Encoding == meta.Plain:
	case h.DataPageHeaderV2.Valid && v2.Encoding == meta.Plain && v2.NumNulls == 0 && v2.RepetitionLevelsByteLength == 0 && (!v2.IsCompressed.Valid || v2.IsCompressed.V):
		n, levels = v2.NumValues, int(v2.DefinitionLevelsByteLength)
	default:
		return nil, errOther
	}
	if p.rows == 0 && n < plainRows {
		return nil, errOther
	}
	size := int(h.UncompressedPageSize) - levels
	if n < 0 || levels < 0 || size < 0 || size > maxUnit || int64(h.CompressedPageSize) < int64(levels) || int64(h.CompressedPageSize) > p.left {
		return nil, fmt.Errorf("a page of %d values in %d bytes, %d compressed", n, h.UncompressedPageSize, h.CompressedPageSize)
	}
	raw := make([]byte, h.CompressedPageSize)
	if _, err := io.ReadFull(p.r, raw); err != nil {
		return nil, err
	}
	p.left -= int64(len(raw))
	if h.CRC != 0 && uint32(h.CRC) != crc32.ChecksumIEEE(raw) {
		return nil, errors.New("a page's checksum is wrong")
	}
	page := &plainPage{shared: len(shared), at: len(shared), n: int(n)}
	var err error
	if page.data, err = p.decompress(shared, raw[levels:], size); err != nil {
		return nil, err
	}
	if h.DataPageHeader.Valid && p.maxDef > 0 {
		skip := allDefined(page.data[len(shared):], int(n))
		if skip == 0 {
			return nil, errOther
		}
		page.at += skip
	}
	p.rows += int64(n)
	return page, nil
}

// decompress appends size bytes to a copy of shared.
func (p *plainPages) decompress(shared, raw []byte, size int) ([]byte, error) {
	at := len(shared)
	data := make([]byte, at+size)
	copy(data, shared)
	var got []byte
	var err error
	switch p.codec {
	case meta.Zstd:
		d, e := zstdDecoder()
		if e != nil {
			return nil, e
		}
		got, err = d.DecodeAll(raw, data[at:at])
	case meta.Snappy:
		if n, e := snappy.DecodedLen(raw); e != nil || n != size {
			return nil, errors.New("snappy: the length is wrong")
		}
		got, err = snappy.Decode(data[at:], raw)
	default:
		got = data[at : at+copy(data[at:], raw)]
	}
	if err != nil {
		return nil, err
	}
	if len(got) != size {
		return nil, fmt.Errorf("a page of %d bytes has %d", size, len(got))
	}
	return data, nil
}

// allDefined returns the length of a page's definition levels, which are 0 or 1,
// if they say that all n values are there; else 0. They are runs in RLE.
func allDefined(page []byte, n int) int {
	const size = 4
	if len(page) < size {
		return 0
	}
	end := int64(size) + int64(binary.LittleEndian.Uint32(page))
	if end > int64(len(page)) {
		return 0
	}
	for levels := page[size:end]; n > 0; {
		run, k := binary.Uvarint(levels)
		if k <= 0 {
			return 0
		}
		levels = levels[k:]
		if run&1 == 0 { // one value, repeated
			if len(levels) == 0 || levels[0] != 1 || run>>1 == 0 {
				return 0
			}
			levels = levels[1:]
			n -= int(min(run>>1, uint64(n)))
			continue
		}
		bytes := run >> 1 // a bit for each of eight values
		if bytes == 0 || bytes > uint64(len(levels)) {
			return 0
		}
		for _, bits := range levels[:bytes] {
			if all := byte(1)<<min(n, 8) - 1; bits&all != all {
				return 0
			}
			n -= min(n, 8)
		}
		levels = levels[bytes:]
	}
	return int(end)
}

// share makes the shared bytes those given, which begin with those there were.
func (p *plainPage) share(shared []byte) {
	if len(shared) == p.shared {
		return
	}
	moved := len(shared) - p.shared
	p.data = append(shared[:len(shared):len(shared)], p.data[p.shared:]...)
	p.shared, p.at = len(shared), p.at+moved
}

// texts appends the next n texts to v. The data of b is the page's.
func (p *plainPage) texts(v *vector, b *block.Block, c *converter, n int) error {
	data, at := p.data, p.at
	first, base := at, len(v.texts)
	longest := uint32(0)
	v.texts = slices.Grow(v.texts, n)
	for range n {
		if len(data)-at < 4 {
			return errValues
		}
		size := binary.LittleEndian.Uint32(data[at:])
		at += 4
		if uint64(size) > uint64(len(data)-at) {
			return errValues
		}
		v.texts = append(v.texts, block.Text{Off: uint32(at), Len: size})
		at += int(size)
		longest = max(longest, size)
	}
	p.at = at
	if int(longest) <= c.limit && isASCII(data[first:at]) {
		return nil
	}
	for i, t := range v.texts[base:] {
		s := data[t.Off : t.Off+t.Len]
		if len(s) <= c.limit && utf8.Valid(s) {
			continue
		}
		one := vector{}
		c.text(&one, b, s)
		v.texts[base+i] = one.texts[0]
		if f := one.fault(0); f != 0 {
			v.fail(base+i, f, func() string { return one.details[0] })
		}
	}
	return nil
}
