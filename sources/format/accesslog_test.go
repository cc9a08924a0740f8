package format

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"crest/block"
)

const combined = `83.149.9.216 - frank [17/May/2015:10:05:03 +0000] "GET /a/b.png?x=1 HTTP/1.1" 200 203023 "http://example.org/" "Mozilla/5.0 (X11)"`

func TestAccessLogFields(t *testing.T) {
	for _, c := range []struct{ item, line, want string }{
		{"host", combined, "83.149.9.216"},
		{"ident", combined, "no rows"},
		{"user", combined, "frank"},
		{"time", combined, "17/May/2015:10:05:03 +0000"},
		{"request", combined, "GET /a/b.png?x=1 HTTP/1.1"},
		{"method", combined, "GET"},
		{"url", combined, "/a/b.png?x=1"},
		{"path", combined, "/a/b.png"},
		{"item", combined, "/a/b.png"},
		{"protocol", combined, "HTTP/1.1"},
		{"status", combined, "200"},
		{"bytes", combined, "203023"},
		{"referrer", combined, "http://example.org/"},
		{"agent", combined, "Mozilla/5.0 (X11)"},

		{"user", `h - a b [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1`, "a b"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "GET /a b#c HTTP/1.1" 200 1`, "/a b"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "GET /" 200 1`, "/"},
		{"protocol", `h - - [17/May/2015:10:05:03 +0000] "GET /" 200 1`, "missing item"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "GET http://a.b:80/c?d://e HTTP/1.1" 200 1`, "/c"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "GET http://a.b HTTP/1.1" 200 1`, "missing item"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "GET /r?u=http://x/y HTTP/1.1" 200 1`, "/r"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "-" 408 -`, "missing item"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "\x16\x03\x01" 400 -`, "missing item"},
		{"request", `h - - [17/May/2015:10:05:03 +0000] "\x16\xe6\x97\xa5\xff" 400 -`, "\x16日\ufffd"},
		{"path", `h - - [17/May/2015:10:05:03 +0000] "GET /a\"b\\ HTTP/1.1" 200 1`, `/a"b\`},
		{"agent", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "a \"b\" \t\\"`, "a \"b\" \t\\"},
		{"referrer", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "a"`, "no rows"},
		{"agent", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1`, "no rows"},
		{"agent", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "a" "forwarded" 0.003`, "a"},
		{"bytes", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 304 -`, "0"},

		{"host", `h - - [17/Mai/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1`, "bad time"},
		{"host", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "a`, "malformed"},
		{"host", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "a"x`, "malformed"},
		{"host", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-"`, "malformed"},
		{"host", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1\" 200 1`, "malformed"},
		{"host", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" x 1`, "malformed"},
		{"host", `h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200`, "malformed"},
		{"host", `h - - [17/May/2015:10:05:03 +0000]`, "malformed"},
		{"host", `h - - [17/May/2015:10:05:03 +0000`, "malformed"},
		{"host", `h - -`, "malformed"},
		{"host", `h`, "malformed"},
		{"host", ` `, "malformed"},
	} {
		d, err := NewAccessLog(Options{Time: "time", Item: c.item, Segment: "segment", Weight: "weight"})
		if err != nil {
			t.Fatal(err)
		}
		b := decode(d, []byte("\n"+c.line+"\r\n"), 0)
		rows, _ := rowsOf(t, b)
		got := ""
		if len(rows) == 1 {
			got = rows[0].Item
			if rows[0].Time != utc("2015-05-17T10:05:03") {
				t.Errorf("%s: %+v", c.line, rows[0])
			}
		} else if len(b.Rejects) == 1 {
			got = string(b.Rejects[0].Reason)
			if b.Rejects[0].Detail == "" || string(b.Rejects[0].Raw) != c.line || b.Rejects[0].Offset != 1 {
				t.Errorf("%s: %+v", c.line, b.Rejects[0])
			}
		} else if len(rows) == 0 {
			got = "no rows"
		}
		if got != c.want || b.Records != 1 {
			t.Errorf("%s of %s: %q, want %q; %+v", c.item, c.line, got, c.want, b.Rejects)
		}
	}
}

func TestAccessLogOptions(t *testing.T) {
	d, err := NewAccessLog(Options{Time: "time", Item: "item", Segment: "method", Weight: "bytes"})
	if err != nil {
		t.Fatal(err)
	}
	rows, rejects := rowsOf(t, decode(d, []byte(combined+"\n"+strings.Replace(combined, "203023", "-", 1)), 0))
	at := utc("2015-05-17T10:05:03")
	if want := []row{{at, "/a/b.png", "GET", 203023}, {at, "/a/b.png", "GET", 0}}; !reflect.DeepEqual(rows, want) || rejects != nil {
		t.Errorf("%v, want %v; %v", rows, want, rejects)
	}
	if _, err := NewAccessLog(Options{Time: "ts", Item: "item"}); err == nil || !strings.Contains(err.Error(), `no field "ts"`) || !strings.Contains(err.Error(), "host, ident") {
		t.Errorf("unknown time field: %v", err)
	}
	if _, err := NewAccessLog(Options{Time: "time", Item: "item", Segment: "country"}); err == nil {
		t.Error("no error for an unknown segment field")
	}
}

// FuzzAccessLog looks for panics, records that get lost and texts that are not
// UTF-8.
func FuzzAccessLog(f *testing.F) {
	f.Add([]byte(combined + "\n" + combined))
	f.Add([]byte(`h - - [17/May/2015:10:05:03 +0000] "\xe6 \"http://x\" \\" - - "\\" ""` + "\r\n\n"))
	var decoders []Decoder
	for _, item := range logFields {
		d, err := NewAccessLog(Options{Time: "time", Item: item, Segment: "path", Weight: "bytes"})
		if err != nil {
			f.Fatal(err)
		}
		decoders = append(decoders, d)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := int64(0)
		for line := range bytes.Lines(data) {
			if len(trimNewline(line)) > 0 {
				lines++
			}
		}
		for _, d := range decoders {
			b := decode(d, data, 0)
			optional := d.(*accessLog).optional
			if rows, _ := rowsOf(t, b); b.Records != lines || int64(len(rows))+b.Rejected() > lines || !optional && int64(len(rows))+b.Rejected() < lines {
				t.Fatalf("%q: %d records, %d rows, %d rejected of %d lines", data, b.Records, len(rows), b.Rejected(), lines)
			}
			checkTexts(t, b)
		}
	})
}

// checkTexts checks what a Block promises of its rows.
func checkTexts(t *testing.T, b *block.Block) {
	t.Helper()
	for i, item := range b.Items {
		if s := string(b.Text(item)); !validText(s) || len(s) > block.MaxItem {
			t.Fatalf("item %q", s)
		}
		if b.Segments != nil && (!validText(string(b.Text(b.Segments[i]))) || b.Segments[i].Len > block.MaxSegment) {
			t.Fatalf("segment %q", string(b.Text(b.Segments[i])))
		}
		if b.Times[i] < block.MinTime || b.Times[i] > block.MaxTime {
			t.Fatalf("time %d", b.Times[i])
		}
		if b.Weights != nil && b.Weights[i] > maxWeight {
			t.Fatalf("weight %d", b.Weights[i])
		}
	}
}

func BenchmarkAccessLog(b *testing.B) {
	data := benchLines(time.Second, func(r *rand.Rand, at time.Time) string {
		return fmt.Sprintf(`%d.%d.9.216 - - [%s] "GET /presentations/%d/images/a.png HTTP/1.1" 200 %d "http://example.org/presentations/%d/" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.77 Safari/537.36"`,
			r.IntN(256), r.IntN(256), at.Format("02/Jan/2006:15:04:05 -0700"), r.IntN(1000), r.IntN(100000), r.IntN(1000))
	})
	d, err := NewAccessLog(Options{Time: "time", Item: "item", Segment: "segment", Weight: "weight"})
	if err != nil {
		b.Fatal(err)
	}
	benchDecode(b, d, data)
}
