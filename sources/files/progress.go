package files

import (
	"context"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/block"
)

// The metrics of this source: running jobs are watched by these names.
const metrics = "files"

var (
	recordsRead     = beam.NewCounter(metrics, "records_read")
	recordsRejected = beam.NewCounter(metrics, "records_rejected")
	bytesRead       = beam.NewCounter(metrics, "bytes_read")
)

var process struct{ bytes, records, rejected atomic.Int64 }

// Progress returns what this process has emitted since it started: stored
// (compressed) bytes, records (the rejected among them), and rejected records. A
// bundle that the runner repeats counts again.
func Progress() (bytes, records, rejected int64) {
	return process.bytes.Load(), process.records.Load(), process.rejected.Load()
}

func count(ctx context.Context, b *block.Block) {
	rejected := b.Rejected()
	process.bytes.Add(b.Bytes)
	process.records.Add(b.Records)
	process.rejected.Add(rejected)
	bytesRead.Inc(ctx, b.Bytes)
	recordsRead.Inc(ctx, b.Records)
	recordsRejected.Inc(ctx, rejected)
}
