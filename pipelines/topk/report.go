package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-runewidth"

	"crest/cli"
	"crest/store"
	"crest/table"
)

const (
	// shownSegments of each size of window are shown, with shownItems of each.
	shownSegments = 3
	shownItems    = 5
	// aloneItems are shown where there is one segment.
	aloneItems = 10
	barWidth   = 24
	itemWidth  = 44
)

// A reporter prints what a run has written, as its readers see it: from the store.
type reporter struct {
	out    io.Writer
	color  bool
	tables store.Reader
	plan   *Plan
	err    error
	// heaviest is the query of the heaviest list of the largest windows shown.
	heaviest string
}

// newReporter opens the store that is reported from: the first of the plan's. Its
// tables are closed by the caller.
func newReporter(ctx context.Context, out io.Writer, p *Plan) (*reporter, error) {
	tables, err := p.Stores[0].Reader(ctx)
	if err != nil {
		return nil, err
	}
	return &reporter{out: out, color: cli.IsTerminal(out) && os.Getenv("NO_COLOR") == "", tables: tables, plan: p}, nil
}

// report prints the lists, the accuracy, the rejects, and how to look further.
func report(ctx context.Context, out io.Writer, p *Plan, took time.Duration) error {
	r, err := newReporter(ctx, out, p)
	if err != nil {
		return err
	}
	defer r.tables.Close()
	sizes, err := r.tables.WindowSizes(ctx, store.Select{Job: p.Run.Job, Run: p.Run.Run})
	if err != nil {
		return err
	}
	best := p.Run.Path
	if best == table.Both {
		best = table.Exact
	}
	for _, size := range sizes {
		if size.Path == best {
			r.lists(ctx, size)
		}
	}
	r.accuracy(ctx)
	r.rejects(ctx)
	r.summary(ctx, took)
	return r.err
}

// keep remembers the first error.
func (r *reporter) keep(err error) bool {
	if r.err == nil {
		r.err = err
	}
	return err == nil
}

func (r *reporter) printf(format string, args ...any) { fmt.Fprintf(r.out, format, args...) }

