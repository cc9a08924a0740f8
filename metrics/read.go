package metrics

import (
	"context"

	"crest/block"
)

// What becomes of records, whatever the source.
var (
	// RecordsRead counts records, the rejected ones among them.
	RecordsRead = NewCounter("records_read_total", "Records read, the rejected ones among them.")
	// RecordsRejected counts records that could not be decoded.
	RecordsRejected = NewCounter("records_rejected_total", "Records that could not be decoded.")
	// RecordsCounted counts records that are in the lists.
	RecordsCounted = NewCounter("records_counted_total", "Records counted.")
	// RecordsLate counts records that came after their pane had closed.
	RecordsLate = NewCounter("records_late_total", "Records that came after their pane had closed.")
	// DuplicatesDropped counts messages that came again, and were dropped: they do
	// not count as read.
	DuplicatesDropped = NewCounter("duplicates_dropped_total", "Messages that came again and were dropped.")
	// BytesRead counts bytes as they are stored or sent: compressed where they are.
	BytesRead = NewCounter("read_bytes_total", "Bytes read, as they are stored.")
	// Lag is how many records of a partition have not been read yet.
	Lag = NewGauge("lag_records", "Records that have not been read yet, by partition.", "partition")
	// WatermarkAge is how far a source's watermark is behind the wall clock, in
	// seconds.
	WatermarkAge = NewGauge("watermark_age_seconds", "How far the watermark is behind the clock, by source.", "source")
)

// Block counts what a source has read with a block.
func Block(ctx context.Context, b *block.Block) {
	RecordsRead.Add(ctx, b.Records)
	RecordsRejected.Add(ctx, b.Rejected())
	BytesRead.Add(ctx, b.Bytes)
}
