package format

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"crest/block"
	"crest/seedtest"
)

var plainNames = Options{Time: "time", Item: "item", Segment: "segment", Weight: "weight"}

func TestDelimited(t *testing.T) {
	for _, c := range []struct {
		name, header, data string
		tsv                bool
		offset             int64
		want               []row
		rejects            []string
		records            int64
	}{
		{
			name: "quotes, commas, newlines", header: "time,item,segment,weight\r\n",
			data: "time,item,segment,weight\r\n1,a,us,2\r\n\"2\",\"a,\"\"b\"\"\nc\",,\r\n3,x y,\"de\",\"7\"\n",
			want: []row{{1000, "a", "us", 2}, {2000, "a,\"b\"\nc", "", 1}, {3000, "x y", "de", 7}}, records: 3,
		},
		{
			name: "no newline at the end, empty lines", header: "item,time",
			data: "\n\r\na,1\n\n\r\nb,2", offset: 10,
			want: []row{{1000, "a", "", 1}, {2000, "b", "", 1}}, records: 2,
		},
		{
			name: "byte order mark", header: "\xef\xbb\xbfitem,time\n", data: "\xef\xbb\xbfitem,time\na,1\r",
			want: []row{{1000, "a", "", 1}}, records: 1,
		},
		{
			name: "quoted header", header: "\"it\"\"em\",item,\"time\"\n", data: "\"it\"\"em\",item,\"time\"\nx,a,1\n",
			want: []row{{1000, "a", "", 1}}, records: 1,
		},
		{
			name: "a record that starts like the header", header: "item,time", data: "item,time2\n", offset: 0,
			rejects: []string{"0: bad time"}, records: 1,
		},
		{
			name: "not UTF-8", header: "item,time", data: "a\xff\xffb,1\n\"\"\"\xff\",1\n", offset: 9,
			want: []row{{1000, "a\ufffd\ufffdb", "", 1}, {1000, "\"\ufffd", "", 1}}, records: 2,
		},
		{
			name: "rejects", header: "item,time,weight", offset: 100,
			data:    "a,1\na,1,1,1\na,,1\n,1,1\na,x,1\na,1,-1\na\"b,1,1\n\"a\"b,1,\"x\ny\"\na,1,5\n\"open,1,1\na,1,1\n",
			want:    []row{{1000, "a", "", 5}},
			rejects: []string{"100: malformed", "104: malformed", "112: missing time", "117: missing item", "122: bad time", "128: bad weight", "135: malformed", "143: malformed", "162: malformed"},
			records: 10,
		},
		{
			name: "tsv", tsv: true, header: "time\titem\tsegment", data: "1\t\"a\t\n2\tb,c\tus\r\n3\t\t\n4\td\n",
			want:    []row{{1000, "\"a", "", 1}, {2000, "b,c", "us", 1}},
			rejects: []string{"16: missing item", "20: malformed"}, records: 4,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			build := NewCSV
			if c.tsv {
				build = NewTSV
			}
			d, err := build(plainNames, []byte(c.header))
			if err != nil {
				t.Fatal(err)
			}
			b := decode(d, []byte(c.data), c.offset)
			rows, rejects := rowsOf(t, b)
			if !reflect.DeepEqual(rows, c.want) || !reflect.DeepEqual(rejects, c.rejects) || b.Records != c.records {
				t.Errorf("rows    %v\nwant    %v\nrejects %q\nwant    %q\n%d records, want %d", rows, c.want, rejects, c.rejects, b.Records, c.records)
			}
			for _, r := range b.Rejects {
				if r.Detail == "" || len(r.Raw) == 0 {
					t.Errorf("reject %+v says too little", r)
				}
			}
		})
	}
}

func TestDelimitedHeader(t *testing.T) {
	for _, c := range []struct{ header, want string }{
		{"when,what", `no time column "time" in the CSV header; columns: when, what`},
		{"time,what", `no item column "item" in the CSV header; columns: time, what`},
		{"", `no time column "time" in the CSV header; columns: `},
		{"time,\"item", `CSV header "time,\"item": column 2: a quoted cell does not end`},
	} {
		if _, err := NewCSV(plainNames, []byte(c.header)); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.header, err, c.want)
		}
	}
	if _, err := NewTSV(plainNames, []byte("time\titem")); err != nil {
		t.Error(err)
	}
}

