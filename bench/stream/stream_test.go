package stream

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

func small() Config {
	c := Default
	c.N = 3*chunk + 17
	return c
}

func write(t *testing.T, c Config) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteEvents(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEqualSeedsMakeEqualBytesOnAnyNumberOfCores(t *testing.T) {
	all := write(t, small())
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !bytes.Equal(all, write(t, small())) {
		t.Error("one core makes another stream than all of them")
	}
	other := small()
	other.Seed++
	if bytes.Equal(all, write(t, other)) {
		t.Error("another seed makes the same stream")
	}
}

func TestEventsAreInTheirSpanAndNearlyInOrder(t *testing.T) {
	c := small()
	lines := bytes.Split(bytes.TrimSuffix(write(t, c), []byte("\n")), []byte("\n"))
	if len(lines) != c.N {
		t.Fatalf("%d lines for %d events", len(lines), c.N)
	}
	var latest time.Time
	disordered := 0
	for _, line := range lines {
		var e struct {
			Time                time.Time
			Item, Segment, User string
			N                   int
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if e.Item == "" || e.Segment != "us" || e.User == "" || e.N < 1 {
			t.Fatalf("%s: a field is missing", line)
		}
		if e.Time.Before(c.Start) || !e.Time.Before(c.Start.Add(c.Span)) {
			t.Fatalf("%s: outside of its hour", line)
		}
		if e.Time.Before(latest) {
			disordered++
			if late := latest.Sub(e.Time); late > c.Disorder {
				t.Fatalf("%s comes %v late: %v is the most", line, late, c.Disorder)
			}
		} else {
			latest = e.Time
		}
	}
	if disordered == 0 {
		t.Error("all events are in order: nothing tests disorder")
	}
}

func TestZipfDrawsEachRankAsOftenAsItShould(t *testing.T) {
	const n, draws, seed = 50, 1_000_000, 7
	for _, s := range []float64{0, 0.8, 1, 1.1, 2} {
		z, rng := NewZipf(s, n), rand.New(rand.NewPCG(seed, 0))
		var seen [n + 1]float64
		for range draws {
			seen[z.Rank(rng)]++
		}
		norm := 0.
		for k := 1; k <= n; k++ {
			norm += math.Pow(float64(k), -s)
		}
		for k := 1; k <= n; k++ {
			want := draws * math.Pow(float64(k), -s) / norm
			if sigma := math.Abs(seen[k]-want) / math.Sqrt(want); sigma > 5 {
				t.Errorf("exponent %v, seed %d: rank %d was drawn %v times for %.0f, %.1f standard deviations off",
					s, seed, k, seen[k], want, sigma)
			}
		}
	}
}

func TestValidateReportsEverySetting(t *testing.T) {
	err := Config{Exponent: -1, Disorder: -1}.Validate()
	for _, setting := range []string{"n ", "exponent", "universe", "span", "disorder", "segments"} {
		if err == nil || !bytes.Contains([]byte(err.Error()), []byte(setting)) {
			t.Errorf("%s is wrong and not reported: %v", setting, err)
		}
	}
}
