package archive

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"crest/block"
)

// An Hour is an hour of event time: how many whole ones are before it since the
// epoch, UTC.
type Hour int64

// NoHour is where records are that have no time between block.MinTime and
// block.MaxTime.
const NoHour Hour = -1

const hourMS = int64(time.Hour / time.Millisecond)

// HourOf returns the hour of a time in milliseconds since the epoch.
func HourOf(ms int64) Hour {
	if ms < block.MinTime || ms > block.MaxTime {
		return NoHour
	}
	return Hour(ms / hourMS)
}

// Start returns when the hour begins.
func (h Hour) Start() time.Time { return time.UnixMilli(int64(h) * hourMS).UTC() }

const (
	dirLayout = "date=2006-01-02/hour=15"
	noHourDir = "date=unknown/hour=unknown"
)

// Dir is the directory of the hour's files, below the archive's prefix.
func (h Hour) Dir() string {
	if h == NoHour {
		return noHourDir
	}
	return h.Start().Format(dirLayout)
}

// parseDir is the hour whose Dir that is.
func parseDir(dir string) (Hour, error) {
	if dir == noHourDir {
		return NoHour, nil
	}
	t, err := time.Parse(dirLayout, dir)
	if err != nil || HourOf(t.UnixMilli()).Dir() != dir {
		return NoHour, fmt.Errorf("%s is not an hour, as %s", dir, dirLayout)
	}
	return HourOf(t.UnixMilli()), nil
}

// A Format is how a file holds records.
type Format string

// The formats; each is the end of its files' names.
const (
	NDJSON  Format = "ndjson.zst"
	Parquet Format = "parquet"
)

// ParseFormat reads the name of a format: ndjson or parquet.
func ParseFormat(name string) (Format, error) {
	switch name {
	case "ndjson":
		return NDJSON, nil
	case "parquet":
		return Parquet, nil
	}
	return "", fmt.Errorf("%q is not a format of archives: ndjson or parquet", name)
}

// A fileName says what a file holds: SOURCE-FIRST-LAST-HASH.FORMAT, where FIRST
// and LAST are positions and HASH is of the file's bytes. So it depends on the
// content only, and a file that is written again replaces itself.
type fileName struct {
	source      string // a token
	first, last position
	hash        uint64
	format      Format
}

func (n fileName) String() string {
	return fmt.Sprintf("%s-%s-%s-%016x.%s", n.source, n.first, n.last, n.hash, n.format)
}

func parseFileName(s string) (n fileName, err error) {
	base, format, _ := strings.Cut(s, ".")
	parts := strings.Split(base, "-")
	bad := fmt.Errorf("%s is not the name of an archived file", s)
	if n.format = Format(format); len(parts) != 4 || n.format != NDJSON && n.format != Parquet {
		return n, bad
	}
	n.source, n.first, n.last = parts[0], position(parts[1]), position(parts[2])
	n.hash, err = strconv.ParseUint(parts[3], 16, 64)
	if !n.first.valid() || !n.last.valid() || err != nil || n.String() != s {
		return n, bad
	}
	return n, nil
}

// A position is where a record stands in its source, as a name of a file tells
// it: its offset, or "i" and the beginning of its id.
type position string

// positionBytes bounds a position, so that names of files are not too long.
const positionBytes = 40

func positionOf(r *Record) position {
	if r.Offset >= 0 {
		return position(strconv.FormatInt(r.Offset, 10))
	}
	return position(appendToken([]byte{'i'}, r.ID, positionBytes))
}

func (p position) valid() bool {
	if id, ok := strings.CutPrefix(string(p), "i"); ok {
		_, ok := fromToken(id)
		return ok && id != ""
	}
	v, err := strconv.ParseInt(string(p), 10, 64)
	return err == nil && v >= 0 && strconv.FormatInt(v, 10) == string(p)
}

// start is a record that is not behind any record at the position.
func (p position) start() Record {
	if id, ok := strings.CutPrefix(string(p), "i"); ok {
		raw, _ := fromToken(id)
		return Record{Offset: -1, ID: raw}
	}
	v, _ := strconv.ParseInt(string(p), 10, 64)
	return Record{Offset: v}
}

// tokenBytes bounds the token of a source, so that names of files are not too
// long.
const tokenBytes = 100

// Token makes a text part of a file's name, in a way that every file system
// takes: ASCII letters, digits and underscores stay, of any other byte there is ~
// and its code. A long text is cut, and ends with its hash.
func Token(s string) string {
	token := appendToken(nil, []byte(s), 3*len(s))
	if len(token) > tokenBytes {
		cut := appendToken(nil, []byte(s), tokenBytes-len("~~")-16)
		token = fmt.Appendf(cut, "~~%016x", xxhash.Sum64String(s))
	}
	return string(token)
}

// appendToken appends as much of s as fits into limit bytes.
func appendToken(dst, s []byte, limit int) []byte {
	end := len(dst) + limit
	for _, c := range s {
		plain := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		switch {
		case plain && len(dst)+1 <= end:
			dst = append(dst, c)
		case !plain && len(dst)+3 <= end:
			dst = fmt.Appendf(dst, "~%02x", c)
		default:
			return dst
		}
	}
	return dst
}

// fromToken undoes appendToken.
func fromToken(s string) (raw []byte, ok bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '~' {
			if i+3 > len(s) {
				return nil, false
			}
			v, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return nil, false
			}
			c = byte(v)
			i += 2
		}
		raw = append(raw, c)
	}
	return raw, string(appendToken(nil, raw, len(s))) == s
}
