package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// A sample is what the job's metrics say at one time.
type sample struct {
	at         time.Duration // since the job's start
	heap       float64       // bytes in use, garbage among them
	live       float64       // bytes that the last collection left
	resident   float64       // bytes
	goroutines float64
	cpu        float64 // seconds since the start
	read       float64 // records since the start
	late       float64 // records since the start
	lag        float64 // records, of all partitions
	age        float64 // seconds that the watermark is behind the clock
}

const sampleTimeout = 5 * time.Second

// takeSample reads the metrics that are served at an address.
func takeSample(ctx context.Context, address string) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return sample{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return sample{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return sample{}, err
	}
	if response.StatusCode != http.StatusOK {
		return sample{}, errors.New(response.Status)
	}
	return parseSample(string(text)), nil
}

// parseSample reads metrics in the text format of Prometheus. Those with labels
// are added up.
func parseSample(text string) sample {
	sums := make(map[string]float64)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		name, _, _ = strings.Cut(name, "{")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			sums[name] += v
		}
	}
	return sample{
		heap: sums["go_memstats_heap_inuse_bytes"],
		// The next collection begins when the heap has grown by GOGC percent.
		live:       sums["go_memstats_next_gc_bytes"] / (1 + sums["go_gc_gogc_percent"]/100),
		resident:   sums["process_resident_memory_bytes"],
		goroutines: sums["go_goroutines"],
		cpu:        sums["process_cpu_seconds_total"],
		read:       sums["crest_records_read_total"],
		late:       sums["crest_records_late_total"],
		lag:        sums["crest_lag_records"],
		age:        sums["crest_watermark_age_seconds"],
	}
}

// metricsAddress waits until the job says where its metrics are.
func (p *process) metricsAddress(ctx context.Context) (address string, err error) {
	err = p.await(ctx, time.Minute, func() (bool, error) {
		text, err := os.ReadFile(p.log)
		if err != nil {
			return false, err
		}
		_, after, ok := strings.Cut(string(text), "metrics at ")
		line, _, whole := strings.Cut(after, "\n")
		address = line
		return ok && whole, nil
	})
	if err != nil {
		return "", fmt.Errorf("waiting for the job's metrics: %w", err)
	}
	return address, nil
}
