package main

import (
	"context"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/exec/optimized" // fewer reflections
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dataflow"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/dot"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal"

	_ "crest/runners/flink" // Flink with its own options, in the place of Beam's
)

// knownRunners are what --runner may name.
var knownRunners = []string{"prism", "flink", "dataflow", "dot", "universal"}

// runnerName is the runner that was asked for.
func runnerName() string {
	if *runners.Runner == "" {
		return knownRunners[0]
	}
	return *runners.Runner
}

// local tells whether the runner runs in this process, one bundle after another.
func local() bool { return runnerName() == "prism" }

// inProcess tells whether the runner and its workers are all in this process.
func inProcess() bool {
	return local() && (jobopts.IsLoopback() || *jobopts.Endpoint == "" && *jobopts.EnvironmentType == "")
}

func isRunner(name string) bool { return slices.Contains(knownRunners, name) }

// execute runs the pipeline on the runner that was asked for.
func execute(ctx context.Context, p *beam.Pipeline) error {
	_, err := beam.Run(ctx, runnerName(), p)
	return err
}
