// Command topk finds the heavy hitters of events: the top K items of each
// segment in each window, approximately, exactly, or both and compared. It is
// flags and wiring; what it wires is in transforms, sources and sinks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/cli"
	"crest/metrics"
	"crest/reference"
	"crest/runners/flink"
)

func main() {
	m := &Main{Stdout: os.Stdout, Stderr: os.Stderr}
	if err := m.ParseFlags(flag.CommandLine, os.Args[1:]); err != nil {
		os.Exit(m.explain(err))
	}
	beam.Init()
	// What Beam logs of an error is in the error, and of progress in the progress.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := m.Run(ctx)
	stop()
	os.Exit(m.explain(errors.Join(err, m.Close())))
}

// gcPercent: most of what a run allocates is dead when the collector comes, and
// what lives on is bounded; so it comes less often than it would.
const gcPercent = 400

// Main is the program. Its steps are ParseFlags, Run, Close.
type Main struct {
	Stdout, Stderr io.Writer

	options Options
	wrong   []error // about the command line
	opened  []Store
}

// ParseFlags reads the command line; the flag set may have other flags, as
// Beam's. What is wrong with it is told by Run, together with what is wrong with
// the values.
func (m *Main) ParseFlags(fs *flag.FlagSet, args []string) error {
	fs.Init("topk", flag.ContinueOnError)
	m.options.register(fs)
	fs.Usage = func() {}
	fs.SetOutput(io.Discard)
	others, wrong := cli.Parse(fs, args)
	if len(wrong) == 1 && errors.Is(wrong[0], flag.ErrHelp) {
		usage(m.Stdout, fs)
		return flag.ErrHelp
	}
	m.wrong = append(wrong, cli.OnlyFlags(others))
	return nil
}

// Run runs the pipeline and reports what it found.
func (m *Main) Run(ctx context.Context) error {
	plan, err := m.options.Plan(ctx)
	if err := errors.Join(append(m.wrong, err)...); err != nil {
		return cli.UsageError{Err: err}
	}
	// Opened before the pipeline runs: what is wrong with one is told now.
	for _, s := range plan.Stores {
		if err := s.Open(ctx); err != nil {
			return err
		}
		m.opened = append(m.opened, s)
	}
	p, s := beam.NewPipelineWithRoot()
	plan.Build(s, plan.Input.Read, plan.Sinks())

	if m.options.MetricsListen != "" {
		addr, err := metrics.Serve(ctx, m.options.MetricsListen)
		if err != nil {
			return cli.UsageError{Err: fmt.Errorf("--metrics_listen: %w", err)}
		}
		fmt.Fprintf(m.Stderr, "topk: metrics at http://%s/metrics\n", addr)
	}
	show := startProgress(m.Stderr, plan)
	stop, err := m.profile()
	if err != nil {
		return cli.UsageError{Err: err}
	}
	started := time.Now()
	err = run(flink.WithOutput(ctx, m.Stderr), p, plan.Input.Live)
	stop()
	show.Stop()
	if err != nil && plan.Input.Live {
		return errors.Join(release(plan), reportLive(m.Stdout, plan), err)
	}
	if err != nil {
		m.discard(plan)
		return err
	}
	if err := report(ctx, m.Stdout, plan, time.Since(started)); err != nil {
		// Whoever started it must not run it again.
		fmt.Fprintf(m.Stderr, "topk: run %s is written, but can't be shown: %v\n", plan.Run.Run, err)
	}
	return nil
}

// releaseTimeout bounds how long a job that was stopped takes to give back what it
// holds; what it can't comes again when its lease ends.
const releaseTimeout = 10 * time.Second

func release(p *Plan) error {
	if p.Input.Release == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	return p.Input.Release(ctx)
}

// profile starts the CPU profile that was asked for, and returns what ends it.
func (m *Main) profile() (stop func(), err error) {
	if m.options.CPUProfile == "" {
		return func() {}, nil
	}
	f, err := os.Create(m.options.CPUProfile)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		return nil, fmt.Errorf("--cpu_profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		f.Close()
	}, nil
}

// run runs the pipeline until it ends or the context does. A local runner does
// not stop when it is told to: it ends with the process.
func run(ctx context.Context, p *beam.Pipeline, live bool) error {
	release := func() {}
	if inProcess() && !live {
		release = reference.Hold()
	}
	done := make(chan error, 1)
	go func() {
		defer release()
		done <- execute(ctx, p)
	}()
	select {
	case err := <-done:
		return tidy(err)
	case <-ctx.Done():
		if !local() { // a cluster's job is cancelled first
			return tidy(<-done)
		}
		if live {
			return fmt.Errorf("the job was stopped (%w)", ctx.Err())
		}
		return fmt.Errorf("the run was interrupted: nothing of it is shown (%w)", ctx.Err())
	}
}

// discard deletes what a failed run has written.
func (m *Main) discard(p *Plan) {
	for _, s := range p.Stores {
		if err := s.Discard(p.Run); err != nil {
			fmt.Fprintf(m.Stderr, "topk: %v\n", err)
		}
	}
}

// Close releases what Run has opened.
func (m *Main) Close() error {
	var errs []error
	for _, s := range m.opened {
		errs = append(errs, s.Close())
	}
	m.opened = nil
	return errors.Join(errs...)
}

// explain prints an error and returns the exit code.
func (m *Main) explain(err error) int {
	return cli.Explain(m.Stderr, "topk", "topk --help lists all flags", err)
}
