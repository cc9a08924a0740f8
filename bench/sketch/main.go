// Command sketch measures summaries of bounded memory: what of the true top 100
// they find, how far off their counts are, whether their bounds hold and how much
// they are sure of, of one stream and after merging 60 parts of it, and how fast.
//
//	go run ./bench/sketch
//
// Crest's Summary stands beside Apache DataSketches' frequent items (C++ and
// Java), the three HeavyKeepers of a Rust crate, and an exact Go map.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

// top is how long the list is that is judged.
const top = 100

type settings struct {
	cache   string
	commits string // real events, for their items
	n       int    // items of a synthetic stream
	seed    uint64
	parts   int // how many contiguous parts are merged
	only    string
}

// budgets are the memories that contenders are sized for, in bytes.
var budgets = []int{64 << 10, 1 << 20}

func main() {
	var s settings
	flag.IntVar(&s.n, "n", 10_000_000, "how many items a synthetic stream has")
	flag.Uint64Var(&s.seed, "seed", 1, "the seed of the streams and of the hashes")
	flag.IntVar(&s.parts, "parts", 60, "how many parts are merged")
	flag.StringVar(&s.cache, "cache", ".cache/bench", "the folder of the data and the peers")
	flag.StringVar(&s.commits, "commits", "testdata/commits.ndjson.gz", "real events")
	flag.StringVar(&s.only, "only", "", "run only contenders whose name has this")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "bench/sketch:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	if _, err := os.Stat("bench/peers/setup.sh"); err != nil {
		return fmt.Errorf("bench/peers/setup.sh is not here: run this from the root of the repository")
	}
	if s.parts < 2 {
		return fmt.Errorf("--parts is %d: it must be at least 2", s.parts)
	}
	all := contenders(s)
	if len(all) == 0 {
		return fmt.Errorf("--only=%s: no contender has that in its name", s.only)
	}
	if err := setUp(s, all); err != nil {
		return err
	}
	fmt.Printf("the top %d of one summary, and of %d merged; seed %d; updates of one core\n", top, s.parts, s.seed)
	violated := 0
	for _, source := range sources(s) {
		st, err := load(source)
		if err != nil {
			return err
		}
		for _, budget := range budgets {
			var lines []line
			for _, c := range all {
				fmt.Fprintf(os.Stderr, "%s, %d KiB: %s\n", st.name, budget>>10, c.name())
				one, merged, err := c.run(st, budget)
				if err != nil {
					return fmt.Errorf("running %s on %s with %d KiB: %w", c.name(), st.name, budget>>10, err)
				}
				l := line{c.name(), one, merged, st.judge(one), st.judge(merged)}
				violated += l.scoreOne.violated + l.scoreMerged.violated
				lines = append(lines, l)
			}
			printTable(os.Stdout, st, budget, lines)
		}
	}
	fmt.Printf("\nagain: go run ./bench/sketch --n=%d --seed=%d --parts=%d\n", s.n, s.seed, s.parts)
	if violated > 0 {
		return fmt.Errorf("%d counts lie outside their bounds", violated)
	}
	return nil
}

// contenders are who is measured, the exact map first.
func contenders(s settings) (kept []contender) {
	bin := func(path ...string) []string { return append([]string{s.cache + "/" + path[0]}, path[1:]...) }
	keeper := "cargo/release/heavykeeper-peer"
	for _, c := range []contender{
		inProcess{"Go map, exact", s.parts, newGoMap},
		inProcess{"Crest Summary", s.parts, newCrest(s.seed)},
		external{"DataSketches, C++", s.seed, s.parts, bin("frequent_items")},
		external{"DataSketches, Java", s.seed, s.parts, []string{
			"java", "-XX:+UseSerialGC", "-Xms4g", "-Xmx4g", "-cp", s.cache + "/classes:" + s.cache + "/jars/*", "FrequentItems",
		}},
		external{"HeavyKeeper TopK, Rust", s.seed, s.parts, bin(keeper, "topk")},
		external{"HeavyKeeper Bucketed, Rust", s.seed, s.parts, bin(keeper, "bucketed")},
		external{"HeavyKeeper Cuckoo, Rust", s.seed, s.parts, bin(keeper, "cuckoo")},
	} {
		if strings.Contains(strings.ToLower(c.name()), strings.ToLower(s.only)) {
			kept = append(kept, c)
		}
	}
	return kept
}
