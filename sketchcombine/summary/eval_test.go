package summary

import (
	"fmt"
	"os"
	"testing"
)

func TestEval(t *testing.T) {
	if os.Getenv("EVAL") == "" {
		t.Skip()
	}
	mem := 64 << 10
	sets := []stream{newStream("commits", commits(t)), newStream("z1.0", zipf(300000, 1.0, 200000, 1)), newStream("flat.8", zipf(1000000, .8, 300000, 1)), newStream("z.6", zipf(300000, .6, 200000, 1))}
	l := 0
	for _, it := range sets[0].items {
		l += len(it)
	}
	fmt.Println("mean len", float64(l)/float64(len(sets[0].items)))
	for _, v := range []struct {
		share float64
		depth int
	}{{.5, 2}, {.6, 2}, {.4, 2}, {.5, 3}, {.5, 1}} {
		cfg := ForMemory(mem)
		per := float64(wide+itemBytes+slotBytes) * (1 + 1./slack)
		heavy := int(float64(mem) * v.share)
		cfg.Counters = int(float64(heavy-spare) / per)
		cfg.Depth = v.depth
		cfg.Width = (mem - heavy) / 4 / v.depth &^ 1
		fmt.Printf("share %.2f depth %d m=%d w=%d: ", v.share, v.depth, cfg.Counters, cfg.Width)
		for _, s := range sets {
			for _, parts := range []int{1, 60} {
				var r, c, n int
				var e float64
				size := 0
				const seeds = 6
				for seed := range seeds {
					cfg := cfg
					cfg.Seed = Seed(seed * 77777)
					x := s.summarize(t, &cfg, parts, mem*2)
					m := s.judge(t, x)
					r += m.recall
					c += m.certain
					e += m.err
					n += x.Items()
					size = max(size, x.Size())
				}
				fmt.Printf(" %s/%d %.1f %.1f %.2f%% (%d)", s.name, parts, float64(r)/seeds, float64(c)/seeds, e/seeds*100, n/seeds)
				_ = size
			}
		}
		fmt.Println()
	}
}
