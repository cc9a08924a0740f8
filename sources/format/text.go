package format

import (
	"unicode/utf8"

	"crest/block"
)

// text is the valid UTF-8 of the span [from, to) of b.Data: the span itself,
// or where it has invalid bytes a copy at the end of b.Data, in which each of
// them is U+FFFD.
func text(b *block.Block, from, to int) block.Text {
	s := b.Data[from:to]
	if utf8.Valid(s) {
		return block.Text{Off: uint32(from), Len: uint32(to - from)}
	}
	n := len(b.Data)
	b.Data = appendValid(b.Data, s)
	return tail(b, n)
}

// tail is the text from byte n of b.Data to its end.
func tail(b *block.Block, n int) block.Text {
	return block.Text{Off: uint32(n), Len: uint32(len(b.Data) - n)}
}

// appendValid appends s with each invalid byte replaced by U+FFFD, as
// encoding/json does it. (bytes.ToValidUTF8 makes one of a run of them.)
func appendValid(dst, s []byte) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		dst = utf8.AppendRune(dst, r)
		s = s[n:]
	}
	return dst
}
