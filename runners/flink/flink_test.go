package flink

import (
	"bytes"
	"context"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
)

// inLoopback are settings that are right, with workers in this process.
func inLoopback(f *fakeServer) settings {
	return settings{endpoint: f.address, name: "test", checkpointing: time.Second, workers: workerSettings{kind: loopback}}
}

// run runs a pipeline, and returns what it wrote.
func run(ctx context.Context, s settings, p *beam.Pipeline) (beam.PipelineResult, string, error) {
	var out bytes.Buffer
	r, err := s.execute(WithOutput(ctx, &out), p)
	return r, out.String(), err
}

// sent are the options that were sent, but Go's own.
func sent(t *testing.T, f *fakeServer) map[string]any {
	t.Helper()
	options := make(map[string]any)
	for name, value := range f.prepared.GetPipelineOptions().AsMap() {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "beam:option:"), ":v1")
		if name != "go_options" {
			options[name] = value
		}
	}
	return options
}

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name     string
		pipeline *beam.Pipeline
		change   func(*settings)
		want     map[string]any
	}{
		{"streaming", stream(), func(*settings) {}, map[string]any{
			"app_name": "test", "streaming": true, "checkpointing_interval": 1000., "checkpointing_mode": "EXACTLY_ONCE",
			"finish_bundle_before_checkpointing": true, "max_bundle_time_mills": 100.}},
		{"batch", batch(), func(*settings) {}, map[string]any{"app_name": "test", "execution_mode_for_batch": "BATCH_FORCED"}},
		{"all", stream(), func(s *settings) {
			s.parallelism = 3
			s.checkpointing = 10 * time.Second
			s.backend, s.storage, s.savepoint = "rocksdb", "file:///state", "file:///savepoint"
			s.retainContainers = true
			s.extra = pairs{{"max_bundle_time_mills", "50"}, {"object_reuse", "true"}, {"max_cache_memory_usage_percent", "2.5"}, {"files_to_stage", "a,b"}}
		}, map[string]any{
			"app_name": "test", "streaming": true, "checkpointing_interval": 10000., "checkpointing_mode": "EXACTLY_ONCE",
			"finish_bundle_before_checkpointing": true, "max_bundle_time_mills": 50., "parallelism": 3.,
			"state_backend": "rocksdb", "state_backend_storage_path": "file:///state", "savepoint_path": "file:///savepoint",
			"retain_docker_containers": true, "object_reuse": true, "max_cache_memory_usage_percent": 2.5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := startFake(t, say(jobpb.JobState_DONE))
			s := inLoopback(f)
			test.change(&s)
			if _, _, err := run(t.Context(), s, test.pipeline); err != nil {
				t.Fatal(err)
			}
			got := sent(t, f)
			if x, ok := got["experiments"].([]any); !ok || !slices.Contains(x, any("beam_fn_api")) {
				t.Errorf("experiments: %v", got["experiments"])
			}
			if x, ok := got["files_to_stage"].([]any); ok && !slices.Equal(x, []any{"a", "b"}) {
				t.Errorf("files_to_stage: %v", x)
			}
			delete(got, "experiments")
			delete(got, "files_to_stage")
			if !maps.Equal(got, test.want) {
				t.Errorf("sent\n%v, want\n%v", got, test.want)
			}
			if f.ran.GetPreparationId() != "preparation" || f.ran.GetRetrievalToken() != "token" {
				t.Errorf("ran %v", f.ran)
			}
		})
	}
}

// What the server would ignore is refused, and nothing is submitted.
func TestOptionsUnknown(t *testing.T) {
	f := startFake(t)
	s := inLoopback(f)
	for _, test := range []struct {
		option pair
		want   string
	}{
		{pair{"max_bundle_tim_mills", "100"}, "max_bundle_time_mills"},
		{pair{"max_parallelism", "many"}, "must be an integer"},
		{pair{"object_reuse", "1.5"}, "must be a boolean"},
	} {
		s.extra = pairs{test.option}
		_, _, err := run(t.Context(), s, stream())
		if err == nil || !strings.Contains(err.Error(), "--flink_option="+test.option.name) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: got %v, want %q in it", test.option, err, test.want)
		}
	}
	f.options = f.options[:0]
	s.extra = nil
	if _, _, err := run(t.Context(), s, stream()); err == nil || !strings.Contains(err.Error(), "finish_bundle_before_checkpointing") {
		t.Errorf("another runner's server: got %v", err)
	}
	if f.prepared != nil {
		t.Error("a job was prepared")
	}
}

func TestStaging(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	program := filepath.Join(t.TempDir(), "program")
	content := bytes.Repeat([]byte("program"), 400_000)
	if err := os.WriteFile(program, content, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		workers workerSettings
		urn     string
		want    []byte
	}{
		{workerSettings{kind: loopback}, "beam:env:external:v1", nil},
		{workerSettings{kind: external, config: "localhost:50000", binary: program}, "beam:env:external:v1", content},
		{workerSettings{kind: process, config: `{"command":"/boot"}`, binary: program}, "beam:env:process:v1", content},
		{workerSettings{kind: docker, binary: program}, "beam:env:docker:v1", content},
	} {
		f := startFake(t, say(jobpb.JobState_DONE))
		s := inLoopback(f)
		s.workers = test.workers
		if _, _, err := run(t.Context(), s, batch()); err != nil {
			t.Fatalf("%s: %v", test.workers.kind, err)
		}
		if !bytes.Equal(f.staged, test.want) {
			t.Errorf("%s: %d bytes staged, want %d", test.workers.kind, len(f.staged), len(test.want))
		}
		for _, env := range f.prepared.GetPipeline().GetComponents().GetEnvironments() {
			if env.GetUrn() != test.urn {
				t.Errorf("%s: environment %s, want %s", test.workers.kind, env.GetUrn(), test.urn)
			}
		}
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAsync(t *testing.T) {
	f := startFake(t)
	s := inLoopback(f)
	s.async = true
	s.workers = workerSettings{kind: external, config: "localhost:50000"}
	r, out, err := run(t.Context(), s, batch())
	if err != nil {
		t.Fatal(err)
	}
	if r.JobID() != jobID || !strings.Contains(out, jobID) || f.opened != 0 {
		t.Errorf("job %q, %d streams, wrote %q", r.JobID(), f.opened, out)
	}
	if len(r.Metrics().AllMetrics().Counters()) != 0 {
		t.Error("metrics of a job that runs")
	}
}

func TestMetrics(t *testing.T) {
	f := startFake(t, say(jobpb.JobState_DONE))
	f.metrics = []*pipepb.MonitoringInfo{{
		Urn: "beam:metric:user:sum_int64:v1", Type: "beam:metrics:sum_int64:v1", Payload: []byte{42},
		Labels: map[string]string{"PTRANSFORM": "e1", "NAMESPACE": "crest", "NAME": "read"},
	}}
	r, _, err := run(t.Context(), inLoopback(f), batch())
	if err != nil {
		t.Fatal(err)
	}
	counters := r.Metrics().Query(func(m metrics.SingleResult) bool { return m.Name() == "read" }).Counters()
	if len(counters) != 1 || counters[0].Attempted != 42 {
		t.Errorf("got %v", counters)
	}
}

func TestUnreachable(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lis.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	s := settings{endpoint: lis.Addr().String(), checkpointing: time.Second, workers: workerSettings{kind: loopback}}
	_, _, err = run(ctx, s, batch())
	if err == nil || !strings.Contains(err.Error(), s.endpoint) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}
