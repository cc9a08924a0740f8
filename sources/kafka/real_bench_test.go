//go:build real

package kafka

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"crest/realtest"
	"crest/sources/format"
)

// BenchmarkDrain compares how fast a topic is read into blocks of rows with how
// fast franz-go alone reads it.
func BenchmarkDrain(b *testing.B) {
	broker := realtest.Kafka(b)
	client := realClient(b, broker)
	create(b, client, 4)
	const n = 3_000_000
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.1, 1, 1_000_000)
	var lines [][]byte
	for i := range n {
		at := time.UnixMilli(1.7e12 + int64(i)).UTC().Format("2006-01-02T15:04:05.000Z")
		lines = append(lines, fmt.Appendf(nil, `{"time":%q,"item":"item%d","segment":"s%d","weight":1,"user":"u%d"}`, at, zipf.Uint64(), i%8, i%5000))
		if len(lines) == 100_000 {
			send(b, client, lines)
			lines = lines[:0]
		}
	}
	b.Run("franz-go", func(b *testing.B) {
		for range b.N {
			all := make(map[int32]kgo.Offset)
			for id := range int32(4) {
				all[id] = kgo.NewOffset().AtStart()
			}
			consumer, err := kgo.NewClient(kgo.SeedBrokers(broker.Addr), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: all}))
			if err != nil {
				b.Fatal(err)
			}
			for read := 0; read < n; {
				read += consumer.PollFetches(b.Context()).NumRecords()
			}
			consumer.Close()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "records/s")
	})
	drain := func(workers int, payload format.Payload) func(*testing.B) {
		return func(b *testing.B) {
			for i := range b.N {
				cfg := realConfig(b, broker)
				cfg.ID += fmt.Sprint(i)
				cfg.Workers, cfg.Payload = workers, payload
				r := newRunner(b, cfg)
				read := int64(0)
				for read < n {
					for i := range 4 {
						blocks, left, err := r.bundle(r.rest[i])
						if err != nil {
							b.Fatal(err)
						}
						r.rest[i] = left
						for _, blk := range blocks {
							read += blk.Records
						}
					}
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "records/s")
		}
	}
	b.Run("blocks/workers=1", drain(1, format.JSON))
	b.Run("blocks/workers=2", drain(2, format.JSON))
}
