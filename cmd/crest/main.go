// Command crest is what stands around the pipeline: it replays recorded events,
// shows the lists while they are made, and runs all of it together for a look.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends it cleanly, a second one at once.
	context.AfterFunc(ctx, stop)
	m := &Main{Stdout: os.Stdout, Stderr: os.Stderr}
	os.Exit(m.Run(ctx, os.Args[1:]))
}

// Main is the program.
type Main struct {
	Stdout, Stderr io.Writer
}

// A command is one of the program's.
type command struct {
	name    string
	summary string
	// usage is a few example lines, and groups are the flags in the order of
	// the help.
	usage  string
	groups []group
	// new defines the command's flags, and returns what they steer.
	new func(fs *flag.FlagSet) action
}

// An action is what a command does, with the flags that were given.
type action interface {
	// plan finds out what the flags and the other arguments come to, and returns
	// everything that is wrong with them.
	plan(m *Main, args []string) error
	run(ctx context.Context, m *Main) error
}

func commands() []command { return []command{replayCommand, topCommand, demoCommand} }

// Run runs the command that the arguments name, and returns the exit code: 2
// where the command line is wrong, 130 where a command that had not done its work
// was interrupted, 1 for any other error.
func (m *Main) Run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		m.help(m.Stderr)
		return 2
	}
	name := args[0]
	switch name {
	case "help", "-h", "-help", "--help":
		m.help(m.Stdout)
		return 0
	}
	for _, c := range commands() {
		if c.name == name {
			return m.explain(name, m.run(ctx, c, args[1:]))
		}
	}
	return m.explain("", usageError{fmt.Errorf("%q is not a command", name)})
}

func (m *Main) help(w io.Writer) {
	fmt.Fprintf(w, "Crest finds the heavy hitters of events; this is what stands around its pipeline.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  crest %-8s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(w, "\ncrest COMMAND --help lists the flags of a command.\n")
}

// run reads a command's flags, and runs it. What is wrong with the flags is told
// together with what is wrong with their values.
func (m *Main) run(ctx context.Context, c command, args []string) error {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	a := c.new(fs)
	rest, errs := parse(fs, args)
	if len(errs) == 1 && errors.Is(errs[0], flag.ErrHelp) {
		usage(m.Stdout, c, fs)
		return nil
	}
	if err := errors.Join(append(errs, a.plan(m, rest))...); err != nil {
		return usageError{err}
	}
	return a.run(ctx, m)
}

// usageError is a command line that is wrong.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// explain prints an error and returns the exit code.
func (m *Main) explain(name string, err error) int {
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(m.Stderr, "crest: the command line is wrong:\n")
		for _, e := range flatten(wrong.error) {
			fmt.Fprintf(m.Stderr, "  %v\n", e)
		}
		if name != "" {
			fmt.Fprintf(m.Stderr, "crest %s --help lists all flags\n", name)
		} else {
			fmt.Fprintf(m.Stderr, "crest --help lists all commands\n")
		}
		return 2
	}
	fmt.Fprintf(m.Stderr, "crest %s: %v\n", name, err)
	if errors.Is(err, context.Canceled) {
		return 130
	}
	return 1
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}
