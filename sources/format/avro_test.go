package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"

	"crest/block"
	"crest/seedtest"
)

const avroTestSchema = `{"type":"record","name":"Event","namespace":"test","fields":[
	{"name":"id","type":{"type":"fixed","name":"ID","size":4}},
	{"name":"time","type":["null",{"type":"long","logicalType":"timestamp-millis"}]},
	{"name":"micros","type":{"type":"long","logicalType":"local-timestamp-micros"}},
	{"name":"day","type":{"type":"int","logicalType":"date"}},
	{"name":"text","type":"string"},
	{"name":"double","type":"double"},
	{"name":"item","type":["string","null","long"]},
	{"name":"more","type":{"type":"map","values":{"type":"array","items":"double"}}},
	{"name":"segment","type":"bytes"},
	{"name":"weight","type":["null","int"]},
	{"name":"geo","type":["null",{"type":"record","name":"Geo","fields":[
		{"name":"city","type":"string"},
		{"name":"country","type":{"type":"enum","name":"Country","symbols":["DE","FR"]}},
		{"name":"in","type":["null","Geo"]}]}]},
	{"name":"tags","type":["null",{"type":"array","items":["null","string"]}]},
	{"name":"places","type":{"type":"array","items":"Geo"}}]}`

type avroGeo struct {
	City    string   `avro:"city"`
	Country string   `avro:"country"`
	In      *avroGeo `avro:"in"`
}

type avroEvent struct {
	ID      [4]byte              `avro:"id"`
	Time    *time.Time           `avro:"time"`
	Micros  time.Time            `avro:"micros"`
	Day     time.Time            `avro:"day"`
	Text    string               `avro:"text"`
	Double  float64              `avro:"double"`
	Item    any                  `avro:"item"`
	More    map[string][]float64 `avro:"more"`
	Segment []byte               `avro:"segment"`
	Weight  *int32               `avro:"weight"`
	Geo     *avroGeo             `avro:"geo"`
	Tags    *[]*string           `avro:"tags"`
	Places  []avroGeo            `avro:"places"`
}

func newAvroEvent(ms int64, item any) avroEvent {
	at := time.UnixMilli(ms).UTC()
	return avroEvent{Time: &at, Micros: at, Day: at, Text: at.Format(time.RFC3339Nano), Double: float64(ms) / 1000, Item: item, More: map[string][]float64{"a": {1, 2}, "b": nil}}
}

