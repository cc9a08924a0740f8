package replay

import (
	"encoding/json"
	"testing"
)

func TestField(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"a", `{"a":"x"}`, "x"},
		{"a", ` { "b" : [1,{"a":2},"}"] , "a" : 12.5 } `, "12.5"},
		{"a", `{"a":true,"b":null}`, "true"},
		{"a", `{"a":"1","a":"2"}`, "2"},
		{"a", `{"a":"1","a":null}`, ""},
		{"a", `{"b":"\"a\":1"}`, ""},
		{"a", `{"a":"é\u00e9\n\"\\"}`, "éé\n\"\\"},
		{"é", `{"\u00e9":"x"}`, "x"},
		{"a.b", `{"a":{"b":"x"}}`, "x"},
		{"a.b", `{"a":{"b":"x"},"a.b":"y"}`, "y"},
		{"a.b", `{"a":{"b":"x"},"a.b":null}`, "x"},
		{"a.b", `{"a":"{\"b\":1}"}`, ""},
		{"a.b.c", `{"a":{"b":{"c":7}}}`, "7"},
		{"a", `{"a":{"b":1}}`, ""},
		{"a", `{"a":[1]}`, ""},
		{"a", `{}`, ""},
		{"a", `[]`, ""},
		{"a", `"a"`, ""},
		{"a", ``, ""},
		{"a", `{"a"`, ""},
		{"a", `{"a":`, ""},
		{"a", `{"a":}`, ""},
		{"a", `{"a":"x`, ""},
		{"a", `{"a":"x\`, ""},
		{"a", `{"a":"x" "b":1}`, ""},
		{"a", `{"a":"\x"}`, ""},
		{"", `{"":"x"}`, ""},
	} {
		if got := string(newField(c.name).text([]byte(c.line))); got != c.want {
			t.Errorf("%s of %s is %q, want %q", c.name, c.line, got, c.want)
		}
	}
}

// Of a line that is JSON the field is what encoding/json finds; of any other
// line there is no more than no panic.
func FuzzField(f *testing.F) {
	for _, line := range []string{`{"a":"x","b":[1,{"a":2}]}`, `{"a":1.5e3 , "\u0061":true}`, `{"a":{"a":[]},"c":"\\"}`, `{"a":"\ud800"}`} {
		f.Add([]byte(line))
	}
	a := newField("a")
	f.Fuzz(func(t *testing.T, line []byte) {
		s, ok := a.find(line)
		a.text(line)
		newField("a.b").find(line)
		var object map[string]json.RawMessage
		if json.Unmarshal(line, &object) != nil || object == nil {
			return
		}
		want, there := object["a"]
		there = there && string(want) != "null"
		if ok != there {
			t.Fatalf("found is %v in %s", ok, line)
		}
		if ok && s.quoted {
			s.from, s.to = s.from-1, s.to+1
		}
		if ok && string(line[s.from:s.to]) != string(want) {
			t.Fatalf("%s in %s, want %s", line[s.from:s.to], line, want)
		}
	})
}
