package format

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/twmb/avro"

	"crest/block"
)

const eventSchema = `{"type":"record","name":"Event","fields":[
	{"name":"time","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
	{"name":"item","type":["null","string",{"type":"array","items":"string"}]},
	{"name":"country","type":["null","string"]},
	{"name":"n","type":"int"}]}`

const otherSchema = `{"type":"record","name":"Other","fields":[{"name":"item","type":"string"},{"name":"n","type":"long"}]}`

var messageOptions = Options{Time: "time", Item: "item", Segment: "country", Weight: "n"}

func datum(t testing.TB, schema string, v any) []byte {
	t.Helper()
	s, err := avro.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.AppendEncode(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func avroDatum(t testing.TB, at, item, country any, n int) []byte {
	return datum(t, eventSchema, map[string]any{"time": at, "item": item, "country": country, "n": n})
}

func textRowsOf(b *block.Block) (rows []string) {
	for i := range b.Items {
		segment, weight := "", uint64(1)
		if b.Segments != nil {
			segment = string(b.Text(b.Segments[i]))
		}
		if b.Weights != nil {
			weight = b.Weights[i]
		}
		rows = append(rows, fmt.Sprintf("%d %s %s %d", b.Times[i], segment, string(b.Text(b.Items[i])), weight))
	}
	return rows
}

func TestAvroMessages(t *testing.T) {
	d, err := NewAvroDecoder(messageOptions, eventSchema)
	if err != nil {
		t.Fatal(err)
	}
	s, err := avro.Parse(eventSchema)
	if err != nil {
		t.Fatal(err)
	}
	single, err := s.AppendSingleObject(nil, map[string]any{"time": int64(3000), "item": "single", "country": "de", "n": 2})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		raw    []byte
		stamp  int64
		rows   []string
		reason block.Reason
	}{
		{avroDatum(t, int64(1000), "a", nil, 1), 9000, []string{"1000  a 1"}, ""},
		{single, 9000, []string{"3000 de single 2"}, ""},
		{avroDatum(t, nil, "stamped", "fr", 5), 9000, []string{"9000 fr stamped 5"}, ""},
		{avroDatum(t, nil, "never", "fr", 5), block.NoTime, nil, block.MissingTime},
		{avroDatum(t, int64(1000), nil, nil, 1), 9000, nil, block.MissingItem},
		{avroDatum(t, int64(1000), "minus", nil, -1), 9000, nil, block.BadWeight},
		{avroDatum(t, int64(1000), []string{"x", "y"}, "de", 3), 9000, []string{"1000 de x 3", "1000 de y 3"}, ""},
		{append(avroDatum(t, int64(1000), "a", nil, 1), 0), 9000, nil, block.Malformed},
		{avroDatum(t, int64(1000), "a", nil, 1)[:3], 9000, nil, block.Malformed},
		{nil, 9000, nil, block.Empty},
		{avroDatum(t, int64(1000), strings.Repeat("i", 2000), nil, 1), 9000, nil, block.ItemTooLong},
		{avroDatum(t, int64(2000), "last", nil, 1), 9000, []string{"2000  last 1"}, ""},
	}
	var b block.Block
	var want []string
	for i, c := range cases {
		b.Append(c.raw, nil, int64(i), c.stamp)
		want = append(want, c.rows...)
	}
	d.Decode(&b, 0)
	if rows := textRowsOf(&b); !reflect.DeepEqual(rows, want) {
		t.Errorf("rows %q, want %q", rows, want)
	}
	rejects := b.Rejects
	for i, c := range cases {
		m := b.Messages[i]
		if m.Rejected != (c.reason != "") || int(m.Rows) != len(c.rows) {
			t.Errorf("message %d: %+v", i, m)
		}
		if c.reason != "" {
			if r := rejects[0]; r.Reason != c.reason || r.Offset != int64(i) {
				t.Errorf("message %d: reject %+v, want %s", i, r, c.reason)
			}
			rejects = rejects[1:]
		}
	}
	if b.Records != int64(len(cases)) {
		t.Errorf("%d records", b.Records)
	}
}

func TestAvroRegistered(t *testing.T) {
	d, err := NewAvroDecoder(messageOptions, "")
	if err != nil {
		t.Fatal(err)
	}
	framed := func(id uint32, p []byte) []byte { return append(binary.BigEndian.AppendUint32([]byte{0}, id), p...) }
	var b block.Block
	for i, p := range [][]byte{
		framed(1, avroDatum(t, int64(1000), "a", nil, 1)), framed(7, datum(t, otherSchema, map[string]any{"item": "b", "n": 2})),
		framed(1, avroDatum(t, int64(2000), "c", nil, 1)), framed(9, nil), avroDatum(t, int64(1), "a", nil, 1), framed(3, nil),
	} {
		b.Append(p, nil, int64(i), 5000)
	}
	if ids := d.Missing(&b); !reflect.DeepEqual(ids, []uint32{1, 7, 9, 3}) {
		t.Errorf("missing %v", ids)
	}
	d.Add(1, eventSchema)
	d.Add(7, otherSchema)
	d.Add(3, `{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}`)
	d.Refuse(9, errors.New("the registry has no such schema"))
	if ids := d.Missing(&b); len(ids) != 0 {
		t.Errorf("missing %v", ids)
	}
	d.Decode(&b, 0)
	if rows := textRowsOf(&b); !reflect.DeepEqual(rows, []string{"1000  a 1", "5000  b 2", "2000  c 1"}) {
		t.Errorf("rows %q", rows)
	}
	for i, want := range []string{"schema 9: the registry has no such schema", "does not begin with a zero", `no item field "item"`} {
		if r := b.Rejects[i]; r.Reason != block.Malformed || !strings.Contains(r.Detail, want) {
			t.Errorf("no %q in %+v", want, r)
		}
	}
}

func FuzzAvroMessage(f *testing.F) {
	f.Add(avroDatum(f, int64(1000), "a", "de", 1))
	f.Add(avroDatum(f, nil, []string{"a", "b"}, nil, 1))
	d, err := NewAvroDecoder(messageOptions, eventSchema)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var b block.Block
		b.Append(p, nil, 1, 5000)
		b.Append(p, nil, 2, block.NoTime)
		d.Decode(&b, 0)
		text, err := b.AppendBinary(nil)
		if err == nil {
			_, err = block.Decode(text)
		}
		if err != nil || b.Records != 2 {
			t.Fatalf("%d records, %v", b.Records, err)
		}
	})
}
