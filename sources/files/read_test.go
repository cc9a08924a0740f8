package files

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"crest/block"
	"crest/metrics"
)

func init() {
	beam.RegisterType(reflect.TypeFor[tallyFn]())
	register.DoFn2x0[block.Block, func(string)](&tallyFn{})
	register.Emitter1[string]()
}

// tallyFn emits a line for each item, and for each reject.
type tallyFn struct{}

func (tallyFn) ProcessElement(b block.Block, emit func(string)) {
	for i, it := range b.Items {
		emit(fmt.Sprintf("%s %s", b.Text(it), at(b.Times[i])))
	}
	for _, r := range b.Rejects {
		emit(string(r.Reason))
	}
}

func at(ms int64) string { return fmt.Sprintf("%02d", ms/1000%60) }

func TestMain(m *testing.M) {
	block.ClobberReleased = true
	os.Exit(ptest.MainRetWithDefault(m, "prism"))
}

// The whole source on prism: files of several formats behind one glob.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	var want []any
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var text strings.Builder
	for i := range 1000 {
		text.WriteString(lineOf(i, i%50) + "\n")
		line := fmt.Sprintf("item%d %02d", i, i%60)
		want = append(want, line, line) // plain and compressed
	}
	put("a.ndjson", []byte(text.String()))
	put("b.ndjson.gz", gzipped([]byte(text.String())))
	put("c.csv", []byte("time,item\n1,x\noops,y\n"))
	want = append(want, "x 01", "bad time")
	for _, e := range events(100) {
		want = append(want, fmt.Sprintf("%s %s", e.Item, at(e.Time)), fmt.Sprintf("%s %s", e.Item, at(e.Time*1000)))
	}
	put("d.parquet", parquetFile(t, 100))
	put("e.avro", avroFile(t, 100))
	put("f.ndjson", nil)

	before := [...]int64{metrics.BytesRead.Value(), metrics.RecordsRead.Value(), metrics.RecordsRejected.Value()}
	_, size, err := Stat(context.Background(), []string{dir + "/*"})
	if err != nil {
		t.Fatal(err)
	}
	p, s := beam.NewPipelineWithRoot()
	blocks := Read(s, Config{Patterns: []string{dir + "/*", dir + "/a*"}, Fields: fields, Workers: 2, BlockSize: 4 << 10})
	passert.Equals(s, beam.ParDo(s, &tallyFn{}, blocks), want...)
	if err := ptest.Run(p); err != nil {
		t.Fatal(err)
	}
	bytes, records, rejected := metrics.BytesRead.Value()-before[0], metrics.RecordsRead.Value()-before[1], metrics.RecordsRejected.Value()-before[2]
	if bytes != size || records != int64(len(want)) || rejected != 1 {
		t.Errorf("%d bytes, %d records, %d rejected; want %d, %d, 1", bytes, records, rejected, size, len(want))
	}
}

func TestReadFailsOverWhatIsMissing(t *testing.T) {
	for want, cfg := range map[string]Config{
		"no file matches": {Patterns: []string{t.TempDir() + "/nothing"}, Fields: fields},
		"columns: a, b":   {Patterns: []string{write(t, "a.csv", []byte("a,b\n1,2\n"))}, Fields: fields},
	} {
		p, s := beam.NewPipelineWithRoot()
		Read(s, cfg)
		if err := ptest.Run(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
