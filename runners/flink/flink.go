// Package flink runs Beam pipelines on Flink, through a Beam job server. It
// registers itself as the runner "flink".
//
// Beam's own Go runner of that name sends a job server the pipeline and its
// parallelism, and none of Flink's options. Without them a streaming job reads
// and never fires a window, or ends as done with most of its input unread. This
// one sends them, sets what streaming needs, and refuses what loses data in
// silence. It takes the place of Beam's: a program that imports both, or beamx,
// which imports Beam's, panics when it starts.
//
// A pipeline is streaming if one of its collections is unbounded, as it is to
// Flink: in Go, if a splittable DoFn returns a sdf.ProcessContinuation. Such a
// job does not end by itself, even if its sources do.
package flink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness/init" // the program is its own worker
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
)

func init() { beam.RegisterRunner("flink", Execute) }

// outputKey is where a context holds what WithOutput was given.
type outputKey struct{}

// WithOutput returns a context under which Execute writes the job's id, states
// and messages to w, a line each, instead of to the standard error.
func WithOutput(ctx context.Context, w io.Writer) context.Context {
	return context.WithValue(ctx, outputKey{}, w)
}

func output(ctx context.Context) io.Writer {
	if w, ok := ctx.Value(outputKey{}).(io.Writer); ok {
		return w
	}
	return os.Stderr
}

// Execute runs the pipeline on the job server at --endpoint, and waits for its
// end; with --async, for its start. It is the runner "flink".
//
// A job that fails, or is cancelled by somebody else, is an error with the whole
// message of the job. When the context ends, the job is cancelled, with --flink_rest
// in Flink itself, and the error is the context's. The result holds the job's metrics where the
// server has them.
func Execute(ctx context.Context, p *beam.Pipeline) (beam.PipelineResult, error) {
	if !beam.Initialized() {
		return nil, errors.New("flink: call beam.Init before the pipeline runs")
	}
	return fromFlags().execute(ctx, p)
}

// execute builds the pipeline, submits it and waits.
func (s settings) execute(ctx context.Context, p *beam.Pipeline) (beam.PipelineResult, error) {
	edges, _, err := p.Build()
	if err != nil {
		return nil, fmt.Errorf("flink: building the pipeline: %w", err)
	}
	unbounded := false
	for _, e := range edges {
		for _, out := range e.Output {
			unbounded = unbounded || !out.To.Bounded()
		}
	}
	if err := s.check(unbounded); err != nil {
		return nil, fmt.Errorf("flink: %w", err)
	}
	workers, err := s.workers.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("flink: %w", err)
	}
	defer workers.stop()

	pipeline, err := graphx.Marshal(edges, &graphx.Options{
		Environment:           workers.environment,
		PipelineResourceHints: jobopts.GetPipelineResourceHints(),
	})
	if err != nil {
		return nil, fmt.Errorf("flink: translating the pipeline: %w", err)
	}
	return s.run(ctx, pipeline, unbounded, workers.binary)
}

// run submits the job and waits for it.
func (s settings) run(ctx context.Context, pipeline *pipepb.Pipeline, unbounded bool, binary string) (beam.PipelineResult, error) {
	server, err := dial(s.endpoint, s.rest)
	if err != nil {
		return nil, fmt.Errorf("flink: %w", err)
	}
	defer server.close()
	id, err := server.submit(ctx, s, pipeline, unbounded, binary)
	if err != nil {
		return nil, fmt.Errorf("flink: %w", err)
	}
	out := output(ctx)
	fmt.Fprintf(out, "flink: submitted job %s to %s\n", id, s.endpoint)
	if s.async {
		return &result{job: id}, nil
	}
	err = server.watch(ctx, id, out)
	if err != nil {
		err = fmt.Errorf("flink: %w", err)
	}
	return server.result(ctx, id, pipeline, out), err
}
