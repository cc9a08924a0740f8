package pubsub

import (
	"context"
	"reflect"
	"strings"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/pubsubio"

	"crest/block"
	"crest/metrics"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[blockFn]())
}

// readDataflow has Dataflow read the subscription, with its own acknowledgements,
// watermark and deduplication.
func readDataflow(s beam.Scope, cfg Config) beam.PCollection {
	name := strings.Split(cfg.Subscription, "/")
	messages := pubsubio.Read(s, name[1], pubsubio.ReadOptions{
		Subscription: name[3], TimestampAttribute: cfg.TimeAttribute, WithAttributes: true,
	})
	return beam.ParDo(s, &blockFn{Config: cfg}, messages)
}

// blockFn makes blocks of the messages of a bundle.
type blockFn struct {
	Config  Config
	decoder *decoder
	pending []received
	size    int64
}

func (fn *blockFn) StartBundle(context.Context, func(beam.EventTime, block.Block)) (err error) {
	fn.pending, fn.size = nil, 0
	if fn.decoder == nil {
		fn.decoder, err = newDecoder(fn.Config)
	}
	return err
}

func (fn *blockFn) ProcessElement(ctx context.Context, at beam.EventTime, m *pubsubpb.PubsubMessage, emit func(beam.EventTime, block.Block)) {
	next := newReceived(m)
	if next.published == block.NoTime { // Dataflow has it as the element's
		next.published = at.Milliseconds()
	}
	fn.pending = append(fn.pending, next)
	if fn.size += next.size; fn.size >= blockSize {
		fn.emit(ctx, emit)
	}
}

func (fn *blockFn) FinishBundle(ctx context.Context, emit func(beam.EventTime, block.Block)) {
	if len(fn.pending) > 0 {
		fn.emit(ctx, emit)
	}
}

func (fn *blockFn) emit(ctx context.Context, emit func(beam.EventTime, block.Block)) {
	b := fn.decoder.decode(fn.pending)
	at := mtime.Time(b.Earliest(fn.pending[0].published))
	fn.pending, fn.size = nil, 0
	metrics.Block(ctx, &b)
	emit(at, b)
}
