package format

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"crest/block"
)

// benchDecode decodes a block of data and reports what a record costs: on
// average and, because machines are shared, in the best pass.
func benchDecode(b *testing.B, d Decoder, data []byte) {
	b.Helper()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	records, best := int64(0), time.Hour
	for b.Loop() {
		start := time.Now()
		bl := block.Block{Data: data}
		d.Decode(&bl, 1)
		best = min(best, time.Since(start))
		if len(bl.Rejects) > 0 {
			b.Fatal(bl.Rejects[0])
		}
		records += bl.Records
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(records), "ns/record")
	b.ReportMetric(float64(best.Nanoseconds())/float64(records)*float64(b.N), "best-ns/record")
	b.ReportMetric(float64(len(data))/best.Seconds()/1e6, "best-MB/s")
}

const benchBlock = 512 << 10

// benchLines makes lines until a block is full, at increasing times.
func benchLines(step time.Duration, line func(r *rand.Rand, at time.Time) string) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 1, 1, 0, 12, 34, 567e6, time.UTC)
	var buf bytes.Buffer
	for buf.Len() < benchBlock {
		buf.WriteString(line(r, at))
		buf.WriteByte('\n')
		at = at.Add(time.Duration(r.Int64N(int64(2*step) + 1)))
	}
	return buf.Bytes()
}

const millis = "2006-01-02T15:04:05.000Z"

func event(r *rand.Rand, at time.Time) string {
	return fmt.Sprintf(`{"time":%q,"item":"w%x","segment":%q,"user":"u%d","n":%d}`, at.Format(millis), r.IntN(1<<r.IntN(20)),
		[]string{"us", "de", "jp", "br"}[r.IntN(4)], r.IntN(100000), r.IntN(10))
}

func BenchmarkNDJSON(b *testing.B) {
	o := Options{Time: "time", Item: "item", Segment: "segment", Weight: "weight"}
	words := o
	words.Extract, _ = ParseExtract("words")
	for _, c := range []struct {
		name string
		o    Options
		data []byte
	}{
		{"event", o, benchLines(time.Millisecond, event)},
		{"random_times", o, benchLines(0, func(r *rand.Rand, at time.Time) string {
			return event(r, at.Add(time.Duration(r.Int64N(int64(30*24*time.Hour)))))
		})},
		{"two_layouts", o, benchLines(time.Millisecond, func(r *rand.Rand, at time.Time) string {
			if r.IntN(2) == 0 {
				return event(r, at)
			}
			return fmt.Sprintf(`{"v":2,"item":"x%d","time":%d,"geo":{"country":"us","city":[1,2]},"ok":true}`, r.IntN(1000), at.UnixMilli())
		})},
		{"shuffled_fields", o, benchLines(time.Millisecond, func(r *rand.Rand, at time.Time) string {
			f := []string{fmt.Sprintf(`"time":%q`, at.Format(millis)), fmt.Sprintf(`"item":"x%d"`, r.IntN(1000)), `"segment":"us"`, `"user":"u123"`, `"n":3`, `"ok":true`, `"x":null`}
			r.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
			return "{" + string(bytes.Join([][]byte{[]byte(f[0]), []byte(f[1]), []byte(f[2]), []byte(f[3]), []byte(f[4]), []byte(f[5]), []byte(f[6])}, []byte(","))) + "}"
		})},
		{"wide", o, benchLines(time.Millisecond, func(r *rand.Rand, at time.Time) string {
			return fmt.Sprintf(`{"id":"%016x%016x","time":%q,"level":"info","message":"request served in %d ms by the server that has been asked","request":{"method":"GET","path":"/a/b/%d","headers":{"accept":["text/html","*/*"],"host":"example.org"}},"item":"w%x","latency":%.6f,"tags":["a","b","c"],"ok":true}`,
				r.Uint64(), r.Uint64(), at.Format(millis), r.IntN(1000), r.IntN(1000), r.IntN(1<<16), r.Float64())
		})},
		{"words", words, benchLines(time.Millisecond, func(r *rand.Rand, at time.Time) string {
			return fmt.Sprintf(`{"time":%q,"item":"The quick brown fox jumps over %d lazy dogs, doesn't it"}`, at.Format(millis), r.IntN(100))
		})},
	} {
		b.Run(c.name, func(b *testing.B) {
			d, err := NewNDJSON(c.o)
			if err != nil {
				b.Fatal(err)
			}
			benchDecode(b, d, c.data)
		})
	}
}
