package files

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"crest/seedtest"

	"github.com/parquet-go/parquet-go"
	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"
)

type event struct {
	Time int64  `parquet:"time,timestamp(millisecond)" avro:"time"`
	Item string `parquet:"item,dict" avro:"item"`
}

func events(n int) []event {
	all := make([]event, n)
	for i := range all {
		all[i] = event{Time: int64(i), Item: fmt.Sprintf("item%d", i)}
	}
	return all
}

func parquetFile(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[event](&b, parquet.MaxRowsPerRowGroup(17))
	if _, err := w.Write(events(n)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func avroFile(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	schema := avro.MustParse(`{"type":"record","name":"e","fields":[{"name":"time","type":"long"},{"name":"item","type":"string"}]}`)
	w, err := ocf.NewWriter(&b, schema, ocf.WithBlockCount(13))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events(n) {
		if err := w.Encode(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestContainersEachRecordOnce(t *testing.T) {
	r := seedtest.Rand(t)
	for range 20 {
		n := r.IntN(300)
		for name, data := range map[string][]byte{"a.parquet": parquetFile(t, n), "a.avro": avroFile(t, n), "unnamed": avroFile(t, n)} {
			path := write(t, name, data)
			checkItems(t, readAll(t, newReadFn(), path), n)
			checkItems(t, readSplit(t, r, newReadFn(), path), n)
		}
	}
	checkNoLeak(t)
}

func TestBrokenContainer(t *testing.T) {
	for name, data := range map[string][]byte{"a.parquet": parquetFile(t, 100), "a.avro": avroFile(t, 100)[:30]} {
		data = data[:len(data)-1]
		blocks := readAll(t, newReadFn(), write(t, name, data))
		if r := rejects(blocks); len(r) != 1 || r[0].Reason != "truncated" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestCompressedContainer(t *testing.T) {
	fn := &expandFn{Patterns: []string{write(t, "a.avro.gz", gzipped(avroFile(t, 1)))}}
	if err := fn.ProcessElement(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "decompress it") {
		t.Errorf("got %v", err)
	}
}
