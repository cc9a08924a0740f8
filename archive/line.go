package archive

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"crest/block"
)

// AppendLine appends a record as a line of NDJSON. It fails where nothing tells
// the record from others.
func AppendLine(dst []byte, r *Record) ([]byte, error) {
	dst = append(dst, `{"source":`...)
	dst = appendString(dst, r.Source)
	switch {
	case r.Offset >= 0:
		dst = strconv.AppendInt(append(dst, `,"offset":`...), r.Offset, 10)
	case len(r.ID) == 0:
		return dst, fmt.Errorf("archiving a message of %s: it has neither an offset nor an id", r.Source)
	case !utf8.Valid(r.ID):
		return dst, fmt.Errorf("archiving a message of %s: its id %q is not UTF-8", r.Source, r.ID)
	default:
		dst = appendString(append(dst, `,"id":`...), string(r.ID))
	}
	switch {
	case HourOf(r.Time) != NoHour:
		dst = append(appendTime(append(dst, `,"time":"`...), r.Time), '"')
	case r.Time != block.NoTime:
		dst = strconv.AppendInt(append(dst, `,"time_ms":`...), r.Time, 10)
	}
	if r.Text {
		dst = append(dst, `,"event":`...)
		dst = appendOneLine(dst, r.Payload)
	} else {
		dst = append(dst, `,"raw":"`...)
		dst = append(base64.StdEncoding.AppendEncode(dst, r.Payload), '"')
	}
	return append(dst, '}', '\n'), nil
}

// appendString appends s as a string of JSON.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // a string has no error
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendOneLine appends a text of JSON with its newlines made spaces: between
// tokens they mean the same, and within a string neither may stand.
func appendOneLine(dst, text []byte) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for _, newline := range [...]byte{'\n', '\r'} {
		for rest := dst[start:]; ; {
			i := bytes.IndexByte(rest, newline)
			if i < 0 {
				break
			}
			rest[i] = ' '
			rest = rest[i+1:]
		}
	}
	return dst
}

const timeLayout = "2006-01-02T15:04:05.000Z"

// appendTime appends a time as in timeLayout, faster than the package time.
func appendTime(dst []byte, ms int64) []byte {
	t := time.UnixMilli(ms).UTC()
	year, month, day := t.Date()
	dst = strconv.AppendInt(dst, int64(year), 10) // from 1970 until before 2200
	digits := func(separator byte, v int) {
		dst = append(dst, separator, byte('0'+v/10%10), byte('0'+v%10))
	}
	digits('-', int(month))
	digits('-', day)
	digits('T', t.Hour())
	digits(':', t.Minute())
	digits(':', t.Second())
	dst = append(dst, '.', byte('0'+ms%1000/100))
	return append(dst, byte('0'+ms%100/10), byte('0'+ms%10), 'Z')
}

// A lineParser parses lines of one file.
type lineParser struct {
	source string // of the last line
	day    [len("2006-01-02")]byte
	dayMS  int64
	id     []byte
	room   []byte
}

var errLine = errors.New("not an archived record")

// parse reads a line, without its newline, as AppendLine writes it and in no
// other way. The record aliases the line or the parser until the next call. That an
// event is JSON is left to who decodes it.
func (p *lineParser) parse(line []byte, r *Record) error {
	l := lineCursor{line: line, rest: line}
	*r = Record{Offset: -1, Time: block.NoTime}
	if !l.skip(`{"source":`) {
		return l.fail(`{"source":`)
	}
	source, ok := l.text()
	if !ok {
		return l.fail("a string")
	}
	if p.source != string(source) {
		p.source = string(source)
	}
	r.Source = p.source
	switch {
	case l.skip(`,"offset":`):
		if r.Offset, ok = l.number(); !ok || r.Offset < 0 {
			return l.fail("an offset")
		}
	case l.skip(`,"id":`):
		id, ok := l.text()
		if !ok || len(id) == 0 {
			return l.fail("an id")
		}
		p.id = append(p.id[:0], id...)
		r.ID = p.id
	default:
		return l.fail(`,"offset": or ,"id":`)
	}
	if l.skip(`,"time":"`) {
		if r.Time, ok = p.time(&l); !ok {
			return l.fail("a time as " + timeLayout)
		}
	} else if l.skip(`,"time_ms":`) {
		if r.Time, ok = l.number(); !ok || HourOf(r.Time) != NoHour || r.Time == block.NoTime {
			return l.fail("a time that is out of range")
		}
	}
	return p.payload(&l, r)
}

