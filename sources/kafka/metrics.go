package kafka

import (
	"context"
	"time"

	"crest/block"
	"crest/metrics"
)

// The reasons for rejects that only this source has.
const (
	// Expired offsets were deleted before they were read. The reject counts
	// offsets, of which some may not have been records.
	Expired block.Reason = "expired offsets"
	// Fenced batches are of a producer that has started anew since.
	Fenced block.Reason = "fenced"
)

var offsetsSkipped = metrics.NewCounter("offsets_skipped_total", "Offsets that were deleted before they were read, and skipped.")

// count counts what a block holds.
func count(ctx context.Context, b *block.Block) {
	metrics.Block(ctx, b)
	for i := range b.Rejects {
		if b.Rejects[i].Reason == Expired {
			offsetsSkipped.Add(ctx, b.Rejects[i].Count)
		}
	}
}

// watermarkAge tells how far a source's watermark is behind the clock.
func watermarkAge(ctx context.Context, topic string, published int64) {
	if published > 0 {
		metrics.WatermarkAge.Set(ctx, "kafka:"+topic, max(time.Now().UnixMilli()-published, 0)/1000)
	}
}
