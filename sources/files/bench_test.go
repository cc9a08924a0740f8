package files

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"

	"crest/block"
)

// BenchmarkRead reads a file of events, or the one that CREST_BENCH_FILE names.
func BenchmarkRead(b *testing.B) {
	path := os.Getenv("CREST_BENCH_FILE")
	if path == "" {
		var data bytes.Buffer
		for i := range 1_000_000 {
			fmt.Fprintf(&data, "{\"time\":\"2026-01-01T%02d:%02d:%02d.%03dZ\",\"item\":\"query %d\",\"segment\":\"seg%d\",\"user\":\"user%d\"}\n",
				i/41667, i/695%60, i/12%60, i%1000, i*7919%100_003, i%20, i*31%50_021)
		}
		path = write(b, "bench.ndjson", data.Bytes())
	}
	f := file(b, path)
	for _, workers := range []int{1, 2} {
		for _, size := range []int64{128 << 10, 256 << 10, 512 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("workers=%d/block=%dK", workers, size>>10), func(b *testing.B) {
				fn := newReadFn()
				fn.Fields.Segment, fn.Fields.Weight = "", ""
				fn.Workers, fn.BlockSize = workers, size
				b.SetBytes(f.Size)
				b.ReportAllocs()
				rows, before := 0, cpuSeconds()
				for b.Loop() {
					rows = 0
					rt := fn.CreateTracker(fn.CreateInitialRestriction(f))
					err := fn.ProcessElement(context.Background(), mtime.ZeroTimestamp, rt, f, func(_ beam.EventTime, bl block.Block) { rows += bl.Rows() })
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
				b.ReportMetric(float64(rows)*float64(b.N)/(cpuSeconds()-before)/1e6, "Mrows/cpu-s")
			})
		}
	}
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
