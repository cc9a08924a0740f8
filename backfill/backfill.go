package backfill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crest/archive"
)

// Config says what is run again and when.
type Config struct {
	// Prefix is the archive's.
	Prefix string
	// Job is the job's name: each has its own account of what was run.
	Job string
	// Settings are what else the lists depend on: where they are not those of a
	// unit's last run, it has changed.
	Settings string
	// From and To bound the event time, [From, To), or are zero. Units that reach
	// into it are run whole.
	From, To time.Time
	// Unit is the span of a unit, as the function Unit returns it.
	Unit time.Duration
	// Log is told of each unit that is run; nil for nobody.
	Log func(format string, args ...any)
}

// A Runner runs the exact job over the archive's events from a time until before
// another, commits it, and returns the run's id.
type Runner func(ctx context.Context, from, to time.Time) (run string, err error)

// A Result tells what there was to do.
type Result struct {
	// Units is how many there are in the time asked for, Ran how many of them had
	// changed and were run.
	Units, Ran int
}

// A unit is a span of event time.
type unit struct {
	from, to time.Time
	files    []archive.File
}

// Run runs the units that changed since their last run, in the order of time. It
// ends with the first that fails; those before are not run again.
func Run(ctx context.Context, cfg Config, run Runner) (Result, error) {
	units, err := cfg.units(ctx)
	if err != nil {
		return Result{}, err
	}
	res := Result{Units: len(units)}
	for _, u := range units {
		changed, why, err := cfg.changed(ctx, u)
		if err != nil {
			return res, err
		}
		if !changed {
			continue
		}
		cfg.log("%s until before %s: %s", u.from.Format(time.RFC3339), u.to.Format(time.RFC3339), why)
		id, err := run(ctx, u.from, u.to)
		if err != nil {
			return res, fmt.Errorf("running %s until before %s: %w", u.from.Format(time.RFC3339), u.to.Format(time.RFC3339), err)
		}
		if err := cfg.save(ctx, u, id); err != nil {
			return res, err
		}
		res.Ran++
	}
	return res, nil
}

func (cfg *Config) log(format string, args ...any) {
	if cfg.Log != nil {
		cfg.Log(format, args...)
	}
}

// units are the units in the time asked for that have files.
func (cfg *Config) units(ctx context.Context) ([]unit, error) {
	if cfg.Unit < time.Hour || cfg.Unit%time.Hour != 0 || cfg.Job == "" {
		return nil, errors.New("a backfill needs a job and a unit of whole hours")
	}
	from, to := cfg.From, cfg.To
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return nil, fmt.Errorf("nothing is between %s and %s: the second time must be later", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	if from.IsZero() {
		from = time.UnixMilli(0).UTC() // what has no time is in no window
	} else {
		from = floor(from, cfg.Unit)
	}
	if !to.IsZero() {
		to = floor(to.Add(cfg.Unit-1), cfg.Unit)
	}
	groups, err := archive.List(ctx, cfg.Prefix, from, to)
	if err != nil {
		return nil, err
	}
	byTime := make(map[int64]*unit)
	for _, g := range groups {
		begins := floor(g.Hour.Start(), cfg.Unit)
		u := byTime[begins.UnixMilli()]
		if u == nil {
			u = &unit{from: begins, to: begins.Add(cfg.Unit)}
			byTime[begins.UnixMilli()] = u
		}
		u.files = append(u.files, g.Files...)
	}
	units := make([]unit, 0, len(byTime))
	for _, u := range byTime {
		slices.SortFunc(u.files, func(a, b archive.File) int { return cmp.Compare(a.Path, b.Path) })
		units = append(units, *u)
	}
	slices.SortFunc(units, func(a, b unit) int { return a.from.Compare(b.from) })
	return units, nil
}
