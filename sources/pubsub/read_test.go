package pubsub

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/block"
)

// start runs a pipeline that tallies a subscription, until the test ends. A
// bundle that fails ends it: Beam 2.77 closes the channel of a worker's answers
// while one may send to it where a job is cancelled.
func start(t *testing.T, cfg Config) {
	p, s := beam.NewPipelineWithRoot()
	beam.ParDo0(s, &tallyFn{Job: cfg.ID}, Read(s, cfg))
	ended := make(chan error, 1)
	go func() {
		_, err := beam.Run(context.Background(), "prism", p)
		ended <- err
	}()
	t.Cleanup(func() {
		ofJob(cfg.ID, func(t *tally) { t.ended = true })
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), errEnded.Error()) {
				t.Errorf("the pipeline ended with %.1000v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the pipeline did not end when a bundle failed")
		}
	})
}

// TestRead reads a subscription on prism: each message is counted once, and
// acknowledged, also poison and what is delivered twice.
func TestRead(t *testing.T) {
	srv, cfg := server(t), config(t)
	const n = 3000
	publish(srv, 0, n/2)
	srv.Publish(topicName, []byte("{poison"), nil)
	start(t, cfg)
	publish(srv, n/2, n)
	srv.Publish(topicName, nil, nil)
	await(t, "all are acknowledged", func() bool { return acked(srv) == n+2 })
	ofJob(cfg.ID, func(got *tally) {
		if got.records != n+2 || len(got.items) != n || len(got.ids) != n+2 {
			t.Errorf("%d records, %d items, %d ids", got.records, len(got.items), len(got.ids))
		}
		for i := range n {
			if c := got.items[fmt.Sprint("item ", i)]; c != 1 {
				t.Errorf("item %d counted %d times", i, c)
			}
		}
		if got.rejects[block.Malformed] != 1 || got.rejects[block.Empty] != 1 {
			t.Errorf("rejects %v", got.rejects)
		}
		for _, b := range got.blocks {
			if b.Source != "pubsub:"+subName || b.Watermark > 1_700_000_000_000+n*1000 {
				t.Errorf("block of %s at %d", b.Source, b.Watermark)
			}
			for _, m := range b.Messages {
				if srv.Message(string(b.Text(m.ID))) == nil || m.Offset != -1 {
					t.Errorf("message %q at %d", b.Text(m.ID), m.Offset)
				}
			}
		}
	})
}
