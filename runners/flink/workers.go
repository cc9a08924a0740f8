package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/core"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/graphx"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"
)

// Kinds of workers, as --environment_type names them.
const (
	docker   = "DOCKER"   // containers that Flink starts
	process  = "PROCESS"  // processes that Flink starts
	external = "EXTERNAL" // a pool of workers that runs beside Flink
	loopback = "LOOPBACK" // this process
)

// workerSettings say where the DoFns run.
type workerSettings struct {
	kind, config string
	binary       string // that the workers run; empty: this program
}

func (s workerSettings) check(async bool) error {
	switch s.kind {
	case "":
		return errors.New("--environment_type is missing: LOOPBACK (workers in this process), EXTERNAL (a worker pool), PROCESS or DOCKER")
	case loopback:
		if async {
			return errors.New("--async with --environment_type=LOOPBACK: the workers are in this process, and would end with it; choose EXTERNAL, PROCESS or DOCKER, or wait")
		}
	case external:
		if _, port, err := net.SplitHostPort(s.config); err != nil || port == "" {
			return fmt.Errorf("--environment_config=%q is not the HOST:PORT of a worker pool, which --environment_type=EXTERNAL needs", s.config)
		}
	case process:
		var config struct{ Command string }
		if err := json.Unmarshal([]byte(s.config), &config); err != nil || config.Command == "" {
			return fmt.Errorf(`--environment_config=%q is not what --environment_type=PROCESS needs: JSON with the command that Flink starts, as {"command":"/opt/apache/beam/boot"}`, s.config)
		}
	case docker:
		if s.binary == "" && runtime.GOOS != "linux" {
			return fmt.Errorf("--environment_type=DOCKER: containers cannot run this program, which is for %s; build it with GOOS=linux and name it in --worker_binary", runtime.GOOS)
		}
	default:
		return fmt.Errorf("--environment_type=%s is none of LOOPBACK, EXTERNAL, PROCESS and DOCKER", s.kind)
	}
	return nil
}

// workers are the place where the DoFns run.
type workers struct {
	environment *pipepb.Environment
	binary      string // to be staged; empty in this process
	stop        func()
}

// start makes the environment, and in this process a server of workers, which
// outlives the context: a job that is being cancelled still has its workers.
func (s workerSettings) start(ctx context.Context) (*workers, error) {
	urn, config := graphx.URNEnvExternal, s.config
	stop := func() {}
	switch s.kind {
	case loopback:
		ctx := context.WithoutCancel(ctx)
		server, err := extworker.StartLoopback(ctx, 0)
		if err != nil {
			return nil, fmt.Errorf("starting workers in this process: %w", err)
		}
		config = server.EnvironmentConfig(ctx)
		stop = func() { server.Stop(ctx) }
	case process:
		urn = graphx.URNEnvProcess
	case docker:
		urn = graphx.URNEnvDocker
		if config == "" {
			config = core.DefaultDockerImage
		}
	}
	env, err := graphx.CreateEnvironment(ctx, urn, func(context.Context) string { return config })
	if err != nil {
		stop()
		return nil, fmt.Errorf("--environment_config: %w", err)
	}
	w := &workers{environment: env, binary: s.binary, stop: stop}
	if s.kind == loopback {
		env.Dependencies, w.binary = nil, ""
		return w, nil
	}
	if w.binary == "" {
		if w.binary, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("finding this program, which the workers run: %w", err)
		}
	}
	return w, nil
}
