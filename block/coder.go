package block

import (
	"encoding/binary"
	"errors"
)

// The bytes of an encoded Block, version 1. Numbers are varints (u: unsigned,
// z: zigzag), a string is its length (u) and its bytes.
//
//	version, flags (1: segments, 2: weights, 4: messages)
//	Source string, Bytes z, Records z, Data string
//	rows u, then each column in full:
//	  Times: z, the difference from the row before
//	  Items, Segments: z offset less the end of the row before, u length
//	  Weights: u
//	rejects u, then each: Offset z, Reason string, Detail string, Raw string, Count u
//	where the flags have messages: From z, To z, Watermark z, messages u, then each:
//	  Raw, ID: z offset less the end of the text before, u length
//	  Offset z, Time z, Rows u, rejected u
const (
	coderVersion   = 1
	flagSegments   = 1
	flagWeights    = 2
	flagMessages   = 4
	minRowBytes    = 3 // a time, an item's offset and length
	minRejectSize  = 5
	minMessageSize = 8
)

var errCoder = errors.New("decoding a block")

// AppendBinary appends the encoded Block to dst. It never fails; the error is
// there for encoding.BinaryAppender.
func (b *Block) AppendBinary(dst []byte) ([]byte, error) {
	var flags byte
	if b.Segments != nil {
		flags |= flagSegments
	}
	if b.Weights != nil {
		flags |= flagWeights
	}
	if b.Messages != nil {
		flags |= flagMessages
	}
	dst = append(dst, coderVersion, flags)
	dst = appendString(dst, b.Source)
	dst = binary.AppendVarint(dst, b.Bytes)
	dst = binary.AppendVarint(dst, b.Records)
	dst = appendString(dst, b.Data)
	dst = binary.AppendUvarint(dst, uint64(b.Rows()))
	var last int64
	for _, t := range b.Times {
		dst = binary.AppendVarint(dst, t-last)
		last = t
	}
	dst = appendTexts(dst, b.Items)
	dst = appendTexts(dst, b.Segments)
	for _, w := range b.Weights {
		dst = binary.AppendUvarint(dst, w)
	}
	dst = binary.AppendUvarint(dst, uint64(len(b.Rejects)))
	for i := range b.Rejects {
		r := &b.Rejects[i]
		dst = binary.AppendVarint(dst, r.Offset)
		dst = appendString(dst, string(r.Reason))
		dst = appendString(dst, r.Detail)
		dst = appendString(dst, r.Raw)
		dst = binary.AppendUvarint(dst, uint64(r.Count))
	}
	if b.Messages != nil {
		dst = b.appendMessages(dst)
	}
	return dst, nil
}

func (b *Block) appendMessages(dst []byte) []byte {
	for _, v := range [...]int64{b.From, b.To, b.Watermark} {
		dst = binary.AppendVarint(dst, v)
	}
	dst = binary.AppendUvarint(dst, uint64(len(b.Messages)))
	for i := range b.Messages {
		m := &b.Messages[i]
		dst = appendTexts(dst, []Text{m.Raw, m.ID})
		dst = binary.AppendVarint(dst, m.Offset)
		dst = binary.AppendVarint(dst, m.Time)
		dst = binary.AppendUvarint(dst, uint64(m.Rows))
		rejected := uint64(0)
		if m.Rejected {
			rejected = 1
		}
		dst = binary.AppendUvarint(dst, rejected)
	}
	return dst
}

func appendString[S string | []byte](dst []byte, s S) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendTexts(dst []byte, col []Text) []byte {
	var end int64
	for _, t := range col {
		dst = binary.AppendVarint(dst, int64(t.Off)-end)
		dst = binary.AppendUvarint(dst, uint64(t.Len))
		end = int64(t.Off) + int64(t.Len)
	}
	return dst
}
