package format

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"crest/block"
)

// BenchmarkParquet reads time and item, in one goroutine, of files as DuckDB
// writes them, or of the file that CREST_BENCH_FILE names.
func BenchmarkParquet(b *testing.B) {
	if path := os.Getenv("CREST_BENCH_FILE"); path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("file", func(b *testing.B) { benchmarkParquet(b, data) })
		return
	}
	for _, codec := range []compress.Codec{&parquet.Zstd, &parquet.Snappy, &parquet.Uncompressed} {
		plain, dictionary := benchParquet(b, codec)
		b.Run(fmt.Sprintf("plain/%s", codec), func(b *testing.B) { benchmarkParquet(b, plain) })
		b.Run(fmt.Sprintf("dictionary/%s", codec), func(b *testing.B) { benchmarkParquet(b, dictionary) })
	}
}

// benchParquet makes a file with plain items, and one with a dictionary.
func benchParquet(t testing.TB, codec compress.Codec) (plain, dictionary []byte) {
	type event struct {
		Time int64  `parquet:"time,timestamp(microsecond),optional,plain"`
		Item string `parquet:"item,optional,plain"`
	}
	type dictEvent struct {
		Time int64  `parquet:"time,timestamp(microsecond),optional,plain"`
		Item string `parquet:"item,optional,dict"`
	}
	r := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(r, 1.3, 1, 1<<20)
	events := make([]event, 1<<20)
	dictEvents := make([]dictEvent, len(events))
	for i := range events {
		events[i] = event{1767225600e6 + int64(i)*8640 + r.Int64N(8640), fmt.Sprintf("query %d", zipf.Uint64())}
		dictEvents[i] = dictEvent(events[i])
	}
	return parquetBytes(t, events, codec), parquetBytes(t, dictEvents, codec)
}

func parquetBytes[T any](t testing.TB, rows []T, codec compress.Codec) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := parquet.NewGenericWriter[T](&buf, parquet.Compression(codec), parquet.MaxRowsPerRowGroup(122_880), parquet.PageBufferSize(1<<20))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func benchmarkParquet(b *testing.B, data []byte) {
	rows := 0
	b.ReportAllocs()
	before := cpuSeconds()
	for b.Loop() {
		rows = 0
		c, err := OpenParquet("bench", bytes.NewReader(data), int64(len(data)), 0, Options{Time: "time", Item: "item"})
		if err != nil {
			b.Fatal(err)
		}
		for {
			u, err := c.Next()
			if err != nil {
				break
			}
			if err := u.Decode(func(bl block.Block) bool { rows += bl.Rows(); return true }); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(float64(rows)*float64(b.N)/(cpuSeconds()-before)/1e6, "Mrows/cpu-s")
}

// cpuSeconds is the time that this process has computed: on a machine that is
// shared it tells more than a clock.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
