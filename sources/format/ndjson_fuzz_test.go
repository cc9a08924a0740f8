package format

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"crest/seedtest"
)

// jsonOptions are fields that get in each other's way.
var jsonOptions = []Options{
	{Time: "time", Item: "item", Segment: "segment", Weight: "weight"},
	{Time: "time", Item: "item"},
	{Time: "t.a", Item: "t.b", Segment: "t.c.d", Weight: "t"},
	{Time: "time", Item: "time", Segment: "item", Weight: "time"},
	{Time: "a", Item: "a.b", Segment: "a.b.c", Weight: "a..b"},
	{Time: "time", Item: "item", Segment: "", Weight: "geo.n", Extract: Extract{kind: eachWord}},
}

var jsonSeeds = []string{
	`{"time":"2026-01-01T00:12:34.567Z","item":"w1a2b","segment":"us","user":"u18273","n":3}`,
	`{"time":"2026-01-01T00:12:34Z","item":"w","segment":"de","weight":17}`,
	`{"item":["a",1,true,null,"b\u00e9"],"time":1767225600,"weight":"1e3"}`,
	`{ "time" : 1767225600123 , "item" : "\u0041\ud83d\ude00\ud83d x\udc00\ud83d\u0041" }`,
	`{"\u0074ime":"2026-01-01","item":"` + "\xff\xe2\x82" + `é","segment":"日本"}`,
	`{"time":"2026-01-01","time":1,"item":{},"item":"x","segment":null}`,
	`{"t":{"a":"2026-01-01","b":"x","c":{"d":"s"}},"t.a":5}`,
	`{"t":{"a":1,"b":"x","c":{"d":"s"}},"t":{"a":2,"b":"y"}}`,
	`{"t":{"a":1,"b":"x","c":{"d":"s"}},"t":7}`,
	`{"t":{},"t":{"a":1,"b":"x","c":[]}}`,
	`{"a":1,"a.b":"x","a.b.c":"y","a..b":2}`,
	`{"a":{"b":{"c":"y"}},"a":3}`, `{"a":5}`, `{"a":{"b":"x"}}`,
	`{"geo":{"n":2},"time":1,"item":"It's a Dog's ÉLAN"}`, `{"geo":1,"time":1,"item":"a"}`,
	`{}`, `[]`, `null`, `1`, `"x"`, ` `, ``, "\r", `{"time":01}`, `{"time":1.}`, `{"time":-}`, `{"a":tru}`, `{"a":1,}`, `{,}`, `{"a"}`,
	`{"a":"\x"}`, `{"a":"\u12g4"}`, "{\"a\":\"\t\"}", `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":1}x`, `{"a":1}{}`, `{"a":[[[{"b":[{}]}]]]}`,
	`{"time":1e3,"item":-0,"weight":2.0}`, `{"time":1,"item":"a","weight":9007199254740993}`, `{"time":1,"item":"a","weight":-1}`, `{"time":1,"item":"a","weight":true}`,
	`{"time":1,"item":[[1]]}`, `{"time":1,"item":[]}`, `{"time":1,"item":"` + strings.Repeat("x", 1025) + `"}`,
	`{"time":1,"item":"a","segment":{}}`, `{"time":1,"item":"a","segment":"` + strings.Repeat("x", 1025) + `"}`,
}

// checkLines decodes lines as one block, which makes later ones meet the layouts
// that earlier ones taught, and compares with encoding/json line by line.
func checkLines(t *testing.T, o Options, d Decoder, data []byte) {
	t.Helper()
	b := decode(d, data, 0)
	rows, rejects := rowsOf(t, b)
	var want []row
	var wantRejects []string
	records, offset := int64(0), 0
	for line := range bytes.Lines(data) {
		body := bytes.TrimSuffix(line, []byte("\n"))
		if offset == 0 {
			body = bytes.TrimPrefix(body, byteOrderMark)
		}
		r, reason, blank := oracle(o, body)
		want = append(want, r...)
		if !blank {
			records++
		}
		if reason != "" {
			at := offset
			if offset == 0 && bytes.HasPrefix(line, byteOrderMark) {
				at = len(byteOrderMark)
			}
			wantRejects = append(wantRejects, fmt.Sprintf("%d: %s", at, reason))
		}
		offset += len(line)
	}
	if !reflect.DeepEqual(rows, want) || !reflect.DeepEqual(rejects, wantRejects) || b.Records != records {
		t.Fatalf("options %+v\n%q\nrows    %v %d\nwant    %v %d\nrejects %v\nwant    %v\n%+v", o, data, rows, b.Records, want, records, rejects, wantRejects, b.Rejects)
	}
	for _, r := range rows {
		if !utf8.ValidString(r.Item) || !utf8.ValidString(r.Segment) {
			t.Fatalf("%q: row %+q is not UTF-8", data, fmt.Sprint(r))
		}
	}
	if !bytes.HasPrefix(b.Data, data) {
		t.Fatalf("%q: the raw bytes changed", data)
	}
}

func newNDJSON(t testing.TB, o Options) Decoder {
	t.Helper()
	d, err := NewNDJSON(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func FuzzNDJSON(f *testing.F) {
	for i, s := range jsonSeeds {
		f.Add([]byte(s), uint8(i))
		f.Add([]byte(s+"\n"+jsonSeeds[(i+1)%len(jsonSeeds)]+"\r\n"+s), uint8(i))
	}
	f.Add([]byte("\xef\xbb\xbf"+jsonSeeds[0]), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		if len(data) > 8<<10 {
			return
		}
		o := jsonOptions[int(which)%len(jsonOptions)]
		// A decoder of its own, so that a failure does not depend on what came
		// before. Four times: read field by field, learned, known, and cut off.
		d := newNDJSON(t, o)
		four := bytes.Join([][]byte{data, data, data, data}, []byte("\n"))
		checkLines(t, o, d, four)
		checkLines(t, o, d, append(four, '\n'))
	})
}

// TestNDJSONMutations is the fuzz test without a fuzzer: valid lines, changed
// here and there, many in a block, so that known layouts break at each place.
func TestNDJSONMutations(t *testing.T) {
	r := seedtest.Rand(t)
	decoders := make([]Decoder, len(jsonOptions))
	for i, o := range jsonOptions {
		decoders[i] = newNDJSON(t, o)
	}
	parts := []string{`"`, `\`, `{`, `}`, `[`, `]`, `,`, `:`, ` `, "\t", "\n", "\r", "0", "1", "-", ".", "e", "null", "true", "\x00", "\x1f", "\x7f", "é", "\xff", `\u0041`, `"time":`, `"a":{"b":1}`, `,"n":3`, `\"`, strings.Repeat("x", 20)}
	for range 2000 {
		var buf bytes.Buffer
		line := jsonSeeds[r.IntN(len(jsonSeeds))]
		for range 1 + r.IntN(12) {
			if r.IntN(4) == 0 {
				line = jsonSeeds[r.IntN(len(jsonSeeds))]
			}
			l := line
			for r.IntN(2) == 0 {
				at := r.IntN(len(l) + 1)
				end := min(len(l), at+r.IntN(3))
				l = l[:at] + parts[r.IntN(len(parts))] + l[end:]
			}
			buf.WriteString(l)
			buf.WriteByte('\n')
		}
		i := r.IntN(len(jsonOptions))
		checkLines(t, jsonOptions[i], decoders[i], buf.Bytes())
	}
}
