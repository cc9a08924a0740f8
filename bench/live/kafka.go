package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"crest/bench/stream"
)

const (
	// answerWait bounds what a run may take.
	answerWait = 2 * time.Minute
	// missingWait is how long lists of closed windows may lack events.
	missingWait = 15 * time.Second
)

// kafkaBench measures how fast a topic is counted.
type kafkaBench struct {
	events     stream.Config
	rounds     int
	only       string // runners whose name has this
	cache      string // folder of programs and of what a run leaves
	cpuProfile string
	topk       string // the program

	folder  string // of this run, deleted at its end
	broker  *broker
	batches int
}

// A runner is one way to read a topic.
type runner struct {
	name string
	run  func(context.Context) (usage, error)
	runs []usage
}

// median is the run whose wall time is in the middle.
func (r *runner) median() usage {
	byWall := slices.SortedFunc(slices.Values(r.runs), func(a, b usage) int { return cmp.Compare(a.wall, b.wall) })
	return byWall[len(byWall)/2]
}

// verdict tells whether the lists of all runs hold every event.
func (r *runner) verdict() string {
	for _, u := range r.runs {
		if u.missing != 0 {
			return fmt.Sprintf("WRONG: %d missing", u.missing)
		}
	}
	return "complete"
}

func runKafka(ctx context.Context, args []string) error {
	k := kafkaBench{events: stream.Default}
	k.events.Span = 10 * window
	fs := flag.NewFlagSet("live kafka", flag.ExitOnError)
	fs.IntVar(&k.events.N, "n", 3_000_000, "how many events")
	fs.Uint64Var(&k.events.Seed, "seed", k.events.Seed, "the seed of the events")
	fs.IntVar(&k.rounds, "rounds", 3, "how often each is run; medians are shown")
	fs.StringVar(&k.only, "only", "", "run only what has this in its name; reading alone always runs, to compare with")
	fs.StringVar(&k.cache, "cache", ".cache/bench", "the `folder` of the program, and of the broker's data while it runs")
	fs.StringVar(&k.topk, "topk", "", "the `program` to measure (default: built from ./pipelines/topk)")
	fs.StringVar(&k.cpuProfile, "cpu_profile", "", "profile one more live run into this `file`, and print where its time went")
	fs.Parse(args)
	if k.rounds < 1 {
		return fmt.Errorf("--rounds is %d: it must be at least 1", k.rounds)
	}
	return k.measure(ctx)
}

func (k *kafkaBench) measure(ctx context.Context) (err error) {
	if k.topk, err = findTopk(ctx, k.topk, k.cache); err != nil {
		return err
	}
	if k.folder, err = newFolder(k.cache, "live-*"); err != nil {
		return err
	}
	defer os.RemoveAll(k.folder)
	if k.broker, err = startBroker(ctx, k.folder); err != nil {
		return err
	}
	defer k.broker.stop()
	if err := k.fill(ctx); err != nil {
		return err
	}
	runners := []*runner{
		{name: "franz-go alone, records thrown away", run: k.drain},
		{name: "topk --end=latest", run: k.bounded},
		{name: "topk, live, --early=0", run: k.live("events", "--early=0")},
		{name: "topk, live, --early=5s", run: k.live("events", "--early=5s")},
		{name: "topk, live, --early=5s, batches of 1 s", run: k.live("batches", "--early=5s", "--payload=batch")},
	}
	runners = slices.DeleteFunc(runners, func(r *runner) bool { return r != runners[0] && !strings.Contains(r.name, k.only) })
	for round := range k.rounds {
		for _, r := range runners {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, k.rounds, r.name)
			u, err := r.run(ctx)
			if err != nil {
				return fmt.Errorf("running %s: %w", r.name, err)
			}
			r.runs = append(r.runs, u)
		}
	}
	k.print(runners)
	if k.cpuProfile != "" {
		if _, err := k.live("events", "--early=5s", "--cpu_profile="+k.cpuProfile)(ctx); err != nil {
			return err
		}
		if err := printProfile(ctx, os.Stdout, "CPU time of a live run with --early=5s", k.topk, k.cpuProfile); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(runners, func(r *runner) bool { return r.verdict() != "complete" }) {
		return errors.New("lists of closed windows lack events: their speed means nothing")
	}
	return nil
}

// fill makes the topics: the events, and the same as batches.
func (k *kafkaBench) fill(ctx context.Context) error {
	k.events.Start = time.Now().UTC().Truncate(window).Add(-k.events.Span - 5*window)
	for _, topic := range []string{"events", "batches"} {
		if err := k.broker.createTopic(ctx, topic, nil); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "making %d events, and batches of them\n", k.events.N)
	if err := writeEvents(ctx, k.broker.addr, "events", k.events); err != nil {
		return fmt.Errorf("writing the events: %w", err)
	}
	var err error
	if k.batches, err = writeBatches(ctx, k.broker.addr, "batches", k.events); err != nil {
		return fmt.Errorf("writing the batches: %w", err)
	}
	return nil
}

