// Command topk measures whole programs that answer one question, the ten most
// frequent items of each minute: Crest's two paths, DuckDB, chDB, Polars, and
// the Beam pipeline that one would write first.
//
//	go run ./bench/topk
//
// It makes the events and installs the peers where they are missing, runs all in
// turn (A B C, A B C, …) on the same cores, checks that they agree, and prints
// the medians.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"

	"crest/bench/stream"
)

type settings struct {
	cache   string        // folder of the data, the peers and the answers
	events  stream.Config // the events to make
	small   int           // how many events the naive pipeline gets
	rounds  int
	threads int
	only    string // contenders whose name has this
}

func main() {
	s := settings{events: stream.Default}
	flag.IntVar(&s.events.N, "n", s.events.N, "how many events")
	flag.Uint64Var(&s.events.Seed, "seed", s.events.Seed, "the seed of the events")
	flag.IntVar(&s.small, "small", 500_000, "how many events the naive pipeline gets: it holds over 1 KB for each")
	flag.IntVar(&s.rounds, "rounds", 3, "how often each is run; medians are shown")
	flag.IntVar(&s.threads, "threads", runtime.NumCPU(), "how many cores each may use")
	flag.StringVar(&s.cache, "cache", ".cache/bench", "the folder of the data and the peers")
	flag.StringVar(&s.only, "only", "", "run only contenders whose name has this; DuckDB always runs, as the answer to check against")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "bench/topk:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	if _, err := os.Stat("bench/peers/setup.sh"); err != nil {
		return fmt.Errorf("bench/peers/setup.sh is not here: run this from the root of the repository")
	}
	if s.rounds < 1 || s.threads < 1 {
		return fmt.Errorf("--rounds is %d and --threads is %d: both must be at least 1", s.rounds, s.threads)
	}
	if err := prepare(s); err != nil {
		return err
	}
	sets, err := datasets(s)
	if err != nil {
		return err
	}
	fmt.Printf("the ten most frequent items of each minute; seed %d, %d cores, medians of %d runs in turn\n",
		s.events.Seed, s.threads, s.rounds)
	wrong := 0
	for _, d := range sets {
		results, err := measureAll(s, d)
		if err != nil {
			return err
		}
		wrong += check(results)
		printTable(os.Stdout, d, results)
	}
	fmt.Printf("\nagain: go run ./bench/topk --n=%d --seed=%d --threads=%d --rounds=%d\n",
		s.events.N, s.events.Seed, s.threads, s.rounds)
	if wrong > 0 {
		return fmt.Errorf("%d exact contenders gave other answers than %s: their speed means nothing", wrong, referee)
	}
	return nil
}

// A result is what was seen of one contender on one data set.
type result struct {
	contender
	runs    []usage
	answer  answer
	verdict string
}

// median is the run whose wall time is in the middle.
func (r *result) median() usage {
	byWall := slices.SortedFunc(slices.Values(r.runs), func(a, b usage) int { return cmp.Compare(a.wall, b.wall) })
	return byWall[len(byWall)/2]
}

// measureAll runs every contender of a data set once a round, in turn, so that
// whatever else the machine does meets all of them.
func measureAll(s settings, d dataset) ([]*result, error) {
	if err := warm(d.path); err != nil {
		return nil, err
	}
	var results []*result
	for _, c := range d.contenders {
		results = append(results, &result{contender: c})
	}
	for round := range s.rounds {
		for _, r := range results {
			fmt.Fprintf(os.Stderr, "%s, round %d of %d: %s\n", d.name, round+1, s.rounds, r.name)
			j := job{input: d.path, format: d.format, threads: s.threads, answers: s.cache + "/answers"}
			u, err := measure(r.command(j), s.threads, j.answers)
			if err != nil {
				return nil, fmt.Errorf("running %s on %s: %w", r.name, d.name, err)
			}
			r.runs = append(r.runs, u)
			if r.answer, err = r.read(j); err != nil {
				return nil, fmt.Errorf("reading the answer of %s on %s: %w", r.name, d.name, err)
			}
		}
	}
	return results, nil
}
