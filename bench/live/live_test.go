package main

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"crest/bench/stream"
)

func TestParseEvent(t *testing.T) {
	zipf := stream.NewZipf(1.1, 100)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	c := stream.Default
	c.Disorder = 0
	line := c.AppendEvent(nil, at, zipf, rand.New(rand.NewPCG(1, 1)))
	got, item, err := parseEvent(line)
	if err != nil || !got.Equal(at) || len(item) < 2 || item[0] != 'i' {
		t.Errorf("%s: time %v, item %q, error %v", line, got, item, err)
	}
	for _, bad := range []string{"", `{"time":"`, `{"time":"2026-01-02T03:04:05Z","item":"x`, `{"time":"y","item":"x"}`} {
		if _, _, err := parseEvent([]byte(bad)); err == nil {
			t.Errorf("%q is an event", bad)
		}
	}
}

func TestByPackage(t *testing.T) {
	const top = `File: topk
Showing nodes accounting for 3.77s, 86.27% of 4.37s total
      flat  flat%   sum%        cum   cum%
     0.41s 10.00% 10.00%      0.41s  9.38%  runtime.memclrNoHeapPointers
     0.38s  8.00% 18.08%      1.40s 32.04%  runtime.selectgo
     0.06s 15.50% 18.08%      0.26s  5.95%  crest/block.(*Block).Append
     0.04s  1.50% 18.08%      0.04s  0.92%  slices.Grow[go.shape.[]crest/block.Text,go.shape.int] (inline)
`
	want := []share{{"runtime", 18}, {"crest/block", 15.5}, {"slices", 1.5}}
	if got := byPackage(top); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseSample(t *testing.T) {
	got := parseSample(`# HELP go_goroutines Number of goroutines.
go_goroutines 12
go_gc_gogc_percent 400
go_memstats_next_gc_bytes 5e+08
crest_lag_records{partition="events/0"} 3
crest_lag_records{partition="events/1"} 4
`)
	if got.goroutines != 12 || got.live != 1e8 || got.lag != 7 {
		t.Errorf("%+v", got)
	}
}

func TestTrendsTellGrowth(t *testing.T) {
	var samples []sample
	for i := range 30 {
		samples = append(samples, sample{live: 100e6 + 10e6*float64(i), goroutines: 50, lag: 1000})
	}
	for _, trend := range trends(samples, 200_000) {
		if grows := trend.name == "live heap, MB"; trend.steady() == grows {
			t.Errorf("%+v: steady is %v", trend, trend.steady())
		}
	}
}
