package flink

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Check reports everything that is wrong with the flags of a pipeline that is
// unbounded, or not, and runs on Flink: what is missing, what contradicts
// itself, and what would lose data in silence. A program calls it to say so
// before it builds anything; Execute does too.
func Check(unbounded bool) error { return fromFlags().check(unbounded) }

// elsewhere are the options that are set otherwise than by --flink_option.
var elsewhere = map[string]string{
	"app_name":                   "use --job_name",
	"attached_mode":              "use --async",
	"checkpointing_interval":     "use --checkpointing_interval",
	"default_environment_config": "use --environment_config",
	"default_environment_type":   "use --environment_type",
	"experiments":                "use --experiments",
	"job_name":                   "use --job_name",
	"parallelism":                "use --parallelism",
	"resource_hints":             "use --resource_hints",
	"retain_docker_containers":   "use --retain_docker_containers",
	"savepoint_path":             "use --savepoint_path",
	"state_backend":              "use --state_backend",
	"state_backend_storage_path": "use --state_backend_storage_path",
	"streaming":                  "leave it out: a pipeline is streaming if a collection in it is unbounded",
}

// losing are the options that lose or repeat data of a streaming job unless
// they have the one value that does not, and why.
var losing = map[string]struct{ right, why string }{
	"checkpointing_mode": {"EXACTLY_ONCE",
		"after a fault the events since the last checkpoint would be counted twice"},
	"finish_bundle_before_checkpointing": {"true",
		"a checkpoint in the middle of a bundle leaves out what the bundle still holds, and no window fires"},
	"shutdown_sources_after_idle_ms": {"-1",
		"a source is idle whenever its reads wait to be resumed: it would be shut down, and the job end as done with most of its input unread"},
}

// minCheckpointing is the least interval that Flink accepts.
const minCheckpointing = 10 * time.Millisecond

func (s settings) check(unbounded bool) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if s.endpoint == "" {
		wrong("--endpoint is missing: HOST:PORT of the Flink job server, as --endpoint=localhost:8099")
	} else if _, port, err := net.SplitHostPort(s.endpoint); err != nil || port == "" {
		wrong("--endpoint=%s is not an address: HOST:PORT of the Flink job server, as localhost:8099", s.endpoint)
	}
	if unbounded && s.checkpointing < minCheckpointing {
		wrong("--checkpointing_interval=%v is less than %v: without checkpoints Flink shuts the sources of a streaming job down, and ends it as done with most of its input unread; 1s to 10s are right",
			s.checkpointing, minCheckpointing)
	}
	switch {
	case s.backend != "" && s.backend != "rocksdb" && s.backend != "filesystem":
		wrong("--state_backend=%s is neither rocksdb nor filesystem", s.backend)
	case s.backend != "" && s.storage == "":
		wrong("--state_backend=%s needs --state_backend_storage_path, a directory that all of the cluster can reach", s.backend)
	case s.backend == "" && s.storage != "":
		wrong("--state_backend_storage_path is ignored without --state_backend, rocksdb or filesystem")
	}
	if !unbounded && s.savepoint != "" {
		wrong("--savepoint_path: this pipeline is bounded, and starts from its beginning; only a streaming one has savepoints")
	}
	if u, err := url.Parse(s.rest); s.rest != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		wrong("--flink_rest=%s is not a URL, as http://localhost:8081", s.rest)
	}
	for _, o := range s.extra {
		if advice, ok := elsewhere[o.name]; ok {
			wrong("--flink_option=%s: %s", o.name, advice)
		}
		if l, ok := losing[o.name]; ok && unbounded && !strings.EqualFold(o.value, l.right) {
			wrong("--flink_option=%s=%s: %s; leave it out (%s)", o.name, o.value, l.why, l.right)
		}
	}
	errs = append(errs, s.workers.check(s.async))
	return errors.Join(errs...)
}
