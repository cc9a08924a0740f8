package flink

import (
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	right := settings{endpoint: "localhost:8099", checkpointing: time.Second, workers: workerSettings{kind: loopback}}
	for _, unbounded := range []bool{false, true} {
		if err := right.check(unbounded); err != nil {
			t.Errorf("unbounded %v: %v", unbounded, err)
		}
	}
	extra := func(name, value string) func(*settings) {
		return func(s *settings) { s.extra = pairs{{name, value}} }
	}
	const both, streaming, batch = "both", "streaming", "batch"
	for _, test := range []struct {
		where  string // it is wrong; elsewhere it is right
		change func(*settings)
		want   []string
	}{
		{both, func(s *settings) { s.endpoint = "" }, []string{"--endpoint", "localhost:8099"}},
		{both, func(s *settings) { s.endpoint = "localhost" }, []string{"--endpoint=localhost", "HOST:PORT"}},
		{streaming, func(s *settings) { s.checkpointing = 0 }, []string{"--checkpointing_interval=0s", "1s"}},
		{streaming, func(s *settings) { s.checkpointing = -1 }, []string{"--checkpointing_interval"}},
		{streaming, extra("finish_bundle_before_checkpointing", "false"), []string{"finish_bundle_before_checkpointing=false", "no window fires", "true"}},
		{streaming, extra("shutdown_sources_after_idle_ms", "1000"), []string{"shutdown_sources_after_idle_ms=1000", "unread"}},
		{streaming, extra("shutdown_sources_after_idle_ms", "0"), []string{"shutdown_sources_after_idle_ms=0"}},
		{streaming, extra("checkpointing_mode", "AT_LEAST_ONCE"), []string{"checkpointing_mode=AT_LEAST_ONCE", "twice"}},
		{both, extra("checkpointing_interval", "-1"), []string{"use --checkpointing_interval"}},
		{both, extra("streaming", "true"), []string{"--flink_option=streaming", "unbounded"}},
		{both, extra("attached_mode", "false"), []string{"use --async"}},
		{both, func(s *settings) { s.backend, s.storage = "memory", "file:///state" }, []string{"--state_backend=memory", "rocksdb"}},
		{both, func(s *settings) { s.backend = "rocksdb" }, []string{"--state_backend_storage_path"}},
		{both, func(s *settings) { s.storage = "file:///state" }, []string{"--state_backend"}},
		{batch, func(s *settings) { s.savepoint = "file:///savepoint" }, []string{"--savepoint_path", "bounded"}},
		{both, func(s *settings) { s.rest = "localhost:8081" }, []string{"--flink_rest", "http://"}},
		{both, func(s *settings) { s.workers.kind = "" }, []string{"--environment_type", "LOOPBACK"}},
		{both, func(s *settings) { s.workers.kind = "LOCAL" }, []string{"--environment_type=LOCAL", "LOOPBACK"}},
		{both, func(s *settings) { s.async = true }, []string{"--async", "LOOPBACK"}},
		{both, func(s *settings) { s.workers.kind = external }, []string{"--environment_config", "HOST:PORT"}},
		{both, func(s *settings) { s.workers = workerSettings{kind: process, config: "/boot"} }, []string{"--environment_config", `{"command"`}},
	} {
		s := right
		test.change(&s)
		for _, unbounded := range []bool{false, true} {
			err := s.check(unbounded)
			if wrong := test.where == both || unbounded == (test.where == streaming); (err != nil) != wrong {
				t.Errorf("%v, unbounded %v: got %v", test.want, unbounded, err)
			}
			for _, text := range test.want {
				if err != nil && !strings.Contains(err.Error(), text) {
					t.Errorf("%q is not in: %v", text, err)
				}
			}
		}
	}

	// All that is wrong is told.
	err := settings{checkpointing: -1}.check(true)
	for _, text := range []string{"--endpoint", "--checkpointing_interval", "--environment_type"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in: %v", text, err)
		}
	}
}

func TestPairs(t *testing.T) {
	var p pairs
	for s, right := range map[string]bool{"a=1": true, "b=": true, "c=x=y": true, "d": false, "=1": false} {
		if err := p.Set(s); (err == nil) != right {
			t.Errorf("%q: %v", s, err)
		}
	}
	if err := p.Set("a=2"); err == nil {
		t.Error("an option can be given twice")
	}
}
