package format

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"crest/block"
)

// The fields of an access log; each is its own slot.
const (
	logHost = iota
	logIdent
	logUser
	logTime
	logRequest
	logMethod
	logURL
	logPath
	logProtocol
	logStatus
	logBytes
	logReferrer
	logAgent
)

var logFields = []string{"host", "ident", "user", "time", "request", "method", "url", "path", "protocol", "status", "bytes", "referrer", "agent"}

// accessLog decodes the logs of web servers.
type accessLog struct {
	wanted
	request bool // a part of the request is wanted
	// optional: the item is a field that a line may well not have, as a referrer.
	optional bool
	readers  sync.Pool
}

// NewAccessLog returns a decoder of web server access logs in the common and the
// combined log format, as Apache and nginx write them:
//
//	host ident user [17/May/2015:10:05:03 +0000] "GET /a?b HTTP/1.1" status bytes "referrer" "agent"
//
// The fields are host, ident, user, time, request, status, bytes, and in the
// combined format referrer and agent; what follows the agent is not read. The
// request is also there in parts: method, url (as requested), path (the url
// without host, query and fragment) and protocol; a request that has no parts
// lacks them. The item field's default name, item, means path. Any other name
// that is none of these is an error, except the defaults segment and weight,
// which then are empty and 1.
//
// A field that is "-" is missing, but for bytes, where it is a 0. A line whose
// item is missing is rejected where every request has one (a path, a status);
// where many have none (a referrer, a user), it is a record without rows. \" and
// the other escapes of quoted fields are undone.
func NewAccessLog(o Options) (Decoder, error) {
	if o.Item == "item" {
		o.Item = "path"
	}
	d := &accessLog{wanted: newWanted(o)}
	for role, name := range d.names {
		slot := uint8(unset)
		for i, field := range logFields {
			if field == name {
				slot = uint8(i)
				d.request = d.request || logMethod <= i && i <= logProtocol
				if role == roleItem {
					d.optional = i == logIdent || i == logUser || i == logReferrer || i == logAgent
				}
			}
		}
		if slot == unset && !(role == roleSegment && (name == "segment" || name == "") || role == roleWeight && (name == "weight" || name == "")) {
			return nil, fmt.Errorf("no field %q in an access log; fields: %s", name, strings.Join(logFields, ", "))
		}
		d.slots[role] = [2]uint8{slot, slot}
	}
	d.readers.New = func() any { return newCellReader(&d.wanted, unescapeLog) }
	return d, nil
}

// Decode implements Decoder.
func (d *accessLog) Decode(b *block.Block, offset int64) {
	r := d.readers.Get().(*cellReader)
	r.begin(b)
	records := int64(0)
	for at := 0; at < len(r.data); {
		start, next := at, len(r.data)
		if n := bytes.IndexByte(r.data[at:], '\n'); n >= 0 {
			next = at + n + 1
		}
		at = next
		l := logLine{r, start, start + len(trimNewline(r.data[start:next]))}
		if l.at == l.end {
			continue
		}
		records++
		if fault := l.read(d.request); fault != "" {
			var detail string
			if wantsDetail(b, block.Malformed) {
				detail = fmt.Sprintf("not an access log line: no %s at column %d", fault, l.at-start+1)
			}
			b.Reject(offset+int64(start), block.Malformed, detail, r.data[start:l.end])
		} else if reason := r.rows(b); reason != "" && !(reason == block.MissingItem && d.optional) {
			r.reject(b, offset, start, l.end, reason)
		}
	}
	b.Records += records
	r.end(b)
	d.readers.Put(r)
}

// A logLine is what is left of a line, [at, end) of the data.
type logLine struct {
	*cellReader
	at, end int
}

// read puts the line's fields into their slots, or returns what is not where it
// should be.
func (l *logLine) read(request bool) (missing string) {
	l.kinds = [slotRoom]kind{}
	if !l.word(logHost) {
		return "host"
	}
	if !l.word(logIdent) {
		return "ident"
	}
	// The user is up to the bracket, because a name may have spaces.
	n := bytes.Index(l.data[l.at:l.end], []byte(" ["))
	if n < 0 {
		return "[time]"
	}
	l.set(logUser, l.at, l.at+n, rawString)
	l.at += n + 2
	n = bytes.IndexByte(l.data[l.at:l.end], ']')
	if n < 0 {
		return "closing ] of the time"
	}
	l.set(logTime, l.at, l.at+n, rawString)
	l.at += n + 1
	if !l.skip(' ') || !l.quoted(logRequest) {
		return "quoted request"
	}
	if request {
		l.parts()
	}
	if !l.skip(' ') || !l.number(logStatus) {
		return "status"
	}
	if !l.skip(' ') || !l.number(logBytes) {
		return "number of bytes"
	}
	if l.kinds[logBytes] == noValue {
		l.kinds[logBytes] = escapedString // unescapeLog makes a 0 of it
	}
	if l.at == l.end {
		return ""
	}
	if !l.skip(' ') || !l.quoted(logReferrer) {
		return "quoted referrer"
	}
	if !l.skip(' ') || !l.quoted(logAgent) {
		return "quoted agent"
	}
	if l.at < l.end && l.data[l.at] != ' ' {
		return "space behind the agent"
	}
	return ""
}

