package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"crest/cli"
	"crest/metrics"
	"crest/sinks/sqlite"
)

// reportLive says what a live job did until it was stopped, and how to look at it.
func reportLive(out io.Writer, p *Plan) error {
	file, err := sqlite.OpenReader(p.Stores[0])
	if err != nil {
		return err
	}
	defer file.Close()
	ctx := context.Background()
	r := &reporter{out: out, color: cli.IsTerminal(out) && os.Getenv("NO_COLOR") == "", file: file, plan: p}
	sizes, err := file.WindowSizes(ctx, sqlite.Select{Job: p.Run.Job, Run: p.Run.Run})
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
