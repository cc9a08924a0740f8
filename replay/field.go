package replay

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A field finds the value of one field in a line of JSON. It skips what it does
// not look for, and so may find a value in a line that is no JSON further on.
type field struct {
	name string
	path []string // of a name with dots: its parts
}

func newField(name string) field {
	f := field{name: name}
	if strings.Contains(name, ".") {
		f.path = strings.Split(name, ".")
	}
	return f
}

// A span is where a value is in a line: of a string, what is between the quotes.
type span struct {
	from, to int
	quoted   bool
}

// find returns where the field's value is: of the field of that very name, or
// where there is none, of the one at that dotted path. Of fields with equal names
// the last counts; null is no value.
func (f field) find(line []byte) (span, bool) {
	if f.name == "" {
		return span{}, false
	}
	if s, ok := member(line, f.name); ok || f.path == nil {
		return s, ok
	}
	at := 0
	for i, name := range f.path {
		s, ok := member(line[at:], name)
		if !ok || s.quoted && i < len(f.path)-1 {
			return span{}, false
		}
		s.from, s.to = s.from+at, s.to+at
		if i == len(f.path)-1 {
			return s, true
		}
		at = s.from
	}
	return span{}, false
}

// text returns the field's value as a record's key: a string without its
// escapes, a number, true or false as it is written; nil for anything else. It
// may be a part of the line.
func (f field) text(line []byte) []byte {
	s, ok := f.find(line)
	if !ok {
		return nil
	}
	text := line[s.from:s.to:s.to]
	if s.quoted {
		return unescape(text)
	}
	if len(text) == 0 || text[0] == '{' || text[0] == '[' {
		return nil
	}
	return text
}

// unescape returns what stands between the quotes of a string, and nil where
// that is no string.
func unescape(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	var s string
	if json.Unmarshal(append(append([]byte{'"'}, text...), '"'), &s) != nil {
		return nil
	}
	return []byte(s)
}

// member returns where the value of that name is in the object that data starts
// with.
func member(data []byte, name string) (found span, ok bool) {
	i := space(data, 0)
	if i == len(data) || data[i] != '{' {
		return span{}, false
	}
	for i = space(data, i+1); i < len(data) && data[i] == '"'; {
		end := stringEnd(data, i+1)
		if end < 0 {
			return span{}, false
		}
		key := data[i+1 : end]
		if i = space(data, end+1); i == len(data) || data[i] != ':' {
			return span{}, false
		}
		i = space(data, i+1)
		if end = valueEnd(data, i); end < 0 {
			return span{}, false
		}
		if string(key) == name || bytes.IndexByte(key, '\\') >= 0 && string(unescape(key)) == name {
			found = span{from: i, to: end}
			if data[i] == '"' {
				found = span{from: i + 1, to: end - 1, quoted: true}
			}
			ok = found.quoted || string(data[i:end]) != "null"
		}
		i = space(data, end)
		switch {
		case i == len(data) || data[i] != ',' && data[i] != '}':
			return span{}, false
		case data[i] == '}':
			return found, ok
		}
		i = space(data, i+1)
	}
	return span{}, false
}

func space(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\r' || data[i] == '\n') {
		i++
	}
	return i
}

// stringEnd returns where the closing quote is of a string whose text starts at
// i, -1 where there is none.
func stringEnd(data []byte, i int) int {
	for i < len(data) {
		switch data[i] {
		case '"':
			return i
		case '\\':
			i++
		}
		i++
	}
	return -1
}

// valueEnd returns where the value that starts at i ends, -1 where it does not.
func valueEnd(data []byte, i int) int {
	for start, depth := i, 0; i < len(data); {
		switch data[i] {
		case '"':
			if i = stringEnd(data, i+1); i < 0 {
				return -1
			}
			i++
		case '{', '[':
			depth++
			i++
		case '}', ']', ',', ' ', '\t', '\r', '\n':
			if depth == 0 { // behind a number or a word
				if i == start {
					return -1
				}
				return i
			}
			if data[i] == '}' || data[i] == ']' {
				depth--
			}
			i++
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}
