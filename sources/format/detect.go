package format

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

// A Kind is a file format. The zero Kind, Auto, is to be found out by Detect.
type Kind uint8

// The formats.
const (
	Auto Kind = iota
	NDJSON
	CSV
	TSV
	AccessLog
	Avro
	Parquet
)

var kindNames = []string{"auto", "ndjson", "csv", "tsv", "accesslog", "avro", "parquet"}

// String is the name that ParseKind reads.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// ParseKind reads the name of a format. The error lists the valid ones.
func ParseKind(s string) (Kind, error) {
	if i := slices.Index(kindNames, s); i >= 0 {
		return Kind(i), nil
	}
	return Auto, fmt.Errorf("no format %q: it is one of %s", s, strings.Join(kindNames, ", "))
}

var kindsBySuffix = map[string]Kind{
	".ndjson": NDJSON, ".jsonl": NDJSON, ".jsonlines": NDJSON, ".json": NDJSON,
	".csv": CSV, ".tsv": TSV, ".tab": TSV, ".avro": Avro, ".parquet": Parquet,
}

// Detect finds the format of a file by its name, without the suffix of its
// compression, and by a sample of how it starts, decompressed; 64 KiB are enough.
// What the file starts with is trusted more than its name where it is certain:
// the container formats and access logs. A file with nothing in it is what its
// name says or else NDJSON, which has no header to miss. The error says what was
// seen.
func Detect(name string, sample []byte) (Kind, error) {
	switch {
	case bytes.HasPrefix(sample, []byte("Obj\x01")):
		return Avro, nil
	case bytes.HasPrefix(sample, []byte("PAR1")):
		return Parquet, nil
	}
	suffix := strings.ToLower(path.Ext(name))
	byName := kindsBySuffix[suffix]
	if byName == Avro || byName == Parquet {
		return Auto, fmt.Errorf("%s is not %s: it starts with %s", name, byName, seen(sample))
	}
	sample = bytes.TrimPrefix(sample, byteOrderMark)
	head := bytes.TrimLeft(sample, " \t\r\n")
	line, rest, whole := bytes.Cut(head, []byte{'\n'})
	switch {
	case len(head) == 0 && byName == Auto:
		return NDJSON, nil
	case len(head) == 0:
		return byName, nil
	case isLogLine(line):
		return AccessLog, nil
	case byName == CSV, byName == TSV:
		return byName, nil
	case head[0] == '{':
		if whole && !bytes.Contains(line, []byte{':'}) && startsField(rest) {
			return Auto, fmt.Errorf("%s has a JSON object over several lines: it must be one object a line (jq -c . makes it so)", name)
		}
		return NDJSON, nil
	case head[0] == '[' && (byName == NDJSON || startsValue(head[1:])):
		return Auto, fmt.Errorf("%s has a JSON array: it must be one object a line (jq -c '.[]' makes it so)", name)
	case byName != Auto:
		return byName, nil
	}
	if k := delimitedKind(line); k != Auto {
		return k, nil
	}
	return Auto, fmt.Errorf("no known format in %s (suffix %q): it starts with %s; name its format: %s",
		name, suffix, seen(sample), strings.Join(kindNames[1:], ", "))
}

// seen shows the start of a sample.
func seen(sample []byte) string {
	if len(sample) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%q", sample[:min(len(sample), 40)])
}

// isLogLine says whether a line is of an access log.
func isLogLine(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	r := newCellReader(&wanted{}, unescapeLog)
	r.data = line
	l := logLine{r, 0, len(line)}
	if l.read(false) != "" {
		return false
	}
	t := r.spans[logTime]
	_, reason := ParseTime(line[t.from():t.to()])
	return reason == ""
}

// startsField says whether a pretty-printed object goes on here.
func startsField(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && (rest[0] == '"' || rest[0] == '}')
}

// startsValue says whether an array of JSON objects goes on here.
func startsValue(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == '[' || rest[0] == '"')
}

// delimitedKind tells CSV from TSV by a header: names between delimiters. It is
// Auto for a line that is no header.
func delimitedKind(line []byte) Kind {
	for _, c := range line {
		if c < ' ' && c != '\t' && c != '\r' {
			return Auto
		}
	}
	commas, tabs := bytes.Count(line, []byte{','}), bytes.Count(line, []byte{'\t'})
	switch {
	case tabs > 0:
		return TSV
	case commas > 0:
		return CSV
	}
	return Auto
}
