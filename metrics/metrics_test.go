package metrics

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	ctx := t.Context()
	c := NewCounter("things_total", "Things.")
	c.Add(ctx, 3)
	c.Add(ctx, 4)
	g := NewGauge("depth_records", "Depth.", "partition")
	g.Set(ctx, "t/0", 5)
	g.Set(ctx, "t/1", 6)
	NewDurations("took_seconds", "Time.").Took(ctx, 1500*time.Millisecond)
	NewSizes("size_bytes", "Sizes.").Add(ctx, 1000)
	if c.Value() != 7 || g.Values()["t/1"] != 6 || len(g.Values()) != 2 {
		t.Errorf("counter %d, gauge %v", c.Value(), g.Values())
	}
	serving, stop := context.WithCancel(ctx)
	addr, err := Serve(serving, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"crest_things_total 7", `crest_depth_records{partition="t/0"} 5`, "crest_took_seconds_sum 1.5", "crest_size_bytes_count 1", "go_goroutines "} {
		if !strings.Contains(string(text), line) {
			t.Errorf("no %q in\n%.2000s", line, text)
		}
	}
	profile, err := http.Get("http://" + addr + "/debug/pprof/heap")
	if err != nil {
		t.Fatal(err)
	}
	defer profile.Body.Close()
	if head, err := io.ReadAll(profile.Body); err != nil || profile.StatusCode != http.StatusOK || len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		t.Errorf("a heap profile: %s, %v, %d bytes", profile.Status, err, len(head))
	}
	if _, err := Serve(serving, addr); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("a second server at one address: %v", err)
	}
	stop()
}