func avroBytesOf(t testing.TB, events []avroEvent, codec ocf.Codec, blockCount int) []byte {
	t.Helper()
	var buf bytes.Buffer
	opts := []ocf.WriterOpt{ocf.WithBlockCount(blockCount)}
	if codec != nil {
		opts = append(opts, ocf.WithCodec(codec))
	}
	w, err := ocf.NewWriter(&buf, avro.MustParse(avroTestSchema), opts...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if err := w.Encode(events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestAvroValues(t *testing.T) {
	events := make([]avroEvent, 9)
	for i := range events {
		events[i] = newAvroEvent(int64(i+1)*1000, fmt.Sprintf("item%d", i))
	}
	events[0].Segment = []byte("s")
	events[0].Geo = &avroGeo{City: "B", Country: "DE", In: &avroGeo{City: "C", Country: "FR"}}
	events[0].Places = []avroGeo{{City: "x", Country: "DE"}, {City: "y", Country: "FR", In: events[0].Geo}}
	events[0].Tags = &[]*string{ptr("t1"), nil, ptr("t2")}
	events[1].Time = nil
	events[1].Tags = &[]*string{}
	events[2].Item = nil
	events[3].Time = ptr(time.UnixMilli(-1))
	events[4].Item, events[4].Weight, events[4].Segment = int64(42), ptr(int32(7)), []byte("bad\xff")
	events[5].Weight = ptr(int32(-1))
	events[6].Item = strings.Repeat("x", block.MaxItem+1)
	events[7].Segment = make([]byte, block.MaxSegment+1)
	events[8].Tags = &[]*string{ptr(strings.Repeat("x", block.MaxItem+1)), ptr("y")}
	data := avroBytesOf(t, events, nil, 100)
	blocks := allUnits(t, OpenAvro, data, eventFields)
	checkUnits(t, "rows", unitRows(blocks), "1000 item0 in s ×1", "5000 42 in bad\uFFFD ×7", "9000 item8 in  ×1")
	// The first reject is the block's second record.
	at := blocks[0].Rejects[0].Offset - 1
	if data[at-1] != data[len(data)-1] {
		t.Errorf("rejects at %d, which no block starts at", at)
	}
	for i := range blocks[0].Rejects[1:] {
		if blocks[0].Rejects[i+1].Offset <= blocks[0].Rejects[i].Offset {
			t.Errorf("two rejects at one place: %+v", blocks[0].Rejects)
		}
	}
	var reasons []string
	for _, r := range blocks[0].Rejects {
		reasons = append(reasons, string(r.Reason))
	}
	checkUnits(t, "rejects", reasons, "missing time", "missing item", "time out of range", "bad weight", "item too long", "bad segment")

	for _, name := range []string{"micros", "day", "text", "double"} {
		want := "5000 42"
		if name == "day" {
			want = "0 42"
		}
		if rows := unitRows(allUnits(t, OpenAvro, data, Options{Time: name, Item: "item"})); len(rows) != 7 || rows[3] != want {
			t.Errorf("%s: %q", name, rows)
		}
	}
	for item, want := range map[string]string{"geo.country": "1000 DE", "geo.in.city": "1000 C", "tags": "1000 t1\n1000 t2", "places.city": "1000 x\n1000 y", "places.in.country": "1000 DE"} {
		checkUnits(t, item, unitRows(allUnits(t, OpenAvro, data, Options{Time: "time", Item: item})), want)
	}
}

func TestAvroMissingField(t *testing.T) {
	data := avroBytesOf(t, nil, nil, 1)
	for _, o := range []Options{
		{Time: "when", Item: "item"}, {Time: "time", Item: "more"}, {Time: "time", Item: "geo"}, {Time: "time", Item: "item", Segment: "tags"},
	} {
		_, err := OpenAvro("f", bytes.NewReader(data), int64(len(data)), 0, o)
		if err == nil {
			t.Errorf("%+v was found", o)
		} else if o.Segment == "" && !strings.Contains(err.Error(), "item, segment, weight, geo.city, geo.country, geo.in.city") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func randomAvro(t testing.TB, r *rand.Rand, n int) ([]byte, map[string]int) {
	events := make([]avroEvent, n)
	want := make(map[string]int)
	for i := range events {
		item := fmt.Sprintf("item%d", i)
		events[i] = newAvroEvent(r.Int64N(1e12), item)
		events[i].Segment = make([]byte, r.IntN(50))
		want[item] = 1
	}
	codecs := []ocf.Codec{nil, ocf.DeflateCodec(1), ocf.SnappyCodec(), ocf.MustZstdCodec(nil, nil)}
	return avroBytesOf(t, events, codecs[r.IntN(len(codecs))], 1+r.IntN(50)), want
}

func TestAvroEachRecordOnce(t *testing.T) {
	r := seedtest.Rand(t)
	for range 15 {
		n := r.IntN(500)
		data, want := randomAvro(t, r, n)
		if n > 0 {
			allUnits(t, OpenAvro, data, eventFields)
		}
		for range 5 {
			var blocks []block.Block
			for from := int64(0); from < int64(len(data)); {
				to := from + 1 + r.Int64N(int64(len(data))-from)
				if r.IntN(2) == 0 {
					to = min(from+1+r.Int64N(40), int64(len(data)))
				}
				blocks = append(blocks, units(t, OpenAvro, data, from, to, eventFields)...)
				from = to
			}
			if got := countItems(blocks); !maps.Equal(got, want) {
				t.Fatalf("%d items of %d", len(got), len(want))
			}
		}
	}
}

func TestAvroCorrupt(t *testing.T) {
	r := seedtest.Rand(t)
	for range 60 {
		n := 100 + r.IntN(400)
		data, want := randomAvro(t, r, n)
		spoiled := bytes.Clone(data)
		header := bytes.Index(data, data[len(data)-syncSize:]) + syncSize
		at := header + r.IntN(len(data)-header)
		if r.IntN(4) == 0 {
			spoiled = spoiled[:at]
		} else {
			spoiled[at] ^= byte(1 + r.IntN(255))
		}
		blocks := allUnits(t, OpenAvro, spoiled, eventFields)
		got := countItems(blocks)
		if len(got) < n-150 && len(spoiled) == len(data) {
			t.Errorf("one wrong byte lost %d of %d records", n-len(got), n)
		}
		wrong := 0
		for item, c := range got {
			if want[item] != c {
				wrong++
			}
		}
		// Avro's blocks have no checksum of their own: a wrong length shifts what
		// follows it, to the end of its block and no further.
		if wrong > 150 {
			t.Errorf("one wrong byte made %d wrong items", wrong)
		}
	}
}

func FuzzAvro(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 10 {
		data, _ := randomAvro(f, r, r.IntN(20))
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []Options{eventFields, {Time: "time", Item: "tags"}} {
			c, err := OpenAvro("f", bytes.NewReader(data), int64(len(data)), 0, o)
			if err != nil {
				continue
			}
			for {
				u, err := c.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := u.Decode(func(b block.Block) bool { checkTexts(t, &b); return true }); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
