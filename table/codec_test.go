package table

import (
	"bytes"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func sampleTopK() TopK {
	return TopK{
		Job: "topk", Run: "20260131T235900.000Z-00000000", Path: Fast, Segment: "DE",
		WindowStart: 1769903940000, WindowEnd: 1769904000000, WindowSeconds: 60,
		Revision: 1234, Total: math.MaxInt64,
		Items: []Item{
			{1, "läuft \"gut\"\n\\", 700, 690, 710, true},
			{2, "", 300, 0, math.MaxInt64, false},
			{3, "a\x00b", 1, 1, 1, false},
		},
		WrittenAt: 1769904001234,
	}
}

func roundTrip[T Any](t *testing.T, v T) Row {
	t.Helper()
	r, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[T](r)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, v) {
		t.Errorf("got  %+v\nwant %+v", got, v)
	}
	vals, err := r.Values(nil)
	if err != nil || len(vals) != len(r.Table.Schema().Columns) {
		t.Errorf("%v: %d values, %v", r.Table, len(vals), err)
	}
	return r
}

// filled returns a T with every field set, for what a sample forgets.
func filled[T Any](n int64) T {
	var v T
	var fill func(reflect.Value)
	fill = func(f reflect.Value) {
		n++
		switch f.Kind() {
		case reflect.String:
			f.SetString(strings.Repeat("x", int(n)))
		case reflect.Int64:
			f.SetInt(-n)
		case reflect.Uint64:
			f.SetUint(uint64(n))
		case reflect.Float64:
			f.SetFloat(float64(n) / 3)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Struct:
			for i := range f.NumField() {
				fill(f.Field(i))
			}
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 2, 2))
			if f.Type().Elem().Kind() == reflect.Uint8 {
				f.SetBytes([]byte{1, byte(n)})
				return
			}
			fill(f.Index(0))
			fill(f.Index(1))
		}
	}
	fill(reflect.ValueOf(&v).Elem())
	return v
}

func TestRoundTrip(t *testing.T) {
	roundTrip(t, sampleTopK())
	roundTrip(t, filled[TopK](1))
	roundTrip(t, filled[Run](1))
	roundTrip(t, filled[Count](100))
	roundTrip(t, filled[Sketch](1))
	roundTrip(t, filled[Accuracy](1))
	roundTrip(t, filled[Progress](1))
	roundTrip(t, filled[Late](1))
	roundTrip(t, filled[Reject](1))
	roundTrip(t, filled[Ledger](1))
	roundTrip(t, TopK{})
	roundTrip(t, Run{})
	roundTrip(t, Count{})
	roundTrip(t, Sketch{})
	roundTrip(t, Accuracy{})
	roundTrip(t, Progress{})
	roundTrip(t, Late{})
	roundTrip(t, Reject{})
	roundTrip(t, Ledger{})
}