func (k *kafkaBench) drain(ctx context.Context) (usage, error) {
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	p, err := startProcess(ctx, k.folder, self, "drain", "--brokers="+k.broker.addr, "--topic=events", fmt.Sprintf("--n=%d", k.events.N+partitions))
	if err != nil {
		return usage{}, err
	}
	return p.wait()
}

// start starts the program on a topic, with a new file to write to.
func (k *kafkaBench) start(ctx context.Context, topic string, flags ...string) (*process, *store, error) {
	file, err := os.CreateTemp(k.folder, "*.db")
	if err != nil {
		return nil, nil, err
	}
	file.Close()
	args := append([]string{
		k.topk, "--source=kafka", "--brokers=" + k.broker.addr, "--topic=" + topic, "--segment_field=",
		"--windows=1m", "--sink=sqlite:" + file.Name(),
	}, flags...)
	p, err := startProcess(ctx, k.folder, args...)
	if err != nil {
		return nil, nil, err
	}
	s, err := openStore(file.Name())
	return p, s, err
}

func (k *kafkaBench) bounded(ctx context.Context) (usage, error) {
	p, s, err := k.start(ctx, "events", "--end=latest")
	if err != nil {
		return usage{}, err
	}
	defer s.close()
	u, err := p.wait()
	if err != nil {
		return usage{}, err
	}
	n, err := s.counted(k.end())
	u.missing = int64(k.events.N) - n
	return u, err
}

// end is where the last window of the events ends.
func (k *kafkaBench) end() time.Time { return k.events.Start.Add(k.events.Span) }

// live runs the program until every window is closed and its list holds its events.
// Where lists lack events for missingWait after that, the run counts as wrong.
func (k *kafkaBench) live(topic string, flags ...string) func(context.Context) (usage, error) {
	return func(ctx context.Context) (usage, error) {
		p, s, err := k.start(ctx, topic, flags...)
		if err != nil {
			return usage{}, err
		}
		defer s.close()
		var closed time.Time // when it was seen that all windows are
		var missing int64
		if err := p.await(ctx, answerWait, func() (bool, error) {
			through, err := s.closedThrough()
			if err != nil || through.Before(k.end()) {
				return false, nil // what can't be read is not there yet
			}
			if closed.IsZero() {
				closed = time.Now()
			}
			n, err := s.counted(k.end())
			missing = int64(k.events.N) - n
			return err == nil && missing == 0 || time.Since(closed) > missingWait, nil
		}); err != nil {
			return usage{}, fmt.Errorf("%w\n%s", err, k.state(s))
		}
		if missing != 0 {
			fmt.Fprintf(os.Stderr, "%d events are in no list: %s\n", missing, k.state(s))
		}
		u, err := p.stop()
		u.missing = missing
		if missing != 0 { // without the wait for them
			u.wall = closed.Sub(p.started)
		}
		return u, err
	}
}

// state is how far a run came that has not answered.
func (k *kafkaBench) state(s *store) string {
	closed, err := s.closedThrough()
	totals, err2 := s.totals()
	ledger, err3 := s.ledger()
	if err := errors.Join(err, err2, err3); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("closed through %s of %s; the minutes' lists: %v, of %d events; the ledger: %s", text(closed), text(k.end()), totals, k.events.N, ledger)
}

// print prints the medians. Ratios are of wall times, against reading alone.
func (k *kafkaBench) print(runners []*runner) {
	fmt.Printf("%.1f M events of %v in %d partitions, lz4; as batches: %d messages; windows of 1m; seed %d, medians of %d runs in turn\n\n",
		float64(k.events.N)/1e6, k.events.Span, partitions, k.batches, k.events.Seed, k.rounds)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "M events/s\t× of reading alone\twall s\tCPU s\tpeak MB\t  lists\t  ")
	alone := runners[0].median().wall
	for _, r := range runners {
		u := r.median()
		fmt.Fprintf(w, "%.2f\t%.2f\t%.2f\t%.2f\t%d\t  %s\t  %s\n", float64(k.events.N)/1e6/u.wall.Seconds(),
			alone.Seconds()/u.wall.Seconds(), u.wall.Seconds(), u.cpu.Seconds(), u.peak/1e6, r.verdict(), r.name)
	}
	w.Flush()
	fmt.Printf("\nagain: go run ./bench/live kafka --n=%d --seed=%d --rounds=%d\n", k.events.N, k.events.Seed, k.rounds)
}
