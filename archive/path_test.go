package archive

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crest/block"
)

func TestHours(t *testing.T) {
	at := time.Date(2026, 1, 31, 23, 59, 59, 999e6, time.UTC)
	for ms, dir := range map[int64]string{
		at.UnixMilli():     "date=2026-01-31/hour=23",
		at.UnixMilli() + 1: "date=2026-02-01/hour=00",
		0:                  "date=1970-01-01/hour=00",
		block.MaxTime:      "date=2199-12-31/hour=23",
		block.MaxTime + 1:  "date=unknown/hour=unknown",
		-1:                 "date=unknown/hour=unknown",
		block.NoTime:       "date=unknown/hour=unknown",
	} {
		h := HourOf(ms)
		if got, err := parseDir(h.Dir()); h.Dir() != dir || got != h || err != nil {
			t.Errorf("%d is in %s, read as %v, %v", ms, h.Dir(), got, err)
		}
	}
	for _, s := range []string{"", "a", "date=2026-01-31", "date=2026-01-32/hour=00", "date=2026-1-31/hour=00", "date=2026-01-31/hour=24", "date=1960-01-01/hour=00", "date=unknown/hour=00"} {
		if h, err := parseDir(s); err == nil {
			t.Errorf("%q is %v", s, h)
		}
	}
}

func TestFileNames(t *testing.T) {
	long := "pubsub:projects/" + strings.Repeat("p", 30) + "/subscriptions/" + strings.Repeat("s", 255)
	seen := make(map[string]string)
	for _, source := range []string{"kafka:events/3", "kafka:my-events.v1/3", "kafka:my_events~v1/3", "", "é/\x00", long, long + "s"} {
		for _, r := range []Record{{Offset: 0}, {Offset: 1<<63 - 1}, {Offset: -1, ID: []byte("1234")}, {Offset: -1, ID: []byte(strings.Repeat("é", 100))}} {
			if source == "" {
				continue
			}
			n := fileName{source: Token(source), first: positionOf(&r), last: positionOf(&r), hash: 5, format: NDJSON}
			got, err := parseFileName(n.String())
			if err != nil || got != n {
				t.Errorf("%s is read as %v, %v", n, got, err)
			}
			if len(n.String()) > 255 || strings.ContainsAny(n.String(), `/:*?[\%- `+"\x00") && strings.Count(n.String(), "-") != 3 {
				t.Errorf("the name %q", n)
			}
			if start := n.first.start(); start.Compare(&Record{Offset: r.Offset, ID: r.ID}) > 0 {
				t.Errorf("%s starts behind %+v", n, r)
			}
		}
		if other, ok := seen[Token(source)]; ok {
			t.Errorf("%q and %q have one token", source, other)
		}
		seen[Token(source)] = source
	}
	for _, s := range []string{"", "a", "a-1-2-0000000000000005.csv", "a-1-0000000000000005.parquet", "a-x-2-0000000000000005.parquet", "a-01-2-0000000000000005.parquet",
		"a-1-i-0000000000000005.parquet", "a-1-i~-0000000000000005.parquet", "a-1-i~41-0000000000000005.parquet", "a-1-2-5.parquet", "a-1-2-000000000000000g.parquet", "a-b-1-2-0000000000000005.parquet"} {
		if n, err := parseFileName(s); err == nil {
			t.Errorf("%q is %v", s, n)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for name, want := range map[string]Format{"ndjson": NDJSON, "parquet": Parquet, "csv": ""} {
		if got, err := ParseFormat(name); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %v", name, fmt.Sprint(got, err))
		}
	}
}
