package archive

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"crest/block"
	"crest/seedtest"
)

// again writes a record as a line, and reads it.
func again(t testing.TB, r *Record) Record {
	t.Helper()
	line, err := AppendLine([]byte("x"), r)
	if err != nil {
		t.Fatal(err)
	}
	line, ok := bytes.CutSuffix(line[1:], []byte{'\n'})
	if !ok || bytes.ContainsAny(line, "\n\r") {
		t.Fatalf("not one line: %q", line)
	}
	var got Record
	if err := new(lineParser).parse(line, &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return got
}

// same compares records; an empty payload is a nil one, too.
func same(a, b Record) bool {
	return a.Compare(&b) == 0 && a.Time == b.Time && a.Text == b.Text && bytes.Equal(a.Payload, b.Payload)
}

func TestLine(t *testing.T) {
	at := time.Date(2026, 1, 31, 23, 59, 0, 123e6, time.UTC).UnixMilli()
	for want, r := range map[string]Record{
		`{"source":"kafka:events/3","offset":123,"time":"2026-01-31T23:59:00.123Z","event":{"a":1}}`: {Source: "kafka:events/3", Offset: 123, Time: at, Text: true, Payload: []byte(`{"a":1}`)},
		`{"source":"pubsub:s","id":"9\"é","time":"1970-01-01T00:00:00.000Z","raw":"/w=="}`:           {Source: "pubsub:s", Offset: -1, ID: []byte(`9"é`), Time: 0, Payload: []byte{0xff}},
		`{"source":"a","offset":0,"raw":""}`:                                                         {Source: "a", Time: block.NoTime},
		`{"source":"a","offset":0,"time_ms":-1,"event":null}`:                                        {Source: "a", Time: -1, Text: true, Payload: []byte("null")},
		`{"source":"a","offset":0,"time":"2199-12-31T23:59:59.999Z","raw":""}`:                       {Source: "a", Time: block.MaxTime},
		`{"source":"a","offset":0,"time_ms":7258118400000,"raw":""}`:                                 {Source: "a", Time: block.MaxTime + 1},
	} {
		line, err := AppendLine(nil, &r)
		if string(line) != want+"\n" || err != nil {
			t.Errorf("got %s, %v, want %s", line, err, want)
		}
		if got := again(t, &r); !same(got, r) {
			t.Errorf("got %+v, want %+v", got, r)
		}
		if !json.Valid(line) {
			t.Errorf("%s is not JSON", line)
		}
	}
}

// TestPayloads archives every byte, alone and among others.
func TestPayloads(t *testing.T) {
	r := seedtest.Rand(t)
	for i := range 3000 {
		p := []byte{byte(i)}
		if i > 255 {
			p = make([]byte, r.IntN(100))
			for i := range p {
				p[i] = byte(r.Uint32())
			}
		}
		rec := Record{Source: "s", Offset: int64(i), Time: r.Int64N(block.MaxTime), Payload: p, Text: IsText(p) && !bytes.ContainsAny(p, "\r\n")}
		if got := again(t, &rec); !same(got, rec) {
			t.Fatalf("got %+v, want %+v", got, rec)
		}
	}
	rec := Record{Source: "s", Time: 1, Text: true, Payload: []byte("{\r\n\t\"a\": 1,\n\"b\":\"\\n\"\n}")}
	if got := again(t, &rec); string(got.Payload) != "{  \t\"a\": 1, \"b\":\"\\n\" }" {
		t.Errorf("a text of several lines: %q", got.Payload)
	}
}

func TestLineRefuses(t *testing.T) {
	for _, r := range []Record{{Source: "s", Offset: -1}, {Source: "s", Offset: -1, ID: []byte{0xff}}} {
		if line, err := AppendLine(nil, &r); err == nil {
			t.Errorf("archived: %s", line)
		}
	}
	const ok = `{"source":"s","offset":1,"time":"2026-01-31T23:59:00.123Z","event":{}}`
	var r Record
	if err := new(lineParser).parse([]byte(ok), &r); err != nil {
		t.Fatal(err)
	}
	for cut := range ok {
		if err := new(lineParser).parse([]byte(ok[:cut]), &r); err == nil && ok[:cut+1] != ok[:len(ok)-1]+"}" {
			t.Errorf("%s was parsed", ok[:cut])
		}
	}
	for _, change := range []struct{ old, new string }{
		{`{"source"`, `{ "source"`}, {`"s"`, `"s`}, {`"s"`, `5`}, {`"s"`, `"\u0073"`}, {`"s"`, "\"\xff\""}, {`"s"`, "\"\t\""}, {`"s"`, `"\x"`},
		{`:1,`, `:-1,`}, {`:1,`, `:1.5,`}, {`:1,`, `:,`}, {`:1,`, `:99999999999999999999,`}, {`"offset":1`, `"id":""`}, {`"offset":1`, `"key":1`},
		{`2026`, `1969`}, {`2026`, `2200`}, {`2026`, `20x6`}, {`-31`, `-32`}, {`01-31`, `02-30`}, {`T23`, `T24`}, {`:59`, `:60`}, {`:00`, `:60`}, {`Z`, `z`}, {`.123`, `,123`},
		{`"time":"2026-01-31T23:59:00.123Z"`, `"time_ms":5`}, {`"time":"2026-01-31T23:59:00.123Z"`, `"time_ms":-9223372036854775808`},
		{`"event":{}`, `"event":`}, {`"event":{}`, `"raw":"A"`}, {`"event":{}`, `"raw":"AA"`}, {`"event":{}`, `"raw":"QR=="`}, {`"event":{}`, `"raw":"QQ=="x`}, {`"event":{}`, "\"raw\":\"QQ\r==\""}, {`"event":{}`, `"raw":{}`},
		{`}}`, `}]`},
	} {
		line := strings.Replace(ok, change.old, change.new, 1)
		if err := new(lineParser).parse([]byte(line), &r); err == nil {
			t.Errorf("%s was parsed as %+v", line, r)
		} else if !strings.Contains(err.Error(), "at byte ") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// FuzzLine reads hostile lines: what is read has one spelling only.
func FuzzLine(f *testing.F) {
	for _, line := range []string{
		`{"source":"kafka:events/3","offset":123,"time":"2026-01-31T23:59:00.123Z","event":{"a":1}}`,
		`{"source":"pubsub:s\n","id":"9","time_ms":-1,"raw":"/w=="}`,
		`{"source":"a","offset":0,"event":null}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\r\n") {
			return
		}
		var r Record
		if new(lineParser).parse(line, &r) != nil {
			return
		}
		got, err := AppendLine(nil, &r)
		if err != nil || string(got) != string(line)+"\n" {
			t.Fatalf("%q was written as %q: %v", line, got, err)
		}
	})
}

// FuzzRecord archives hostile records.
func FuzzRecord(f *testing.F) {
	f.Add("s", int64(1), "", int64(5), []byte(`{"a":1}`))
	f.Add("s\xff\u2028", int64(-1), "id", int64(-5), []byte{0xff})
	f.Fuzz(func(t *testing.T, source string, offset int64, id string, at int64, payload []byte) {
		r := Record{Source: strings.ToValidUTF8(source, "?"), Offset: max(offset, -1), Time: at, Payload: payload}
		if r.Offset < 0 {
			if r.ID = []byte(strings.ToValidUTF8(id, "?")); len(r.ID) == 0 {
				return
			}
		}
		if r.Text = IsText(payload); r.Text {
			r.Payload = appendOneLine(nil, payload)
			var a, b any
			if json.Unmarshal(payload, &a) != nil || json.Unmarshal(r.Payload, &b) != nil || !reflect.DeepEqual(a, b) {
				t.Fatalf("%q became %q", payload, r.Payload)
			}
		}
		if got := again(t, &r); !same(got, r) {
			t.Fatalf("got %+v, want %+v", got, r)
		}
	})
}
