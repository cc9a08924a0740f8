// Command crest is what stands around the pipeline: it replays recorded events,
// shows the lists while they are made, counts archived events again and exactly,
// and runs all of it together for a look.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"crest/cli"
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
	groups []cli.Group
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

func commands() []command { return []command{replayCommand, topCommand, backfillCommand, demoCommand} }

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
	return m.explain("", cli.UsageError{Err: fmt.Errorf("%q is not a command", name)})
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
	others, wrong := cli.Parse(fs, args)
	if len(wrong) == 1 && errors.Is(wrong[0], flag.ErrHelp) {
		fmt.Fprintf(m.Stdout, "%s\n\n%s", strings.ToUpper(c.summary[:1])+c.summary[1:]+".", c.usage)
		cli.Usage(m.Stdout, fs, c.groups)
		return nil
	}
	if err := errors.Join(append(wrong, a.plan(m, others))...); err != nil {
		return cli.UsageError{Err: err}
	}
	return a.run(ctx, m)
}

// explain prints an error of a command and returns the exit code; the name is
// empty where there is no such command.
func (m *Main) explain(name string, err error) int {
	if name == "" {
		return cli.Explain(m.Stderr, "crest", "crest --help lists all commands", err)
	}
	return cli.Explain(m.Stderr, "crest "+name, "crest "+name+" --help lists all flags", err)
}
