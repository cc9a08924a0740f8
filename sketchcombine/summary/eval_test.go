package summary

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"
)

// quick: chunks of time, the fastest fifth's mean.
func fastest(d []time.Duration, part int) time.Duration {
	slices.Sort(d)
	n := max(1, len(d)/part)
	var s time.Duration
	for _, x := range d[:n] {
		s += x
	}
	return s / time.Duration(n)
}

func TestSpeed(t *testing.T) {
	if os.Getenv("SPEED") == "" {
		t.Skip()
	}
	const chunk = 20000
	for _, name := range []string{"zipf1.1", "flat0.8"} {
		items := zipf(4e6, map[string]float64{"zipf1.1": 1.1, "flat0.8": .8}[name], 1e6, 1)
		m := map[string]*uint64{}
		var d []time.Duration
		for i := 0; i < len(items); i += chunk {
			t0 := time.Now()
			for _, item := range items[i : i+chunk] {
				if p := m[string(item)]; p != nil {
					*p++
				} else {
					m[string(item)] = new(uint64(1))
				}
			}
			d = append(d, time.Since(t0))
		}
		fmt.Printf("%s map %.1f", name, float64(fastest(d, 5))/chunk)
		for _, kib := range []int{64, 1024} {
			cfg := ForMemory(kib << 10)
			s := New(&cfg)
			d = nil
			for i := 0; i < len(items); i += chunk {
				t0 := time.Now()
				for _, item := range items[i : i+chunk] {
					s.Add(item, 1)
				}
				d = append(d, time.Since(t0))
			}
			fmt.Printf("  %dK %.1f", kib, float64(fastest(d, 5))/chunk)
		}
		cfg := ForMemory(1 << 20)
		var parts []*Summary
		for p := range 60 {
			s := New(&cfg)
			per := len(items) / 60
			for _, item := range items[p*per : (p+1)*per] {
				s.Add(item, 1)
			}
			parts = append(parts, s)
		}
		dd := make([][]time.Duration, 60)
		for range 8 {
			acc := New(&cfg)
			for p, s := range parts {
				t0 := time.Now()
				acc.Merge(s)
				dd[p] = append(dd[p], time.Since(t0))
			}
		}
		var sum time.Duration
		for _, x := range dd {
			sum += fastest(x, 100)
		}
		fmt.Printf("  merge60 %v\n", sum)
	}
	items := zipf(1<<18, .8, 45_000, 3)
	d := make([][]time.Duration, 2)
	for range 20 {
		t0 := time.Now()
		m := map[string]*uint64{}
		for _, item := range items {
			if p := m[string(item)]; p != nil {
				*p++
			} else {
				m[string(item)] = new(uint64(1))
			}
		}
		d[0] = append(d[0], time.Since(t0))
		t0 = time.Now()
		s := New(&Config{})
		for _, item := range items {
			s.Add(item, 1)
		}
		d[1] = append(d[1], time.Since(t0))
	}
	fmt.Printf("exact: map %.1f summary %.1f\n", float64(fastest(d[0], 20))/float64(len(items)), float64(fastest(d[1], 20))/float64(len(items)))
}
