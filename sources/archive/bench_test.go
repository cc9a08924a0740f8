package archive

import (
	"fmt"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/archive"
	"crest/block"
)

// BenchmarkRead reads an hour of a source that is spread over files, a tenth of
// whose records are in two of them.
func BenchmarkRead(b *testing.B) {
	const records, files = 1_000_000, 20
	var chunks [files][]archive.Chunk
	p := archive.NewPacker()
	at := int64(1.7e12)
	for f := range files {
		var some []archive.Record
		for i := f * records / files; i < (f+1)*records/files+records/files/10; i++ {
			payload := fmt.Appendf(nil, `{"time":%d,"item":"item %d","segment":"s%d","user":"%x"}`, at+int64(i), i%5000, i%7, i*7919)
			some = append(some, archive.Record{Source: "kafka:events/0", Offset: int64(i), Time: at + int64(i), Text: true, Payload: payload})
		}
		if err := p.Pack(some, func(c archive.Chunk) { chunks[f] = append(chunks[f], c) }); err != nil {
			b.Fatal(err)
		}
	}
	prefix := b.TempDir()
	for f := range files {
		write(b, prefix, "kafka:events/0", chunks[f])
	}
	s := expand(b, prefix)[0]
	var read int64
	for b.Loop() {
		fn := newReadFn(b, DefaultBlockSize)
		err := fn.ProcessElement(b.Context(), 0, fn.CreateTracker(fn.CreateInitialRestriction(s)), s, func(_ beam.EventTime, b block.Block) { read += b.Records })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(read)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(read)/float64(b.N), "records/op")
}