// FuzzCSV compares with encoding/csv, which differs in this: it makes \n of \r\n
// inside of quotes, and after a fault it goes on elsewhere.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,1\nb,2\n", "\"a\"\"b\",1\r\n", "a\"b,1\nc,2", "\"a\"b,1\n", "\"a\nb\",1\n", "\"\",1\n,2\n\n", "a,1,1\n", "\"a", "\xff,1\n", "a\r,1\r\r\n", "a\"b,\"c\nd\",1\n"} {
		f.Add([]byte(s))
	}
	d, err := NewCSV(plainNames, []byte("item,time"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(checkCSV(d))
}

func checkCSV(d Decoder) func(t *testing.T, data []byte) {
	return func(t *testing.T, data []byte) {
		b := decode(d, data, 10)
		rows, rejects := rowsOf(t, b)

		// Cut in two where CutCSV says, the records are the same.
		cut := CutCSV(data)
		if cut > 0 && data[cut-1] != '\n' {
			t.Fatalf("%q: cut at %d", data, cut)
		}
		first, second := decode(d, data[:cut], 10), decode(d, data[cut:], 10+int64(cut))
		rows1, rejects1 := rowsOf(t, first)
		rows2, rejects2 := rowsOf(t, second)
		if !reflect.DeepEqual(append(rows1, rows2...), rows) || !reflect.DeepEqual(append(rejects1, rejects2...), rejects) || first.Records+second.Records != b.Records {
			t.Fatalf("%q cut at %d: %v %v %v %v, uncut %v %v", data, cut, rows1, rejects1, rows2, rejects2, rows, rejects)
		}
		if second.Records > 1 {
			t.Fatalf("%q: %d records behind the cut at %d", data, second.Records, cut)
		}

		if bytes.Contains(data, []byte("\r\n")) && bytes.IndexByte(data, '"') >= 0 {
			return
		}
		var want []row
		r := csv.NewReader(bytes.NewReader(data))
		r.FieldsPerRecord = -1
		for {
			cells, err := r.Read()
			if err == io.EOF {
				break
			}
			if errors.As(err, new(*csv.ParseError)) {
				if len(rejects) == 0 {
					t.Fatalf("%q: no rejects, encoding/csv: %v", data, err)
				}
				return
			}
			if len(cells) != 2 || cells[0] == "" {
				continue
			}
			if ms, reason := ParseTime([]byte(cells[1])); reason == "" && len(cells[1]) > 0 && len(cells[0]) <= block.MaxItem {
				want = append(want, row{ms, string(appendValid(nil, []byte(cells[0]))), "", 1})
			}
		}
		if !reflect.DeepEqual(rows, want) {
			t.Fatalf("%q: %v, want %v; rejects %+v", data, rows, want, b.Rejects)
		}
	}
}

func TestCSVRandom(t *testing.T) {
	r := seedtest.Rand(t)
	d, err := NewCSV(plainNames, []byte("item,time"))
	if err != nil {
		t.Fatal(err)
	}
	check := checkCSV(d)
	parts := []string{"a", "b", "12", "\"", "\"", "\"\"", ",", ",1\n", "\n", "\r\n", "\r", "é", "\xff", "abcdefghijk"}
	for range 10000 {
		var data []byte
		for range r.IntN(30) {
			data = append(data, parts[r.IntN(len(parts))]...)
		}
		check(t, data)
	}
}

func TestCutCSV(t *testing.T) {
	for _, c := range []struct {
		data string
		want int
	}{
		{"", 0}, {"a,b", 0}, {"a,b\n", 4}, {"a,b\nc", 4}, {"a,\"b\nc\n", 0}, {"a,\"b\nc\"\nd", 8}, {"a,b\n\"x\ny", 4},
		{"a\"b\nc", 4}, {"a,\"\"\nb", 5}, {"a,\"\"\"\nb", 0}, {"\"a\"b\n", 5}, {"\"a\"", 0},
	} {
		if got := CutCSV([]byte(c.data)); got != c.want {
			t.Errorf("%q: %d, want %d", c.data, got, c.want)
		}
	}
}

func BenchmarkDelimited(b *testing.B) {
	line := func(delimiter string, quoted bool) []byte {
		return benchLines(time.Millisecond, func(r *rand.Rand, at time.Time) string {
			item := fmt.Sprintf("w%x", r.IntN(1<<r.IntN(20)))
			if quoted {
				item = `"` + item + `, and ""more"""`
			}
			return strings.Join([]string{at.Format(millis), item, "us", fmt.Sprintf("u%d", r.IntN(100000)), fmt.Sprint(r.IntN(10))}, delimiter)
		})
	}
	for _, c := range []struct {
		name      string
		delimiter string
		quoted    bool
	}{{"csv", ",", false}, {"csv_quoted", ",", true}, {"tsv", "\t", false}} {
		data := line(c.delimiter, c.quoted)
		b.Run(c.name, func(b *testing.B) {
			build := NewCSV
			if c.delimiter == "\t" {
				build = NewTSV
			}
			d, err := build(plainNames, []byte(strings.Join([]string{"time", "item", "segment", "user", "n"}, c.delimiter)))
			if err != nil {
				b.Fatal(err)
			}
			benchDecode(b, d, data)
		})
		b.Run(c.name+"_cut", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				CutCSV(data)
			}
		})
	}
}
