package pubsub

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/mtime"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"google.golang.org/protobuf/proto"

	"crest/block"
)

// TestDataflowGraph translates a pipeline in which Dataflow reads.
func TestDataflowGraph(t *testing.T) {
	cfg := config(t)
	cfg.Dataflow, cfg.TimeAttribute = true, "at"
	p, s := beam.NewPipelineWithRoot()
	blocks := Read(s, cfg)
	if blocks.Type().Type() != reflect.TypeFor[block.Block]() {
		t.Errorf("a collection of %v", blocks.Type())
	}
	edges, _, err := p.Build()
	if err != nil {
		t.Fatal(err)
	}
	env, err := graphx.CreateEnvironment(context.Background(), "beam:env:embedded:v1", func(context.Context) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := graphx.Marshal(edges, &graphx.Options{Environment: env})
	if err != nil {
		t.Fatal(err)
	}
	for _, transform := range pipe.GetComponents().GetTransforms() {
		if transform.GetSpec().GetUrn() != "beam:transform:pubsub_read:v1" {
			continue
		}
		var read pipepb.PubSubReadPayload
		if err := proto.Unmarshal(transform.GetSpec().GetPayload(), &read); err != nil {
			t.Fatal(err)
		}
		if read.Subscription != subName || read.TimestampAttribute != "at" || !read.WithAttributes {
			t.Errorf("reads %+v", &read)
		}
		return
	}
	t.Error("Dataflow reads nothing")
}

// TestBlockFn makes blocks of the messages of bundles.
func TestBlockFn(t *testing.T) {
	fn := &blockFn{Config: config(t)}
	var blocks []block.Block
	var stamps []beam.EventTime
	emit := func(at beam.EventTime, b block.Block) { blocks, stamps = append(blocks, b), append(stamps, at) }
	const n = 3000
	for bundle := range 2 {
		if err := fn.StartBundle(context.Background(), emit); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			m := &pubsubpb.PubsubMessage{Data: fmt.Appendf(nil, `{"item":"%d %d"}`, bundle, i), MessageId: fmt.Sprint(bundle*n + i)}
			fn.ProcessElement(context.Background(), mtime.Time(1_000_000+i), m, emit)
		}
		fn.ProcessElement(context.Background(), mtime.Time(5), &pubsubpb.PubsubMessage{Data: []byte(strings.Repeat("x", 100))}, emit)
		fn.FinishBundle(context.Background(), emit)
		fn.FinishBundle(context.Background(), emit) // of an empty bundle
	}
	got := tally{items: make(map[string]int), ids: make(map[string]int), rejects: make(map[block.Reason]int)}
	for i := range blocks {
		got.add(&blocks[i])
		if want := mtime.Time(blocks[i].Times[0]); stamps[i] != want {
			t.Errorf("a block from %v is stamped %v", want, stamps[i])
		}
	}
	if len(got.items) != 2*n || got.records != 2*n+2 || got.rejects[block.Malformed] != 2 {
		t.Errorf("%d items, %d records, rejects %v", len(got.items), got.records, got.rejects)
	}
	if len(blocks) < 4 || len(blocks) > 10 {
		t.Errorf("%d blocks", len(blocks))
	}
}
