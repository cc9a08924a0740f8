package format

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects may be nested, as in encoding/json.
const maxDepth = 10000

// A jsonFault says what is wrong with a line. It is a constant text.
type jsonFault string

const (
	noFault     jsonFault = ""
	wantObject  jsonFault = "an object"
	wantValue   jsonFault = "a value"
	wantKey     jsonFault = "a field name in quotes"
	wantKeyEnd  jsonFault = `a field name or "}"`
	wantColon   jsonFault = `":"`
	wantMember  jsonFault = `"," or "}"`
	wantElement jsonFault = `"," or "]"`
	wantDigit   jsonFault = "a digit"
	wantLiteral jsonFault = "true, false or null"
	wantEscape  jsonFault = "an escape that JSON has"
	wantHex     jsonFault = "a hexadecimal digit"
	wantQuote   jsonFault = "a closing quote or a character that needs no escape"
	wantEnd     jsonFault = "the end of the line"
	wantShallow jsonFault = "no nesting deeper than 10000"
)

// A jsonScanner validates one line of JSON. No method reads past the line's
// newline, because a newline is valid nowhere inside of it.
type jsonScanner struct {
	data []byte
	// fault is the first thing wrong, and where.
	fault   jsonFault
	faultAt int
	// nest has a bit for each open object (1) or array (0) of a value being
	// skipped.
	nest [maxDepth/64 + 1]uint64
}

const (
	ones    = 0x0101010101010101
	topBits = 0x8080808080808080
)

func load8(data []byte, at int) uint64 { return binary.LittleEndian.Uint64(data[at:]) }

// stringStops has the top bit of the first byte of x that ends a run of plain
// string bytes: a quote, a backslash or a control character. Bits above it may be
// wrong: the subtractions borrow from above a byte that is a stop.
func stringStops(x uint64) uint64 {
	quote := (x ^ '"'*ones) - ones
	escape := (x ^ '\\'*ones) - ones
	control := x - ' '*ones
	return (quote | escape | control) &^ x & topBits
}

// plainStops is the same, and stops at bytes beyond ASCII too. Flipping a bit of
// all puts the quote, and nothing else, right behind the control characters.
func plainStops(x uint64) uint64 {
	return (((x ^ 2*ones) - 0x21*ones) | ((x ^ '\\'*ones) - ones) | x) & topBits
}

// notDigits is the same for bytes that are not digits.
func notDigits(x uint64) uint64 {
	x ^= '0' * ones
	return ((x + 0x76*ones) | x) & topBits
}

// at is the byte at i; the end of the data counts as the end of a line.
func (s *jsonScanner) at(i int) byte {
	if i < len(s.data) {
		return s.data[i]
	}
	return '\n'
}

// fail notes the fault and returns -1, as every method does that found one.
func (s *jsonScanner) fail(at int, fault jsonFault) int {
	s.fault, s.faultAt = fault, at
	return -1
}

// space skips whitespace that may stand inside a line.
func (s *jsonScanner) space(i int) int {
	if i < len(s.data) && s.data[i] > ' ' {
		return i
	}
	return s.spaces(i)
}

func (s *jsonScanner) spaces(i int) int {
	for i < len(s.data) && s.data[i] <= ' ' && (s.data[i] == ' ' || s.data[i] == '\t' || s.data[i] == '\r') {
		i++
	}
	return i
}

// str skips a string whose opening quote is at i-1. It returns the place of the
// closing quote and the kind of string.
func (s *jsonScanner) str(i int) (end int, k kind) {
	var high uint64
	k = plainString
	if i+8 <= len(s.data) { // what most are: short and plain
		x := load8(s.data, i)
		n := bits.TrailingZeros64(plainStops(x)) &^ 7
		if n < 64 && byte(x>>(n&63)) == '"' {
			return i + n>>3, k
		}
	}
	for {
		for i+8 <= len(s.data) {
			x := load8(s.data, i)
			stops := stringStops(x)
			high |= x & (stops&-stops - 1)
			if stops != 0 {
				i += bits.TrailingZeros64(stops) >> 3
				break
			}
			i += 8
		}
		switch c := s.at(i); {
		case c == '"':
			if k == plainString && high&topBits != 0 {
				k = rawString
			}
			return i, k
		case c == '\\':
			k = escapedString
			if i = s.escape(i + 1); i < 0 {
				return -1, noValue
			}
		case c < ' ':
			return s.fail(i, wantQuote), noValue
		default: // near the end of the data
			high |= uint64(c)
			i++
		}
	}
}