// set puts [from, to) into a slot, unless it is missing.
func (l *logLine) set(field, from, to int, k kind) {
	if from == to || to == from+1 && l.data[from] == '-' {
		k = noValue
	}
	l.kinds[field], l.spans[field] = k, spanOf(from, to)
}

func (l *logLine) skip(c byte) bool {
	if l.at < l.end && l.data[l.at] == c {
		l.at++
		return true
	}
	return false
}

// word reads a field and the space behind it.
func (l *logLine) word(field int) bool {
	n := bytes.IndexByte(l.data[l.at:l.end], ' ')
	if n <= 0 {
		return false
	}
	l.set(field, l.at, l.at+n, rawString)
	l.at += n + 1
	return true
}

// number reads digits or a hyphen.
func (l *logLine) number(field int) bool {
	from := l.at
	for l.at < l.end && l.data[l.at]-'0' <= 9 {
		l.at++
	}
	if l.at == from && !l.skip('-') {
		return false
	}
	l.set(field, from, l.at, number)
	return true
}

// quoted reads a field in quotes.
func (l *logLine) quoted(field int) bool {
	if !l.skip('"') {
		return false
	}
	from, k := l.at, rawString
	for i := from; ; {
		n := bytes.IndexByte(l.data[i:l.end], '"')
		if n < 0 {
			return false
		}
		slashes := 0
		for j := i + n; j > from && l.data[j-1] == '\\'; j-- {
			slashes++
		}
		if i += n + 1; slashes%2 == 0 {
			l.at = i
			break
		}
	}
	if bytes.IndexByte(l.data[from:l.at-1], '\\') >= 0 {
		k = escapedString
	}
	l.set(field, from, l.at-1, k)
	return true
}

// parts splits the request.
func (l *logLine) parts() {
	k, s := l.kinds[logRequest], l.spans[logRequest]
	from, to := s.from(), s.to()
	n := bytes.IndexByte(l.data[from:to], ' ')
	if k == noValue || n <= 0 {
		return
	}
	l.set(logMethod, from, from+n, k)
	from += n + 1
	if n = bytes.LastIndexByte(l.data[from:to], ' '); n >= 0 && bytes.HasPrefix(l.data[from+n+1:to], []byte("HTTP/")) {
		l.set(logProtocol, from+n+1, to, k)
		to = from + n
	}
	l.set(logURL, from, to, k)
	url := l.data[from:to]
	if n = bytes.Index(url, []byte("://")); n > 0 && url[0] != '/' {
		n += len("://")
		slash := bytes.IndexByte(url[n:], '/')
		if slash < 0 {
			return // a host without a path
		}
		from += n + slash
		url = l.data[from:to]
	}
	if n = bytes.IndexByte(url, '?'); n >= 0 {
		url = url[:n]
	}
	if n = bytes.IndexByte(url, '#'); n >= 0 {
		url = url[:n]
	}
	l.set(logPath, from, from+len(url), k)
}

// unescapeLog appends what a quoted field stands for: \" \\ \n \t and so on, and
// \xhh for a byte.
func unescapeLog(dst, raw []byte) []byte {
	if len(raw) == 1 && raw[0] == '-' { // a number of bytes
		return append(dst, '0')
	}
	start := len(dst)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\\' && i+1 < len(raw) {
			i++
			switch c = raw[i]; c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'r':
				c = '\r'
			case 'b':
				c = '\b'
			case 'v':
				c = '\v'
			case 'f':
				c = '\f'
			case 'x':
				if i+2 < len(raw) && hexDigit(raw[i+1]) < 16 && hexDigit(raw[i+2]) < 16 {
					c = hexDigit(raw[i+1])<<4 | hexDigit(raw[i+2])
					i += 2
				}
			}
		}
		dst = append(dst, c)
	}
	if s := dst[start:]; !utf8.Valid(s) {
		return appendValid(dst[:start], bytes.Clone(s))
	}
	return dst
}
