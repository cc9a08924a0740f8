package archive

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/sdf"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/rtrackers/offsetrange"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/transforms/stats"

	"crest/archive"
	"crest/block"
	sink "crest/sinks/archive"
	"crest/sources/format"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[liveFn]())
	beam.RegisterDoFn(reflect.TypeFor[tellFn]())
	register.Emitter1[string]()
}

func TestMain(m *testing.M) { os.Exit(ptest.MainRetWithDefault(m, "prism")) }

var fields = format.Options{Time: "time", Item: "item", Segment: "segment"}

// message i of a partition: most are events, some can't be decoded.
func message(partition, i int) (raw string, at int64) {
	stamp := int64(1.7e12) + int64(i)*60e3
	switch i % 50 {
	case 7:
		return `{"item": "broken`, stamp
	case 8:
		return "\xff\x00\r\n", stamp
	case 9:
		return "", stamp
	case 10:
		return fmt.Sprintf(`{"item":"no time %d"}`, i), block.NoTime
	case 11:
		return fmt.Sprintf("{\n\t\"item\": \"of the queue's time %d\"\n}", i), stamp
	case 12:
		return fmt.Sprintf("{\"item\":\"not UTF-8 \xff\",\"time\":%d}", stamp), stamp
	case 13:
		return `{"item":"too early","time":-5}`, -5
	}
	return fmt.Sprintf(`{"time":%d,"item":"item %d","segment":"p%d"}`, stamp+int64(i*7919%3_600_000)*24, i%5, partition), stamp
}

// blocks are all messages of a partition, decoded: those of an odd one have ids.
func blocks(t testing.TB, partition, messages, size int) (all []block.Block) {
	t.Helper()
	d, err := format.JSON.NewDecoder(fields)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < messages; {
		b := block.Block{Source: fmt.Sprintf("kafka:events/%d", partition)}
		for ; i < messages && len(b.Messages) < size; i++ {
			raw, at := message(partition, i)
			if partition%2 == 0 {
				b.Append([]byte(raw), nil, int64(i), at)
			} else {
				b.Append([]byte(raw), fmt.Appendf(nil, "%d", 7919*i%10007), -1, at)
			}
		}
		d.Decode(&b, 0)
		all = append(all, b)
	}
	return all
}

// tell describes what a block holds, a line for each message and each reject.
func tell(b *block.Block) (lines []string) {
	for _, m := range b.Messages {
		lines = append(lines, fmt.Sprintf("%s %d %s at %d: %v %s", b.Source, m.Offset, b.Text(m.ID), m.Time, m.Rejected, oneLine(b.Text(m.Raw))))
	}
	for i, it := range b.Items {
		lines = append(lines, fmt.Sprintf("%s %s at %d", b.Source, b.Text(it), b.Times[i]))
	}
	for _, r := range b.Rejects {
		lines = append(lines, fmt.Sprintf("%s %d: %d %s %s %s", b.Source, r.Offset, r.Count, r.Reason, r.Detail, oneLine(r.Raw)))
	}
	return append(lines, slices.Repeat([]string{b.Source}, int(b.Records))...)
}

// oneLine is a payload as it is kept: newlines of text may become other blanks.
func oneLine(raw []byte) string {
	if !archive.IsText(raw) {
		return fmt.Sprintf("%q", raw)
	}
	return strings.NewReplacer("\n", " ", "\r", " ").Replace(string(raw))
}

type tellFn struct{}

func (*tellFn) ProcessElement(b block.Block, emit func(string)) {
	for _, line := range tell(&b) {
		emit(line)
	}
}

// liveFn is an unbounded source of encoded blocks: one a bundle. After the first
// ones it waits until something is archived.
type liveFn struct {
	Blocks [][]byte
	First  int64
	Prefix string
}

func (fn *liveFn) CreateInitialRestriction([]byte) offsetrange.Restriction {
	return offsetrange.Restriction{End: int64(len(fn.Blocks))}
}

