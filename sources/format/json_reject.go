package format

import (
	"bytes"
	"fmt"
	"slices"

	"crest/block"
)

// malformed rejects the line that starts at start, whose fault r.scan has found,
// and returns where the next line starts.
func (r *lineReader) malformed(b *block.Block, offset int64, start int) int {
	at, data := r.scan.faultAt, r.data
	end, next := len(data), len(data)
	if at < len(data) {
		if n := bytes.IndexByte(data[at:], '\n'); n >= 0 {
			end, next = at+n, at+n+1
		}
	}
	line := trimNewline(data[start:end])
	at = min(at-start, len(line))
	var detail string
	if wantsDetail(b, block.Malformed) {
		found := "the line ends"
		if at < len(line) {
			found = fmt.Sprintf("there is %q", line[at])
			if line[at] >= 0x80 {
				found = fmt.Sprintf("there is byte %#x", line[at])
			}
		}
		detail = fmt.Sprintf("not JSON: at column %d %s instead of %s", at+1, found, r.scan.fault)
	}
	b.Reject(offset+int64(start), block.Malformed, detail, line)
	return next
}

func trimNewline(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}

// reject rejects the line [start, next), whose values r holds.
func (r *lineReader) reject(b *block.Block, offset int64, start, next int, reason block.Reason) {
	line := trimNewline(r.data[start:min(next, len(r.data))])
	var detail string
	if wantsDetail(b, reason) {
		detail = r.detail(reason)
		if reason == block.MissingTime || reason == block.MissingItem {
			detail += "; fields: " + fieldNames(line)
		}
	}
	b.Reject(offset+int64(start), reason, detail, line)
}

// fieldNames lists the fields of an object in their order, and those of objects
// in it as dotted paths: at most mostNames, so that a person sees what to ask for. The
// line must be valid.
func fieldNames(line []byte) string {
	s := &jsonScanner{data: line}
	var names []string
	add := func(name string, k kind) bool {
		if k == noValue {
			name += " (null)"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		return len(names) <= mostNames
	}
	eachField(s, s.space(0), func(name string, i int, k kind) bool {
		inner := false
		if k == object && !eachField(s, i, func(sub string, _ int, k kind) bool {
			inner = true
			return add(name+"."+sub, k)
		}) {
			return false
		}
		return inner || add(name, k)
	})
	if len(names) == 0 {
		return "none"
	}
	return limited(names)
}

// eachField calls f with each field of the object at i, until it returns false.
func eachField(s *jsonScanner, i int, f func(name string, at int, k kind) bool) bool {
	for i = s.space(i + 1); s.at(i) == '"'; i = s.space(i + 1) {
		end, _ := s.str(i + 1)
		name := string(appendUnescaped(nil, s.data[i+1:end]))
		i = s.colon(end + 1)
		end, k := s.value(i, 0)
		if !f(name, i, k) {
			return false
		}
		i = s.space(end)
	}
	return true
}
