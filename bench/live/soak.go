package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"crest/bench/stream"
)

// soak runs a job on and on, and watches it.
type soak struct {
	length, every time.Duration
	rate          int // events a second
	disorder      time.Duration
	events        stream.Config
	cache, topk   string

	sent    int              // events
	minutes map[string]int64 // events sent by the minute of their event time, as 2006-01-02T15:04
	started time.Time        // of the job
	samples []sample
}

const minuteLayout = "2006-01-02T15:04"

// samplesEach is how many samples are taken for each line that is printed.
const samplesEach = 6

func runSoak(ctx context.Context, args []string) error {
	s := &soak{events: stream.Default, minutes: make(map[string]int64)}
	fs := flag.NewFlagSet("live soak", flag.ExitOnError)
	fs.DurationVar(&s.length, "for", 15*time.Minute, "how long; at least 3 minutes")
	fs.DurationVar(&s.every, "every", 30*time.Second, "how often a line is printed")
	fs.IntVar(&s.rate, "rate", 200_000, "events a second")
	fs.DurationVar(&s.disorder, "disorder", 5*time.Second, "the job's --disorder; events are up to 2s out of order")
	fs.Uint64Var(&s.events.Seed, "seed", s.events.Seed, "the seed of the events")
	fs.StringVar(&s.cache, "cache", ".cache/bench", "the `folder` of the program, and of the broker's data while it runs")
	fs.StringVar(&s.topk, "topk", "", "the `program` to measure (default: built from ./pipelines/topk)")
	fs.Parse(args)
	if s.length < 3*time.Minute || s.every < time.Second || s.rate < 1 || s.disorder < 0 {
		return errors.New("--for is at least 3m, --every at least 1s, --rate at least 1, --disorder at least 0")
	}
	return s.run(ctx)
}

func (s *soak) run(ctx context.Context) error {
	topk, err := findTopk(ctx, s.topk, s.cache)
	if err != nil {
		return err
	}
	folder, err := newFolder(s.cache, "soak-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b, err := startBroker(ctx, folder)
	if err != nil {
		return err
	}
	defer b.stop()
	if err := b.createTopic(ctx, "events", bounded()); err != nil {
		return err
	}
	db := filepath.Join(folder, "soak.db")
	job, err := startProcess(ctx, folder, topk, "--source=kafka", "--brokers="+b.addr, "--topic=events", "--segment_field=",
		"--windows=1m,5m,1h,24h", "--early=5s", "--disorder="+s.disorder.String(), "--sink=sqlite:"+db, "--metrics_listen=127.0.0.1:0")
	if err != nil {
		return err
	}
	s.started = time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.length)
	defer cancel()
	produced := make(chan error, 1)
	go func() { produced <- s.produce(ctx, b.addr) }()
	err = s.watch(ctx, job, db)
	cancel()
	err = errors.Join(err, <-produced)
	if _, stopped := job.stop(); stopped != nil {
		err = errors.Join(err, stopped)
	}
	if err != nil {
		return err
	}
	return s.conclude(db)
}

// bounded is the configuration of a topic that keeps the last 512 MB of each
// partition.
func bounded() map[string]*string {
	keep, segment := strconv.Itoa(512<<20), strconv.Itoa(64<<20)
	return map[string]*string{"retention.bytes": &keep, "segment.bytes": &segment}
}

// produce sends events of now at the rate, until the context ends.
func (s *soak) produce(ctx context.Context, addr string) error {
	p, err := newProducer(context.WithoutCancel(ctx), addr, "events")
	if err != nil {
		return err
	}
	zipf := stream.NewZipf(s.events.Exponent, s.events.Universe)
	rng := rand.New(rand.NewPCG(s.events.Seed, 0))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var lines []byte
	for begun := time.Now(); ; {
		select {
		case <-ctx.Done():
			return p.close()
		case now := <-tick.C:
			lines = lines[:0]
			for due := int(now.Sub(begun).Seconds() * float64(s.rate)); s.sent < due; s.sent++ {
				from := len(lines) + len(timeName)
				lines = s.events.AppendEvent(lines, now, zipf, rng)
				s.minutes[string(lines[from:from+len(minuteLayout)])]++
			}
			if _, err := p.Write(lines); err != nil {
				return errors.Join(fmt.Errorf("writing the events: %w", err), p.close())
			}
		}
	}
}

// watch takes samples and prints some of them, until the context ends.
func (s *soak) watch(ctx context.Context, job *process, db string) error {
	address, err := job.metricsAddress(ctx)
	if err != nil {
		return err
	}
	store, err := openStore(db)
	if err != nil {
		return err
	}
	defer store.close()
	fmt.Printf("%d events/s for %v, windows of 1m, 5m, 1h, 24h, lists every 5s; seed %d\n%s\n", s.rate, s.length, s.events.Seed, header)
	tick := time.NewTicker(s.every / samplesEach)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-job.ended:
			return job.explain(errors.Join(errors.New("it ended by itself"), job.err))
		case <-tick.C:
		}
		now, err := takeSample(ctx, address)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("reading the metrics of the job: %w", err)
		}
		now.at = time.Since(s.started)
		s.samples = append(s.samples, now)
		if n%samplesEach == 0 {
			lists, err := store.lists(s.started)
			if err != nil {
				return err
			}
			fmt.Println(s.line(lists))
		}
	}
}