func (fn *liveFn) SplitRestriction(_ []byte, r offsetrange.Restriction) []offsetrange.Restriction {
	return []offsetrange.Restriction{r}
}

func (fn *liveFn) RestrictionSize(_ []byte, r offsetrange.Restriction) float64 { return r.Size() }

func (fn *liveFn) CreateTracker(r offsetrange.Restriction) *sdf.LockRTracker {
	return sdf.NewLockRTracker(offsetrange.NewTracker(r))
}

func (fn *liveFn) ProcessElement(ctx context.Context, rt *sdf.LockRTracker, _ []byte, emit func(beam.EventTime, block.Block)) (sdf.ProcessContinuation, error) {
	at := rt.GetRestriction().(offsetrange.Restriction).Start
	if at == fn.First {
		found, err := archive.List(ctx, fn.Prefix, time.Time{}, time.Time{})
		if len(found) == 0 {
			return sdf.ResumeProcessingIn(50 * time.Millisecond), err
		}
	}
	if !rt.TryClaim(at) {
		return sdf.StopProcessing(), nil
	}
	b, err := block.Decode(fn.Blocks[at])
	if err != nil {
		return nil, err
	}
	emit(mtime.Time(b.Messages[0].Time), b)
	return sdf.ResumeProcessingIn(time.Millisecond), nil
}

// TestThereAndBack archives a live source, some of it while the source still runs,
// and reads it again: what was read then is read now.
func TestThereAndBack(t *testing.T) {
	for _, f := range []archive.Format{archive.NDJSON, archive.Parquet} {
		thereAndBack(t, filepath.Join(t.TempDir(), "archive"), f, nil)
	}
}

// thereAndBack calls archived, if there is one, once something is.
func thereAndBack(t *testing.T, prefix string, f archive.Format, archived func()) {
	var want []any
	live := &liveFn{First: 12, Prefix: prefix}
	records := int64(0)
	for partition := range 3 {
		for _, b := range blocks(t, partition, 500, 60) {
			encoded, err := b.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			live.Blocks = append(live.Blocks, encoded)
			records += b.Records
			for _, line := range tell(&b) {
				want = append(want, line)
			}
		}
	}
	p, s := beam.NewPipelineWithRoot()
	written := sink.Write(s, sink.Config{Prefix: prefix, Format: f, Every: 200 * time.Millisecond, JSON: true}, beam.ParDo(s, live, beam.Impulse(s)))
	passert.Equals(s, stats.Sum(s, written), records)
	ran := make(chan error, 1)
	go func() { ran <- ptest.Run(p) }()
	if archived != nil {
		archived()
	}
	if err := <-ran; err != nil {
		t.Fatalf("%.2000v", err)
	}

	cfg := Config{Prefix: prefix, Fields: fields, Payload: format.JSON, Workers: 2, BlockSize: 1 << 10}
	p, s = beam.NewPipelineWithRoot()
	passert.Equals(s, beam.ParDo(s, &tellFn{}, Read(s, cfg)), want...)
	if err := ptest.Run(p); err != nil {
		t.Fatalf("%.2000v", err)
	}
	files, bytes, err := Stat(t.Context(), cfg)
	if err != nil || files == 0 || bytes == 0 {
		t.Errorf("%d files, %d bytes, %v", files, bytes, err)
	}
}

func TestReadFailsOverWhatIsMissing(t *testing.T) {
	day := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for want, cfg := range map[string]Config{
		"holds no events:": {Prefix: t.TempDir()},
		"holds no events from 2026-01-31T00:00:00Z until before 2026-02-01T00:00:00Z": {Prefix: t.TempDir(), From: day, To: day.Add(24 * time.Hour)},
		"not the beginning of an hour": {Prefix: t.TempDir(), From: day.Add(time.Minute)},
	} {
		cfg.Fields, cfg.Payload = fields, format.JSON
		if _, _, err := Stat(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		p, s := beam.NewPipelineWithRoot()
		Read(s, cfg)
		if err := ptest.Run(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
