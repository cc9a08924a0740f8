package format

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"crest/block"
)

func TestNDJSON(t *testing.T) {
	dotted := Options{Time: "t.at", Item: "doc.item", Segment: "geo.country", Weight: "n"}
	words := plainNames
	words.Extract = Extract{kind: eachWord}
	for _, c := range []struct {
		name string
		o    Options
		data string
		want []row
	}{
		{"plain", plainNames, `{"time":1,"item":"a","segment":"us","weight":3}`, []row{{1000, "a", "us", 3}}},
		{"any order and space", plainNames, "\t{ \"x\" : [ ] , \"item\" : \"a\" ,\"time\" : 1 } \r\n", []row{{1000, "a", "", 1}}},
		{"blank lines", plainNames, "\n \r\n{\"time\":1,\"item\":\"a\"}\n\t\n{\"time\":2,\"item\":\"b\"}", []row{{1000, "a", "", 1}, {2000, "b", "", 1}}},
		{"byte order mark", plainNames, "\xef\xbb\xbf{\"time\":1,\"item\":\"a\"}", []row{{1000, "a", "", 1}}},
		{"escapes", plainNames, `{"\u0074ime":1,"item":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud83dx\ude00\ud83d\u0041"}`, []row{{1000, "\"\\/\b\f\n\r\té😀\ufffdx\ufffd\ufffdA", "", 1}}},
		{"not UTF-8", plainNames, "{\"time\":1,\"item\":\"a\xff\xfe\",\"segment\":\"\xe2\x82é\"}", []row{{1000, "a\ufffd\ufffd", "\ufffd\ufffdé", 1}}},
		{"the last of equal names", plainNames, `{"time":1,"item":{"x":1},"time":"2","item":"a","item":"b"}`, []row{{2000, "b", "", 1}}},
		{"item kinds", plainNames, `{"time":1,"item":"","n":1}` + "\n" + `{"time":1,"item":1.50e2}` + "\n" + `{"time":1,"item":false}` + "\n" + `{"time":1,"item":[]}` + "\n" + `{"time":1,"item":[null]}`, []row{{1000, "", "", 1}, {1000, "1.50e2", "", 1}, {1000, "false", "", 1}}},
		{"array", plainNames, `{"time":1,"item":["a", 1 ,true,null,"\u0062",""],"segment":1,"weight":2}`, []row{{1000, "a", "1", 2}, {1000, "1", "1", 2}, {1000, "true", "1", 2}, {1000, "b", "1", 2}, {1000, "", "1", 2}}},
		{"array of words", words, `{"time":1,"item":["A b","C"]}`, []row{{1000, "a", "", 1}, {1000, "b", "", 1}, {1000, "c", "", 1}}},
		{"segments and weights from the third row on", plainNames, `{"time":1,"item":"a"}` + "\n" + `{"time":1,"item":"b","segment":null,"weight":1}` + "\n" + `{"time":1,"item":"c","segment":true,"weight":"0"}` + "\n" + `{"time":1,"item":"d","segment":""}`, []row{{1000, "a", "", 1}, {1000, "b", "", 1}, {1000, "c", "true", 0}, {1000, "d", "", 1}}},
		{"weights", plainNames, `{"time":1,"item":"a","weight":1e3}` + "\n" + `{"time":1,"item":"a","weight":"2.0"}` + "\n" + `{"time":1,"item":"a","weight":9007199254740992}`, []row{{1000, "a", "", 1000}, {1000, "a", "", 2}, {1000, "a", "", 1 << 53}}},
		{"paths", dotted, `{"t":{"x":0,"at":1},"doc":{"item":"a"},"geo":{"country":"us"},"n":2}`, []row{{1000, "a", "us", 2}}},
		{"names with dots", dotted, `{"t.at":1,"doc":{"item":"x"},"doc.item":"a","geo":{"country":"us"},"geo.country":null}`, []row{{1000, "a", "us", 1}}},
		{"a second object makes the first void", dotted, `{"t":{"at":1},"doc":{"item":"a"},"geo":{"country":"us"},"geo":{"x":1}}`, []row{{1000, "a", "", 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newNDJSON(t, c.o)
			for range 2 { // anew, and with what the first time taught
				b := decode(d, []byte(c.data), 0)
				if rows, rejects := rowsOf(t, b); !reflect.DeepEqual(rows, c.want) || rejects != nil {
					t.Errorf("%v, want %v; rejects %+v", rows, c.want, b.Rejects)
				}
				checkTexts(t, b)
			}
		})
	}
}

func TestNDJSONColumnsStayNil(t *testing.T) {
	b := decode(newNDJSON(t, plainNames), []byte(strings.Repeat(`{"time":1,"item":"a","segment":"","weight":1}`+"\n", 10)), 0)
	if b.Rows() != 10 || b.Segments != nil || b.Weights != nil {
		t.Errorf("%d rows, segments %v, weights %v", b.Rows(), b.Segments, b.Weights)
	}
}

func TestNDJSONRejects(t *testing.T) {
	long := strings.Repeat("x", block.MaxItem+1)
	for _, c := range []struct {
		line   string
		reason block.Reason
		detail string
	}{
		{`{"time":1,"item":"a"`, block.Malformed, `not JSON: at column 21 the line ends instead of "," or "}"`},
		{`{"time":1,"item":"a`, block.Malformed, `not JSON: at column 20 the line ends instead of a closing quote or a character that needs no escape`},
		{"{\"time\":1,\"item\":\"a\tb\"}", block.Malformed, `not JSON: at column 20 there is '\t' instead of a closing quote or a character that needs no escape`},
		{`{"time":1,}`, block.Malformed, `not JSON: at column 11 there is '}' instead of a field name in quotes`},
		{`{time:1}`, block.Malformed, `not JSON: at column 2 there is 't' instead of a field name or "}"`},
		{`{"time" 1}`, block.Malformed, `not JSON: at column 9 there is '1' instead of ":"`},
		{`{"time":}`, block.Malformed, `not JSON: at column 9 there is '}' instead of a value`},
		{`{"time":01}`, block.Malformed, `not JSON: at column 10 there is '1' instead of "," or "}"`},
		{`{"time":1.}`, block.Malformed, `not JSON: at column 11 there is '}' instead of a digit`},
		{`{"time":nul}`, block.Malformed, `not JSON: at column 12 there is '}' instead of true, false or null`},
		{`{"x":"\v"}`, block.Malformed, `not JSON: at column 8 there is 'v' instead of an escape that JSON has`},
		{`{"x":"\u00g0"}`, block.Malformed, `not JSON: at column 11 there is 'g' instead of a hexadecimal digit`},
		{`{"x":[1 2]}`, block.Malformed, `not JSON: at column 9 there is '2' instead of "," or "]"`},
		{"{\"x\":\xff}", block.Malformed, `not JSON: at column 6 there is byte 0xff instead of a value`},
		{`{"time":1} x`, block.Malformed, `not JSON: at column 12 there is 'x' instead of the end of the line`},
		{`["a"]`, block.Malformed, `not JSON: at column 1 there is '[' instead of an object`},
		{`{"x":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`, block.Malformed, `not JSON: at column 10005 there is '[' instead of no nesting deeper than 10000`},
		{`{}`, block.MissingTime, `no time; fields: none`},
		{`{"ts":1,"time":null,"\u0069d":2,"geo":{"country":"us","city":null},"e":{},"a":[{"b":1}],"ts":2}`, block.MissingTime, `no time; fields: ts, time (null), id, geo.country, geo.city (null), e, a`},
		{`{"time":1,"Item":"a"}`, block.MissingItem, `no item; fields: time, Item`},
		{`{"time":"soon","item":"a"}`, block.BadTime, `time is "soon"`},
		{`{"time":true}`, block.BadTime, `time is "true"`},
		{`{"time":["2026-01-01"]}`, block.BadTime, `time is "[\"2026-01-01\"]"`},
		{`{"time":-1,"item":"a"}`, block.TimeRange, `time is "-1"`},
		{`{"time":1,"item":{"a":1}}`, block.BadItem, `item is "{\"a\":1}"`},
		{`{"time":1,"item":["a",["b"]]}`, block.BadItem, `item is "[\"a\",[\"b\"]]"`},
		{`{"time":1,"item":"` + long + `"}`, block.ItemTooLong, `item is "` + long[:64] + `"… (1025 bytes)`},
		{`{"time":1,"item":["a","` + long + `"]}`, block.ItemTooLong, `item is "[\"a\",\"` + long[:58] + `"… (1033 bytes)`},
		{`{"time":1,"item":"a","segment":[]}`, block.BadSegment, `segment is "[]"`},
		{`{"time":1,"item":"a","segment":"` + long + `"}`, block.BadSegment, `segment is "` + long[:64] + `"… (1025 bytes)`},
		{`{"time":1,"item":"a","weight":1.5}`, block.BadWeight, `weight is "1.5"`},
		{`{"time":1,"item":"a","weight":true}`, block.BadWeight, `weight is "true"`},
		{`{"time":1,"item":"a","weight":9007199254740993}`, block.BadWeight, `weight is "9007199254740993"`},
	} {
		d := newNDJSON(t, plainNames)
		good := `{"time":1,"item":"good"}`
		b := decode(d, []byte(good+"\n"+c.line+"\r\n"+good), 100)
		rows, _ := rowsOf(t, b)
		if len(rows) != 2 || b.Records != 3 || len(b.Rejects) != 1 {
			t.Errorf("%.60s: %d records, rows %v, rejects %+v", c.line, b.Records, rows, b.Rejects)
			continue
		}
		r := b.Rejects[0]
		if r.Reason != c.reason || r.Detail != c.detail || r.Offset != 125 || string(r.Raw) != c.line[:min(len(c.line), block.MaxRejectRaw)] {
			t.Errorf("%.60s: %s: %s at %d, raw %.60q\nwant %s: %s", c.line, r.Reason, r.Detail, r.Offset, r.Raw, c.reason, c.detail)
		}
	}
}

func TestNDJSONManyFieldNames(t *testing.T) {
	var fields []string
	for i := range 40 {
		fields = append(fields, fmt.Sprintf(`"f%d":1`, i))
	}
	b := decode(newNDJSON(t, plainNames), []byte("{"+strings.Join(fields, ",")+"}"), 0)
	if want := "no time; fields: f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, …"; b.Rejects[0].Detail != want {
		t.Errorf("%s\nwant %s", b.Rejects[0].Detail, want)
	}
	b = decode(newNDJSON(t, plainNames), []byte(`{"`+strings.Repeat("é", 1e5)+`":1}`), 0)
	if n := len(b.Rejects[0].Detail); n > maxDetail+64 || !validText(b.Rejects[0].Detail) {
		t.Errorf("a detail of %d bytes", n)
	}
}

func TestNDJSONRejectsAreBounded(t *testing.T) {
	const n = 3 * block.MaxRejects
	b := decode(newNDJSON(t, plainNames), []byte(strings.Repeat("{}\n", n)+"x\n"), 0)
	if b.Records != n+1 || b.Rejected() != n+1 || len(b.Rejects) != block.MaxRejects+1 {
		t.Errorf("%d records, %d rejected, %d kept", b.Records, b.Rejected(), len(b.Rejects))
	}
	if last := b.Rejects[len(b.Rejects)-1]; last.Reason != block.Malformed || last.Detail == "" {
		t.Errorf("the first reject of its reason came late and says %+v", last)
	}
}

// TestNDJSONManyLayouts fills what is learned, and more.
func TestNDJSONManyLayouts(t *testing.T) {
	d := newNDJSON(t, plainNames)
	for i := range 20 {
		var data strings.Builder
		for j := range 300 {
			fmt.Fprintf(&data, `{"f%d":%d,"time":1,"item":"a"}`+"\n", i*300+j, j)
		}
		b := decode(d, []byte(data.String()+data.String()), 0)
		if b.Rows() != 600 {
			t.Fatalf("%d rows, rejects %+v", b.Rows(), b.Rejects)
		}
	}
}

func TestNDJSONOptions(t *testing.T) {
	for _, o := range []Options{{Item: "item"}, {Time: "time"}} {
		if _, err := NewNDJSON(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestNDJSONSideBySide(t *testing.T) {
	d := newNDJSON(t, plainNames)
	data := benchLines(0, event)[:64<<10]
	rows, _ := rowsOf(t, decode(d, data, 0))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if got, _ := rowsOf(t, decode(d, data, 0)); !reflect.DeepEqual(got, rows) {
					t.Error("other rows in another goroutine")
				}
			}
		})
	}
	wg.Wait()
}
