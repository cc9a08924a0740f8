package summary

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestParts(t *testing.T) {
	if os.Getenv("SPEED") == "" {
		t.Skip()
	}
	const chunk = 20000
	items := zipf(4e6, 1.1, 1e6, 1)
	cfg := ForMemory(64 << 10)
	s := New(&cfg)
	hs := make([]uint64, len(items))
	for i, it := range items {
		s.Add(it, 1)
		hs[i] = cfg.Seed.Hash(it)
	}
	var x uint64
	run := func(name string, f func(i int)) {
		var d []time.Duration
		for i := 0; i < len(items); i += chunk {
			t0 := time.Now()
			for j := i; j < i+chunk; j++ {
				f(j)
			}
			d = append(d, time.Since(t0))
		}
		fmt.Printf("%s %.1f\n", name, float64(fastest(d, 5))/chunk)
	}
	run("nop", func(j int) { x += uint64(len(items[j])) })
	run("touch", func(j int) { x += uint64(items[j][0]) })
	run("hash", func(j int) { x += cfg.Seed.Hash(items[j]) })
	run("find", func(j int) { x += uint64(s.table.find(hs[j], items[j])) })
	hit := 0
	run("hit", func(j int) {
		if s.table.find(hs[j], items[j]) >= 0 {
			hit++
		}
	})
	fmt.Println(float64(hit) / float64(len(items)))
	run("estimate", func(j int) { x += s.light.estimate(hs[j]) })
	run("addhashed", func(j int) { s.AddHashed(hs[j], items[j], 1) })
	run("add", func(j int) { s.Add(items[j], 1) })
	sink = x
}

var sink uint64
