package main

import (
	"context"
	"fmt"
	"io"

	"crest/cli"
	"crest/metrics"
	"crest/store"
)

// reportLive says what a live job did until it was stopped, and how to look at it.
func reportLive(ctx context.Context, out io.Writer, p *Plan) error {
	r, err := newReporter(ctx, out, p)
	if err != nil {
		return err
	}
	defer r.tables.Close()
	sizes, err := r.tables.WindowSizes(ctx, store.Select{Job: p.Run.Job, Run: p.Run.Run})
	if err != nil {
		return err
	}
	for _, size := range sizes {
		r.lists(ctx, size)
	}
	r.rejects(ctx)
	if local() {
		count := func(c *metrics.Counter) string { return cli.Comma(uint64(c.Value())) }
		r.printf("%s read, %s counted, %s late, %s rejected\n",
			count(metrics.RecordsRead), count(metrics.RecordsCounted), count(metrics.RecordsLate), count(metrics.RecordsRejected))
	}
	r.further()
	if r.err != nil {
		return fmt.Errorf("reporting: %w", r.err)
	}
	return nil
}
