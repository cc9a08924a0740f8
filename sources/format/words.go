package format

import (
	"unicode"
	"unicode/utf8"

	"crest/block"
)

// What a byte is in a word. Bytes beyond ASCII are none of these.
const (
	wordLower = 1 << iota // a lower-case letter or a digit: stands for itself
	wordUpper
)

var asciiWord = func() (t [256]uint8) {
	for c := range t {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			t[c] = wordLower
		case 'A' <= c && c <= 'Z':
			t[c] = wordUpper
		}
	}
	return t
}()

// A wordSpan is a word or hashtag being read: a span of the block's data for as
// long as it is in lower case there, then a copy at the end of the data.
type wordSpan struct {
	b      *block.Block
	from   int // of the span, or of the copy
	copied bool
}

// put adds the rune r, in lower case, which stands at [at, end) of the data.
func (w *wordSpan) put(r rune, at, end int, same bool) {
	if same && !w.copied {
		return
	}
	if !w.copied {
		n := len(w.b.Data)
		w.b.Data = append(w.b.Data, w.b.Data[w.from:at]...)
		w.from, w.copied = n, true
	}
	if same {
		w.b.Data = append(w.b.Data, w.b.Data[at:end]...)
	} else {
		w.b.Data = utf8.AppendRune(w.b.Data, r)
	}
}

// end appends the item, which goes up to the given place; false if it is too long.
func (w *wordSpan) end(at int) bool {
	if w.copied {
		at = len(w.b.Data)
	}
	w.b.Items = append(w.b.Items, block.Text{Off: uint32(w.from), Len: uint32(at - w.from)})
	return at-w.from <= block.MaxItem
}

// appendWords appends the words of t; see ParseExtract.
func appendWords(b *block.Block, t block.Text) bool {
	data := b.Data // copies of words are appended behind what is read
	at, end := int(t.Off), int(t.Off+t.Len)
	for at < end {
		if data[at] < utf8.RuneSelf {
			if asciiWord[data[at]] == 0 {
				at++
				continue
			}
			if to := asciiWordEnd(data, at, end); to > 0 {
				if !appendASCIIWord(b, data, at, to) {
					return false
				}
				at = to
				continue
			}
		}
		r, n := runeAt(data, at)
		if !wordRune(r) {
			at += n
			continue
		}
		w := wordSpan{b: b, from: at}
		if alone(r) {
			at += n
			for at < end { // its marks
				m, n := runeAt(data, at)
				if m < utf8.RuneSelf || !unicode.IsMark(m) {
					break
				}
				at += n
			}
			if !w.end(at) {
				return false
			}
			continue
		}
		for at < end {
			r, n := runeAt(data, at)
			if isApostrophe(r) {
				if at+n == end {
					break
				}
				if next, _ := runeAt(data, at+n); !wordRune(next) || alone(next) {
					break
				}
				w.put('\'', at, at+n, r == '\'')
			} else if !wordRune(r) || alone(r) {
				break
			} else {
				low := lower(r)
				w.put(low, at, at+n, low == r)
			}
			at += n
		}
		if !w.end(at) {
			return false
		}
	}
	return true
}

// asciiWordEnd is where the word at i ends if it is of nothing but ASCII letters
// and digits, else 0.
func asciiWordEnd(data []byte, i, end int) int {
	for i < end && asciiWord[data[i]] != 0 {
		i++
	}
	if i < end && (data[i] >= utf8.RuneSelf || data[i] == '\'') {
		return 0
	}
	return i
}

// appendASCIIWord appends the item [from, to), which asciiWordEnd has found.
func appendASCIIWord(b *block.Block, data []byte, from, to int) bool {
	t := block.Text{Off: uint32(from), Len: uint32(to - from)}
	for _, c := range data[from:to] {
		if asciiWord[c] == wordUpper {
			n := len(b.Data)
			b.Data = append(b.Data, data[from:to]...)
			for i := n; i < len(b.Data); i++ {
				b.Data[i] |= 0x20 // which digits have
			}
			t.Off = uint32(n)
			break
		}
	}
	b.Items = append(b.Items, t)
	return t.Len <= block.MaxItem
}

// appendHashtags appends the hashtags of t; see ParseExtract.
func appendHashtags(b *block.Block, t block.Text) bool {
	data := b.Data
	at, end := int(t.Off), int(t.Off+t.Len)
	before := ' '
	for at < end {
		r, n := runeAt(data, at)
		free := !tagRune(before) && before != '&' // not a#b, not &#39;
		before = r
		if r != '#' && r != '＃' || !free {
			at += n
			continue
		}
		w := wordSpan{b: b, from: at}
		dataLen := len(b.Data)
		w.put('#', at, at+n, r == '#')
		at += n
		start, digits := at, true
		for at < end {
			r, n := runeAt(data, at)
			if !tagRune(r) {
				break
			}
			digits = digits && unicode.IsDigit(r)
			low := lower(r)
			w.put(low, at, at+n, low == r)
			before = r
			at += n
		}
		if at == start || digits {
			b.Data = b.Data[:dataLen]
			continue
		}
		if !w.end(at) {
			return false
		}
	}
	return true
}

func runeAt(data []byte, at int) (rune, int) {
	if c := data[at]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRune(data[at:])
}

// wordRune says whether r is of a word: a letter, a mark or a digit.
func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return asciiWord[r] != 0
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}

func tagRune(r rune) bool { return r == '_' || wordRune(r) }

func isApostrophe(r rune) bool { return r == '\'' || r == '’' }

// alone says whether r is a word by itself: of a script without spaces.
func alone(r rune) bool {
	return r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana)
}

func lower(r rune) rune {
	if r < utf8.RuneSelf {
		if asciiWord[r] == wordUpper {
			r |= 0x20
		}
		return r
	}
	return unicode.ToLower(r)
}