// escape skips what follows a backslash.
func (s *jsonScanner) escape(i int) int {
	switch s.at(i) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for n := 1; n <= 4; n++ {
			if hexDigit(s.at(i+n)) > 15 {
				return s.fail(i+n, wantHex)
			}
		}
		return i + 5
	}
	return s.fail(i, wantEscape)
}

func hexDigit(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20-'a' <= 5:
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// num skips a number.
func (s *jsonScanner) num(i int) int {
	if s.at(i) == '-' {
		i++
	}
	if s.at(i) == '0' {
		i++
	} else if i = s.digits(i); i < 0 {
		return i
	}
	if s.at(i) == '.' {
		if i = s.digits(i + 1); i < 0 {
			return i
		}
	}
	if s.at(i)|0x20 == 'e' {
		i++
		if c := s.at(i); c == '+' || c == '-' {
			i++
		}
		i = s.digits(i)
	}
	return i
}

// digits skips at least one digit.
func (s *jsonScanner) digits(i int) int {
	start := i
	for s.at(i)-'0' <= 9 {
		i++
	}
	if i == start {
		return s.fail(i, wantDigit)
	}
	return i
}

// literal skips true, false or null.
func (s *jsonScanner) literal(i int) (end int, k kind) {
	word := "null"
	switch s.at(i) {
	case 't':
		word, k = "true", boolean
	case 'f':
		word, k = "false", boolean
	}
	for n := 0; n < len(word); n++ {
		if s.at(i+n) != word[n] {
			return s.fail(i+n, wantLiteral), noValue
		}
	}
	return i + len(word), k
}

// value skips a value inside of depth objects and arrays. The span of a string
// is [i+1, end-1), of everything else [i, end).
func (s *jsonScanner) value(i, depth int) (end int, k kind) {
	switch c := s.at(i); c {
	case '"':
		if end, k = s.str(i + 1); end < 0 {
			return end, noValue
		}
		return end + 1, k
	case '{':
		return s.compound(i, depth), object
	case '[':
		return s.compound(i, depth), array
	case 't', 'f', 'n':
		return s.literal(i)
	default:
		if c == '-' || c-'0' <= 9 {
			return s.num(i), number
		}
	}
	return s.fail(i, wantValue), noValue
}

// compound skips an object or array, without recursion: its depth is up to who
// wrote the line.
func (s *jsonScanner) compound(i, depth int) int {
	base := depth
	for {
		// A value is due at i.
		switch c := s.at(i); c {
		case '{', '[':
			if depth == maxDepth {
				return s.fail(i, wantShallow)
			}
			bit := uint64(1) << (depth & 63)
			depth++
			i = s.space(i + 1)
			if c == '[' {
				s.nest[(depth-1)>>6] &^= bit
				if s.at(i) != ']' {
					continue
				}
			} else {
				s.nest[(depth-1)>>6] |= bit
				if s.at(i) != '}' {
					if i = s.key(i, wantKeyEnd); i < 0 {
						return i
					}
					continue
				}
			}
			depth--
			i++
		default:
			if i, _ = s.value(i, depth); i < 0 {
				return i
			}
		}
		// A value has ended at i.
		for depth > base {
			i = s.space(i)
			inObject := s.nest[(depth-1)>>6]>>((depth-1)&63)&1 != 0
			switch c := s.at(i); {
			case c == ',':
				i = s.space(i + 1)
				if inObject {
					if i = s.key(i, wantKey); i < 0 {
						return i
					}
				}
			case c == '}' && inObject, c == ']' && !inObject:
				depth--
				i++
				continue
			case inObject:
				return s.fail(i, wantMember)
			default:
				return s.fail(i, wantElement)
			}
			break
		}
		if depth == base {
			return i
		}
	}
}

// key skips a field name and its colon, up to the value.
func (s *jsonScanner) key(i int, fault jsonFault) int {
	if s.at(i) != '"' {
		return s.fail(i, fault)
	}
	i, _ = s.str(i + 1)
	if i < 0 {
		return i
	}
	return s.colon(i + 1)
}

// colon skips the colon behind a field name and the whitespace around it.
func (s *jsonScanner) colon(i int) int {
	if i = s.space(i); s.at(i) != ':' {
		return s.fail(i, wantColon)
	}
	return s.space(i + 1)
}

// appendUnescaped appends what a JSON string stands for: s is valid, without its
// quotes. Lone surrogates and invalid bytes become U+FFFD.
func appendUnescaped(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		c = s[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(s[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				pair := rune(unicode.ReplacementChar)
				if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hex4(s[i+2:]))
				}
				if r = pair; r != unicode.ReplacementChar {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

func hex4(s []byte) (r rune) {
	for _, c := range s[:4] {
		r = r<<4 | rune(hexDigit(c))
	}
	return r
}
