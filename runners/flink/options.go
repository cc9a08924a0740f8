package flink

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
)

// Flags are the names of the flags that this package adds to those of Beam,
// for a program that prints its flags by group. Of Beam's it obeys endpoint,
// job_name, parallelism, async, environment_type, environment_config,
// worker_binary, experiments, resource_hints and retain_docker_containers.
var Flags = []string{"checkpointing_interval", "state_backend", "state_backend_storage_path", "savepoint_path", "flink_rest", "flink_option"}

var (
	checkpointingInterval = flag.Duration("checkpointing_interval", time.Second,
		"`time` between the checkpoints of a streaming job, which it resumes from after a fault; 10ms at least")
	stateBackend = flag.String("state_backend", "",
		"`kind` of store for a streaming job's state: rocksdb or filesystem (default: the cluster's)")
	stateStoragePath = flag.String("state_backend_storage_path", "",
		"`URL` of the directory for checkpoints, as file:///…, hdfs://… or s3://…, that all of the cluster can reach; needed by --state_backend")
	savepointPath = flag.String("savepoint_path", "",
		"`URL` of the savepoint or checkpoint that a streaming job starts from")
	flinkREST = flag.String("flink_rest", "",
		"`URL` of Flink's REST interface, as http://localhost:8081; without it a job that is interrupted must be cancelled in Flink by hand")
	extraOptions pairs
)

func init() {
	flag.Var(&extraOptions, "flink_option",
		"another option of Flink's runner, as `NAME=VALUE`; may be given more than once, as --flink_option=max_parallelism=128")
}

// pairs are the values of a repeated flag, NAME=VALUE each.
type pairs []pair

type pair struct{ name, value string }

func (p *pairs) String() string {
	var all []string
	for _, o := range *p {
		all = append(all, o.name+"="+o.value)
	}
	return strings.Join(all, " ")
}

func (p *pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not an option: NAME=VALUE", s)
	}
	for _, o := range *p {
		if o.name == name {
			return fmt.Errorf("%s is given twice", name)
		}
	}
	*p = append(*p, pair{name, value})
	return nil
}

// settings are what the flags say.
type settings struct {
	endpoint, name              string
	parallelism                 int // 0 or less: the cluster's own
	async                       bool
	checkpointing               time.Duration
	backend, storage, savepoint string
	rest                        string
	extra                       pairs
	experiments                 []string
	retainContainers            bool
	workers                     workerSettings
}

func fromFlags() settings {
	return settings{
		endpoint:         *jobopts.Endpoint,
		name:             jobopts.GetJobName(),
		parallelism:      *jobopts.Parallelism,
		async:            *jobopts.Async,
		checkpointing:    *checkpointingInterval,
		backend:          *stateBackend,
		storage:          *stateStoragePath,
		savepoint:        *savepointPath,
		rest:             *flinkREST,
		extra:            extraOptions,
		experiments:      jobopts.GetExperiments(),
		retainContainers: *jobopts.RetainDockerContainers,
		workers: workerSettings{
			kind:   strings.ToUpper(*jobopts.EnvironmentType),
			config: *jobopts.EnvironmentConfig,
			binary: *jobopts.WorkerBinary,
		},
	}
}

// options are those of Beam's Java options that the job is sent, by name.
func (s settings) options(unbounded bool, known descriptions) (map[string]any, error) {
	all := map[string]any{
		"app_name":    s.name,
		"experiments": append(s.experiments, "beam_fn_api"),
	}
	if s.parallelism > 0 {
		all["parallelism"] = s.parallelism
	}
	if s.retainContainers {
		all["retain_docker_containers"] = true
	}
	if unbounded {
		all["streaming"] = true
		all["checkpointing_interval"] = s.checkpointing.Milliseconds()
		all["checkpointing_mode"] = "EXACTLY_ONCE"
		all["finish_bundle_before_checkpointing"] = true
		// Elements wait for their bundle to end. By default that is a second
		// a stage.
		all["max_bundle_time_mills"] = 100
	} else {
		// Pipelined exchange, the default, can block a graph whose branches
		// meet again (FLINK-10672).
		all["execution_mode_for_batch"] = "BATCH_FORCED"
	}
	for name, value := range map[string]string{
		"state_backend":              s.backend,
		"state_backend_storage_path": s.storage,
		"savepoint_path":             s.savepoint,
	} {
		if value != "" {
			all[name] = value
		}
	}
	if err := known.supports(all); err != nil {
		return nil, err
	}
	for _, o := range s.extra {
		value, err := known.parse(o)
		if err != nil {
			return nil, err
		}
		all[o.name] = value
	}
	return all, nil
}