func (r *reporter) style(code, text string) string {
	if !r.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (r *reporter) bold(text string) string { return r.style("1", text) }
func (r *reporter) dim(text string) string  { return r.style("2", text) }

// lists prints the heaviest window of one size.
func (r *reporter) lists(ctx context.Context, size store.WindowSize) {
	sel := store.Select{Job: r.plan.Run.Job, Run: r.plan.Run.Run, Path: size.Path, WindowSeconds: size.WindowSeconds}
	start, ok, err := r.tables.Heaviest(ctx, sel)
	if !r.keep(err) || !ok {
		return
	}
	sel.At = &start
	segments, err := r.tables.Segments(ctx, sel, shownSegments)
	if !r.keep(err) || len(segments) == 0 {
		return
	}
	items := shownItems
	if len(segments) == 1 {
		items = aloneItems
	}
	title := "everything"
	if size.WindowSeconds > 0 {
		from := start.Time()
		title = fmt.Sprintf("%s, %s – %s", cli.WindowName(size.WindowSeconds), from.Format(time.DateTime), from.Add(time.Duration(size.WindowSeconds)*time.Second).Format(time.DateTime))
		if size.Windows > 1 {
			title += r.dim(fmt.Sprintf(" (the heaviest of %s)", humanize.Comma(size.Windows)))
		}
	}
	r.printf("%s\n", r.bold(title))
	r.heaviest = fmt.Sprintf("SELECT rank, item, count, lower, upper FROM topk_items WHERE path = '%s' AND window_seconds = %d AND window_start = '%s' AND segment = %s ORDER BY rank LIMIT 20",
		size.Path, size.WindowSeconds, start, r.plan.Stores[0].Literal(cli.Printable(segments[0].Segment)))
	for _, s := range segments {
		r.list(ctx, sel, s, items)
	}
	if more := int(size.Segments) - len(segments); size.WindowSeconds == 0 && more > 0 {
		r.printf("  %s\n", r.dim(fmt.Sprintf("… and %d segments more", more)))
	}
	r.printf("\n")
}

// list prints the head of one list, with what the other path says beside it.
func (r *reporter) list(ctx context.Context, sel store.Select, s store.SegmentTotal, items int) {
	l, ok, err := r.tables.List(ctx, sel, s.Segment)
	if !r.keep(err) || !ok || len(l.Items) == 0 {
		return
	}
	beside := make(map[string]table.Item)
	if r.plan.Run.Path == table.Both {
		other := sel
		other.Path = table.Fast
		fast, _, err := r.tables.List(ctx, other, s.Segment)
		r.keep(err)
		for _, it := range fast.Items {
			beside[it.Item] = it
		}
	}
	name := s.Segment
	if name == "" {
		name = "all events"
	}
	r.printf("  %s  %s\n", r.style("36", cli.Printable(name)), r.dim("total "+cli.Comma(l.Total)))
	largest := l.Items[0].Count
	for _, it := range l.Items[:min(items, len(l.Items))] {
		r.printf("  %3d  %s  %s %11s", it.Rank, cli.Fit(it.Item, itemWidth), r.style("32", cli.Bar(it.Count, largest, barWidth)), cli.Comma(it.Count))
		if f, ok := beside[it.Item]; ok {
			r.printf("  %s", r.dim("fast "+bounds(f)))
		} else if l.Path == table.Fast && it.Lower < it.Upper {
			r.printf("  %s", r.dim(bounds(it)))
		}
		r.printf("\n")
	}
}

// bounds says what the fast path knows of a count.
func bounds(it table.Item) string {
	text := cli.Comma(it.Count)
	if it.Lower < it.Upper {
		text = fmt.Sprintf("%s in [%s, %s]", text, cli.Comma(it.Lower), cli.Comma(it.Upper))
	}
	if it.Certain {
		text += " certain"
	}
	return text
}

// accuracy prints how the fast lists compare with the exact ones.
func (r *reporter) accuracy(ctx context.Context) {
	if r.plan.Run.Path != table.Both {
		return
	}
	rows, err := r.tables.Accuracy(ctx, r.plan.Run.Job, r.plan.Run.Run)
	if !r.keep(err) || len(rows) == 0 {
		return
	}
	r.printf("%s\n", r.bold(fmt.Sprintf("Fast against exact, top %d", r.plan.K)))
	r.printf("  %-12s %9s %12s %12s %10s %10s %9s %11s\n", "window", "lists", "mean recall", "least recall", "mean error", "certain", "coverage", "violations")
	for _, a := range rows {
		r.printf("  %-12s %9s %11.2f%% %11.2f%% %9.2f%% %9.1f%% %8.1f%% %11d\n", cli.WindowName(a.WindowSeconds), humanize.Comma(a.Lists),
			100*a.MeanRecall, 100*a.MinRecall, 100*a.MeanError, a.CertainPercent, 100*a.Coverage, a.Violations)
	}
	r.printf("\n")
}

// rejects prints why records were rejected.
func (r *reporter) rejects(ctx context.Context) {
	rows, err := r.tables.Rejects(ctx, r.plan.Run.Job, r.plan.Run.Run)
	if !r.keep(err) || len(rows) == 0 {
		return
	}
	r.printf("%s\n", r.bold("Rejected"))
	for _, x := range rows {
		r.printf("  %11s  %-18s %s\n", cli.Comma(x.Count), x.Reason, r.dim(fmt.Sprintf("first at %s:%d, %s", cli.Printable(x.Source), x.Offset, runewidth.Truncate(cli.Printable(x.Detail), 60, "…"))))
	}
	r.printf("\n")
}

// summary prints what was read, and how to look further.
func (r *reporter) summary(ctx context.Context, took time.Duration) {
	run, ok, err := r.tables.LastRun(ctx, r.plan.Run.Job)
	if !r.keep(err) || !ok {
		return
	}
	r.printf("%s read, %s counted, %s rejected, in %s (%s)\n", cli.Comma(run.Read), cli.Comma(run.Counted), cli.Comma(run.Rejected),
		took.Round(10*time.Millisecond), humanize.SIWithDigits(float64(run.Read)/took.Seconds(), 1, "events/s"))
	if run.Counted == 0 {
		r.printf("Nothing was counted: is %s what should be read?\n", r.plan.Input.Name)
	}
	r.further()
}

// further says how to look further.
func (r *reporter) further() {
	from, run := r.plan.Stores[0], r.plan.Run
	r.printf("The tables are in %s, run %s. To look further:\n", from, run.Run)
	if r.heaviest != "" {
		r.printf("  %s\n", from.Shell(r.heaviest))
	}
	if run.Path == table.Both {
		r.printf("  %s\n", from.Shell("SELECT * FROM accuracy_latest ORDER BY recall, segment LIMIT 20"))
	}
}