// payload reads the line from the event or the raw bytes on.
func (p *lineParser) payload(l *lineCursor, r *Record) error {
	if r.Text = l.skip(`,"event":`); r.Text {
		n := len(l.rest) - 1
		if n < 1 || l.rest[n] != '}' {
			return l.fail("an event and }")
		}
		r.Payload = l.rest[:n:n]
		return nil
	}
	if !l.skip(`,"raw":"`) {
		return l.fail(`,"event": or ,"raw":`)
	}
	encoded, ok := bytes.CutSuffix(l.rest, []byte(`"}`))
	if !ok {
		return l.fail(`base64 and "}`)
	}
	var err error
	if p.room, err = strictBase64.AppendDecode(p.room[:0], encoded); err != nil || bytes.IndexByte(encoded, '\r') >= 0 {
		return l.fail("base64")
	}
	r.Payload = p.room
	return nil
}

var strictBase64 = base64.StdEncoding.Strict()

// time reads a time and the quote behind it.
func (p *lineParser) time(l *lineCursor) (ms int64, ok bool) {
	if len(l.rest) <= len(timeLayout) || l.rest[len(timeLayout)] != '"' {
		return 0, false
	}
	text := l.rest[:len(timeLayout)]
	if string(text[:len(p.day)]) != string(p.day[:]) {
		day, err := time.Parse(time.DateOnly, string(text[:len(p.day)]))
		if err != nil || HourOf(day.UnixMilli()) == NoHour {
			return 0, false
		}
		copy(p.day[:], text)
		p.dayMS = day.UnixMilli()
	}
	for i, c := range "dddd-dd-ddTdd:dd:dd.dddZ" {
		if digit := text[i] >= '0' && text[i] <= '9'; (c == 'd') != digit || !digit && text[i] != byte(c) {
			return 0, false
		}
	}
	number := func(i int) int64 { return int64(text[i]-'0')*10 + int64(text[i+1]-'0') }
	hour, minute, second := number(11), number(14), number(17)
	if hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	l.rest = l.rest[len(timeLayout)+1:]
	return p.dayMS + ((hour*60+minute)*60+second)*1000 + int64(text[20]-'0')*100 + number(21), true
}

// A lineCursor reads a line from its front.
type lineCursor struct{ line, rest []byte }

// fail says what the line lacks where it was read to.
func (l *lineCursor) fail(want string) error {
	return fmt.Errorf("%w: at byte %d it lacks %s", errLine, len(l.line)-len(l.rest)+1, want)
}

func (l *lineCursor) skip(s string) bool {
	if len(l.rest) < len(s) || string(l.rest[:len(s)]) != s {
		return false
	}
	l.rest = l.rest[len(s):]
	return true
}

// text reads a string of JSON.
func (l *lineCursor) text() ([]byte, bool) {
	if len(l.rest) == 0 || l.rest[0] != '"' {
		return nil, false
	}
	for i := 1; i < len(l.rest); i++ {
		switch c := l.rest[i]; {
		case c == '"':
			s := l.rest[1:i]
			l.rest = l.rest[i+1:]
			return s, true
		case c == '\\' || c >= utf8.RuneSelf || c < ' ':
			return l.quoted(i)
		}
	}
	return nil, false
}

// quoted reads a string with something in it, from byte i on, that may not mean
// itself.
func (l *lineCursor) quoted(i int) ([]byte, bool) {
	for ; i < len(l.rest) && l.rest[i] != '"'; i++ {
		if l.rest[i] == '\\' {
			i++
		}
	}
	var s string
	if i >= len(l.rest) || json.Unmarshal(l.rest[:i+1], &s) != nil {
		return nil, false
	}
	if string(appendString(nil, s)) != string(l.rest[:i+1]) {
		return nil, false // two spellings of one id would be two messages
	}
	l.rest = l.rest[i+1:]
	return []byte(s), true
}

// number reads a whole number.
func (l *lineCursor) number() (int64, bool) {
	i := 0
	for i < len(l.rest) && (l.rest[i] >= '0' && l.rest[i] <= '9' || i == 0 && l.rest[i] == '-') {
		i++
	}
	v, err := strconv.ParseInt(string(l.rest[:i]), 10, 64)
	if err != nil || v == math.MinInt64 {
		return 0, false
	}
	l.rest = l.rest[i:]
	return v, true
}
