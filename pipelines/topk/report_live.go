package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"crest/cli"
	"crest/metrics"
	"crest/store"
)

// reportTimeout bounds how long a job that was stopped takes to say what it did.
const reportTimeout = time.Minute

// reportLive says what a live job did until it was stopped, and how to look at it.
func reportLive(out io.Writer, p *Plan) error {
	ctx, cancel := context.WithTimeout(context.Background(), reportTimeout)
	defer cancel()
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
