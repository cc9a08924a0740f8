package files

import (
	"fmt"
	"strings"
	"testing"

	"crest/block"
	"crest/seedtest"
)

func csvData(n int, end string) string {
	var b strings.Builder
	b.WriteString("time,item,pad" + end)
	for i := range n {
		fmt.Fprintf(&b, "2026-01-01T00:00:%02dZ,item%d,\"a \"\"pad\"\"%sof, %s\"%s", i%60, i, end, strings.Repeat("x", i%77), end)
	}
	return b.String()
}

func TestCSV(t *testing.T) {
	r := seedtest.Rand(t)
	const n = 400
	for _, end := range []string{"\n", "\r\n"} {
		data := csvData(n, end)
		for _, d := range []string{data, strings.TrimSuffix(data, end)} {
			fn := newReadFn()
			fn.BlockSize = 16 << r.IntN(10)
			checkItems(t, readAll(t, fn, write(t, "a.csv", []byte(d))), n)
			checkItems(t, readSplit(t, r, fn, write(t, "a.csv", []byte(d))), n)
			checkItems(t, readSplit(t, r, fn, write(t, "a.csv.gz", gzipped([]byte(d)))), n)
		}
	}
}

func TestTSV(t *testing.T) {
	r := seedtest.Rand(t)
	for range 20 {
		var b strings.Builder
		b.WriteString("item\ttime\n")
		n := r.IntN(300)
		for i := range n {
			fmt.Fprintf(&b, "item%d\t2026-01-01T00:00:%02dZ\n", i, i%60)
		}
		fn := newReadFn()
		fn.BlockSize = 16 << r.IntN(10)
		checkItems(t, readSplit(t, r, fn, write(t, "a.tsv", []byte(b.String()))), n)
	}
}

func TestHeaderOnly(t *testing.T) {
	for name, data := range map[string]string{"a.csv": "time,item", "b.csv": "time,item\n", "a.tsv": "time\titem\n", "c.csv": "", "d.csv.gz": ""} {
		if _, records, _ := totals(readAll(t, newReadFn(), write(t, name, []byte(data)))); records != 0 {
			t.Errorf("%s: %d records", name, records)
		}
	}
}

func TestTruncatedCSV(t *testing.T) {
	z := gzipped([]byte(csvData(1000, "\n")))
	for _, n := range []int{5, 20, 40, len(z) / 2, len(z) - 1} {
		blocks := readAll(t, newReadFn(), write(t, "a.csv.gz", z[:n]))
		rows, records, rejected := totals(blocks)
		if rejected != 1 || records != int64(rows)+1 || rejects(blocks)[0].Reason != block.Truncated {
			t.Errorf("at %d: %d rows, %d records, %d rejected", n, rows, records, rejected)
		}
	}
}
