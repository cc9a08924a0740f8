package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"crest/cli"
	"crest/live"
)

var topCommand = command{
	name:    "top",
	summary: "shows the heaviest items of the newest windows while a pipeline counts them",
	usage: `  crest top --store=sqlite:crest.db
  crest top --store=sqlite:crest.db --window=1m,1h --segment=prometheus --k=20

On a terminal the lists are drawn in place; else they are printed now and then. ● is certain to be in the true top K of its
segment. Ctrl-C ends it.
`,
	groups: []cli.Group{
		{Title: "What is shown", Flags: []string{"store", "job", "window", "segment", "k"}},
		{Title: "How often", Flags: []string{"every"}},
	},
	new: func(fs *flag.FlagSet) action { return newTop(fs) },
}

// topAction has the flags, as they were given, and what they come to.
type topAction struct {
	Store, Job string
	Windows    cli.List
	Segment    *string
	K          int
	Every      time.Duration

	view live.Config
}

func newTop(fs *flag.FlagSet) *topAction {
	o := &topAction{}
	fs.StringVar(&o.Store, "store", "sqlite:crest.db", "where the tables are, as sqlite:`FILE`")
	fs.StringVar(&o.Job, "job", "topk", "`name` of the job")
	fs.Var(&o.Windows, "window", "`sizes` of windows, as 1m,1h; all is the one over everything (default: the smallest and the largest there are)")
	fs.Func("segment", "`name` of the segment to show; without it the heaviest items of all segments", func(s string) error {
		o.Segment = &s
		return nil
	})
	fs.IntVar(&o.K, "k", 10, "`number` of items of each window, cut where the terminal is too low")
	fs.DurationVar(&o.Every, "every", 0, "`time` from one drawing to the next (default: 1s on a terminal, else 5s)")
	return o
}

func (o *topAction) plan(m *Main, args []string) error {
	errs := []error{cli.OnlyFlags(args)}
	path, ok := strings.CutPrefix(o.Store, "sqlite:")
	if !ok {
		errs = append(errs, fmt.Errorf("--store: %q is no store: sqlite:FILE", o.Store))
	}
	o.view = live.Config{Path: path, Job: o.Job, Segment: o.Segment, K: o.K, Every: o.Every}
	for _, w := range o.Windows {
		size, err := cli.ParseWindow(w)
		errs = append(errs, cli.Prefix("window", err))
		o.view.Windows = append(o.view.Windows, int64(size/time.Second))
	}
	if o.view.Every == 0 {
		o.view.Every = drawEvery(m.Stdout)
	}
	return errors.Join(append(errs, o.view.Validate())...)
}

// drawEvery is how often lists are drawn where nobody says.
func drawEvery(out io.Writer) time.Duration {
	if cli.IsTerminal(out) {
		return time.Second
	}
	return 5 * time.Second
}

// run shows lists until it is interrupted, which is how it ends.
func (o *topAction) run(ctx context.Context, m *Main) error { return live.Run(ctx, m.Stdout, o.view) }
