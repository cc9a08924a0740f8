// Package metrics counts what a running job does, twice: as Beam metrics, which
// every runner gathers from its workers, and in this process for Prometheus and
// for progress on a terminal. A bundle that a runner repeats counts again in
// both: exact accounts are in the tables.
package metrics

import (
	"context"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/prometheus/client_golang/prometheus"

	dto "github.com/prometheus/client_model/go"
)

// namespace is that of all metrics, in Beam and in Prometheus.
const namespace = "crest"

var registry = prometheus.NewRegistry()

// A Counter only grows.
type Counter struct {
	beam    beam.Counter
	process prometheus.Counter
}

// NewCounter makes a counter. Names are in the form of Prometheus, without the
// project's prefix: records_read_total.
func NewCounter(name, help string) *Counter {
	c := &Counter{
		beam:    beam.NewCounter(namespace, name),
		process: prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}),
	}
	registry.MustRegister(c.process)
	return c
}

// Add adds n, which is not negative. The context is that of the bundle.
func (c *Counter) Add(ctx context.Context, n int64) {
	if n != 0 {
		c.beam.Inc(ctx, n)
		c.process.Add(float64(n))
	}
}

// Value is what was counted in this process.
func (c *Counter) Value() int64 {
	var m dto.Metric
	if c.process.Write(&m) != nil {
		return 0
	}
	return int64(m.GetCounter().GetValue())
}

// A Gauge is a value of now, for each of some parts.
type Gauge struct {
	beam    beam.Gauge
	process *prometheus.GaugeVec
}

// NewGauge makes a gauge whose parts are told apart by the label.
func NewGauge(name, help, label string) *Gauge {
	g := &Gauge{
		beam:    beam.NewGauge(namespace, name),
		process: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, []string{label}),
	}
	registry.MustRegister(g.process)
	return g
}

// Set sets the value of a part. Beam keeps the last one of all parts.
func (g *Gauge) Set(ctx context.Context, part string, v int64) {
	g.beam.Set(ctx, v)
	g.process.WithLabelValues(part).Set(float64(v))
}

// Values are the values of all parts.
func (g *Gauge) Values() map[string]int64 {
	ch := make(chan prometheus.Metric, 64)
	go func() {
		g.process.Collect(ch)
		close(ch)
	}()
	values := make(map[string]int64)
	for m := range ch {
		var d dto.Metric
		if m.Write(&d) == nil && len(d.Label) > 0 {
			values[d.Label[0].GetValue()] = int64(d.GetGauge().GetValue())
		}
	}
	return values
}

// A Distribution is of values that come often: sizes, durations.
type Distribution struct {
	beam    beam.Distribution
	process prometheus.Histogram
	unit    float64
}

// NewDurations makes a distribution of durations. Prometheus has them in
// seconds, Beam in milliseconds.
func NewDurations(name, help string) *Distribution {
	return newDistribution(name, help, prometheus.ExponentialBuckets(0.001, 2, 16), 1000)
}

// NewSizes makes a distribution of sizes in bytes.
func NewSizes(name, help string) *Distribution {
	return newDistribution(name, help, prometheus.ExponentialBuckets(256, 4, 12), 1)
}

func newDistribution(name, help string, buckets []float64, unit float64) *Distribution {
	d := &Distribution{
		beam:    beam.NewDistribution(namespace, name),
		process: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}),
		unit:    unit,
	}
	registry.MustRegister(d.process)
	return d
}

// Took adds a duration.
func (d *Distribution) Took(ctx context.Context, took time.Duration) { d.Add(ctx, took.Milliseconds()) }

// Add adds a value: bytes, or milliseconds.
func (d *Distribution) Add(ctx context.Context, v int64) {
	d.beam.Update(ctx, v)
	d.process.Observe(float64(v) / d.unit)
}
