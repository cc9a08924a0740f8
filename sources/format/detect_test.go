package format

import (
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		name, sample string
		want         Kind
		err          string
	}{
		{"a.ndjson", "", NDJSON, ""},
		{"a", "", NDJSON, ""},
		{"a.csv", "", CSV, ""},
		{"a.jsonl", `{"a":1}`, NDJSON, ""},
		{"a.JSON", `{"a":1}` + "\n" + `{"a":1}`, NDJSON, ""},
		{"a", "\xef\xbb\xbf\n {\"a\":1}", NDJSON, ""},
		{"a.log", `{"a":1}`, NDJSON, ""},
		{"a.json", "[\n{\"a\":1}]", Auto, "a JSON array"},
		{"a", "[{\"a\":1}]", Auto, "a JSON array"},
		{"a.json", "{\n  \"a\": 1\n}", Auto, "over several lines"},
		{"access.log", combined + "\n", AccessLog, ""},
		{"access.log-2015.csv", combined + "\r\n", AccessLog, ""},
		{"error.log", "[Sun May 17 2015] [error] no such file", Auto, "no known format"},
		{"a", "time,item\n1,2\n", CSV, ""},
		{"a", "time\titem, or so\n1\t2\n", TSV, ""},
		{"a.tsv", "time\titem\n", TSV, ""},
		{"a.csv", "item\n", CSV, ""},
		{"a.tab", "{\titem\n", TSV, ""},
		{"a", "Obj\x01\x02", Avro, ""},
		{"a.csv", "PAR1\x02", Parquet, ""},
		{"a.parquet", "hello", Auto, `a.parquet is not parquet: it starts with "hello"`},
		{"a.avro", "", Auto, "it starts with nothing"},
		{"a.bin", "\x00\x01,", Auto, `no known format in a.bin (suffix ".bin"): it starts with "\x00\x01,"`},
		{"a", "hello", Auto, "ndjson, csv, tsv"},
	} {
		got, err := Detect(c.name, []byte(c.sample))
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s %q: %v %v, want %v %s", c.name, c.sample, got, err, c.want, c.err)
		}
	}
}

func TestParseKind(t *testing.T) {
	for k := Auto; k <= Parquet; k++ {
		if got, err := ParseKind(k.String()); got != k || err != nil {
			t.Errorf("%v: %v %v", k, got, err)
		}
	}
	if _, err := ParseKind("xml"); err == nil || !strings.Contains(err.Error(), "auto, ndjson, csv, tsv, accesslog, avro, parquet") {
		t.Error(err)
	}
}