func TestValues(t *testing.T) {
	r := roundTrip(t, sampleTopK())
	vals, _ := r.Values(nil)
	s := r.Table.Schema()
	if v := vals[s.Index("total")]; v != int64(math.MaxInt64) {
		t.Errorf("total %v", v)
	}
	if v := vals[s.Index("window_start")]; v != Time(1769903940000) || v.(Time).String() != "2026-01-31T23:59:00Z" {
		t.Errorf("window_start %v", v)
	}
	items := vals[s.Index("items")].(Records)
	const want = `[{"rank":1,"item":"läuft \"gut\"\u000a\\","count":700,"lower":690,"upper":710,"certain":true},` +
		`{"rank":2,"item":"","count":300,"lower":0,"upper":9223372036854775807,"certain":false},` +
		`{"rank":3,"item":"a\u0000b","count":1,"lower":1,"upper":1,"certain":false}]`
	if got := string(items.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	n := 0
	items.Each(func(i int, f []any) {
		if n++; f[0] != int64(i+1) || len(f) != 6 {
			t.Errorf("record %d: %v", i, f)
		}
	})
	if n != 3 || items.Len() != 3 {
		t.Errorf("%d records of %d", n, items.Len())
	}

	r = roundTrip(t, Run{Kind: Streaming})
	vals, _ = r.Values(nil)
	if v := vals[r.Table.Schema().Index("committed_at")]; v != nil {
		t.Errorf("a run without committed_at: %v", v)
	}
}

func TestEncodeRefuses(t *testing.T) {
	cases := []struct {
		name, want string
		encode     func() (Row, error)
	}{
		{"count", "row of topk: column total: 9223372036854775808 is over", func() (Row, error) { return Encode(TopK{Total: 1 << 63}) }},
		{"nested", "column items: at 1: column upper:", func() (Row, error) { return Encode(TopK{Items: []Item{{}, {Upper: 1 << 63}}}) }},
		{"nan", "column recall: NaN", func() (Row, error) { return Encode(Accuracy{Recall: math.NaN()}) }},
		{"inf", "column max_error: +Inf", func() (Row, error) { return Encode(Accuracy{MaxError: math.Inf(1)}) }},
		{"time", "column window_end", func() (Row, error) { return Encode(TopK{WindowEnd: MaxTime + 1}) }},
		{"early", "column window_start", func() (Row, error) { return Encode(TopK{WindowStart: MinTime - 1}) }},
	}
	for _, c := range cases {
		_, err := c.encode()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	r, err := Encode(Count{Item: "a\xffb"})
	if c, _ := Decode[Count](r); err != nil || c.Item != "a\uFFFDb" {
		t.Errorf("bad UTF-8 became %q, %v", c.Item, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, err := Encode(Progress{Job: "j", Run: "r", Path: Fast, WindowSeconds: 60, ClosedThrough: 60000, WrittenAt: 1})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, data, want string }{
		{"empty", "", "not a number"},
		{"too many columns", "\x07", "7 columns"},
		{"too few columns", "\x05", "column written_at is missing"},
		{"huge column count", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "columns"},
		{"endless number", strings.Repeat("\xff", 11), "not a number"},
		{"long number", "\x86\x00", "not a number"},
		{"string beyond the end", "\x06\xff\xff\xff\xff\x0f", "end early"},
		{"not UTF-8", "\x06\x01\xff", "column job: not UTF-8"},
		{"trailing", string(good.Data) + "\x00", "bytes after"},
		{"time", "\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", "column closed_through"},
	}
	for _, c := range cases {
		r := Row{ProgressTable, []byte(c.data)}
		if _, err := Decode[Progress](r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Decode: %v, want %s", c.name, err, c.want)
		}
		if _, err := r.Values(nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Values: %v, want %s", c.name, err, c.want)
		}
	}
	for i := range good.Data {
		if _, err := Decode[Progress](Row{ProgressTable, good.Data[:i]}); err == nil {
			t.Errorf("the first %d bytes of %d were accepted", i, len(good.Data))
		}
	}
	if _, err := Decode[Late](good); err == nil || !strings.Contains(err.Error(), "one of progress") {
		t.Errorf("another table's row: %v", err)
	}
	for _, id := range []ID{0, endTable, 255} {
		if _, err := (Row{Table: id}).Values(nil); err == nil {
			t.Errorf("table %d accepted", id)
		}
	}
}

// TestOlderRow reads a row that was written before its last, nullable column
// was added.
func TestOlderRow(t *testing.T) {
	want := Run{Job: "j", Run: "r", Settings: "{}"}
	r, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	r.Data = bytes.Clone(r.Data[:len(r.Data)-1])
	r.Data[0]--
	if got, err := Decode[Run](r); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if vals, err := r.Values(nil); err != nil || len(vals) != len(r.Table.Schema().Columns) || vals[len(vals)-1] != nil {
		t.Errorf("%v, %v", vals, err)
	}
}

// TestHostileAllocation gives a row that claims many records in few bytes.
func TestHostileAllocation(t *testing.T) {
	r, err := Encode(TopK{})
	if err != nil {
		t.Fatal(err)
	}
	items := len(r.Data) - 2 // 0 items, written_at
	r.Data = append(append(bytes.Clone(r.Data[:items]), 0xff, 0xff, 0xff, 0xff, 0x07), make([]byte, 1000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Decode[TopK](r); err == nil {
		t.Error("accepted")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated for %d", n, len(r.Data))
	}
}

func FuzzRow(f *testing.F) {
	add := func(r Row, err error) {
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(r.Table), r.Data)
	}
	add(Encode(sampleTopK()))
	add(Encode(filled[Run](1)))
	add(Encode(filled[Count](1)))
	add(Encode(filled[Sketch](1)))
	add(Encode(filled[Accuracy](1)))
	add(Encode(filled[Late](1)))
	add(Encode(filled[Reject](1)))
	add(Encode(filled[Ledger](1)))
	f.Fuzz(func(t *testing.T, id byte, data []byte) {
		r := Row{ID(id), data}
		vals, err := r.Values(nil)
		if !r.Table.Valid() {
			if err == nil {
				t.Fatal("no such table, no error")
			}
			return
		}
		switch r.Table {
		case TopKTable:
			again[TopK](t, r, err)
			if err == nil {
				vals[r.Table.Schema().Index("items")].(Records).AppendJSON(nil)
			}
		case RunTable:
			again[Run](t, r, err)
		case CountTable:
			again[Count](t, r, err)
		case SketchTable:
			again[Sketch](t, r, err)
		case AccuracyTable:
			again[Accuracy](t, r, err)
		case ProgressTable:
			again[Progress](t, r, err)
		case LateTable:
			again[Late](t, r, err)
		case RejectTable:
			again[Reject](t, r, err)
		case LedgerTable:
			again[Ledger](t, r, err)
		}
	})
}

// again checks that Decode agrees with Values about r, and that what was
// accepted is what Encode makes.
func again[T Any](t *testing.T, r Row, valuesErr error) {
	v, err := Decode[T](r)
	if (err == nil) != (valuesErr == nil) {
		t.Fatalf("Decode: %v, Values: %v", err, valuesErr)
	}
	if err != nil {
		return
	}
	r2, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	if r.Data[0] == r2.Data[0] && !bytes.Equal(r.Data, r2.Data) {
		t.Fatalf("accepted %x, wrote %x", r.Data, r2.Data)
	}
}

func BenchmarkEncodeCount(b *testing.B) {
	c := filled[Count](3)
	for b.Loop() {
		if _, err := Encode(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkValuesCount(b *testing.B) {
	r, _ := Encode(filled[Count](3))
	var vals []any
	for b.Loop() {
		var err error
		if vals, err = r.Values(vals[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
