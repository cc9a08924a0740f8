package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A group is a part of the help text.
type group struct {
	title string
	flags []string
}

// usage prints what a command does, and its flags by group.
func usage(w io.Writer, c command, fs *flag.FlagSet) {
	fmt.Fprintf(w, "%s\n\n%s", strings.ToUpper(c.summary[:1])+c.summary[1:]+".", c.usage)
	for _, g := range c.groups {
		fmt.Fprintf(w, "\n%s:\n", g.title)
		for _, name := range g.flags {
			f := fs.Lookup(name)
			value, text := flag.UnquoteUsage(f)
			if !slices.Contains([]string{"", "0", "0s", "false"}, f.DefValue) {
				text += fmt.Sprintf(" (default: %s)", f.DefValue)
			}
			if value != "" {
				name += "=" + strings.ToUpper(value)
			}
			fmt.Fprintf(w, "  --%-22s %s\n", name, text)
		}
	}
}

// parse reads the command line, in which flags and other arguments may stand in
// any order, and reports everything that is wrong with the flags. It returns the
// other arguments.
func parse(fs *flag.FlagSet, args []string) (rest []string, errs []error) {
	dashes := strings.NewReplacer("flag -", "flag --", "defined: -", "defined: --", "argument: -", "argument: --")
	for {
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, []error{err}
		case err != nil:
			errs = append(errs, errors.New(dashes.Replace(err.Error())))
			args = fs.Args()
		case fs.NArg() == 0:
			return rest, errs
		default:
			rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
		}
	}
}

// list is a flag that may be given more than once, or hold several values with
// commas between them.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			*l = append(*l, p)
		}
	}
	return nil
}

// parseSpeed reads a speed: a number above 0, or max, which is 0.
func parseSpeed(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 1e-6 && v <= 1e9) {
		return 0, fmt.Errorf("%q is not a speed: 1 is true speed, N is N times as fast, max is as fast as it goes", s)
	}
	return v, nil
}

// parseShare reads a share: a percentage, or a number from 0 to 1.
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("%q is not a share: a percentage from 0%% to 100%%, or a number from 0 to 1", s)
	}
	return v, nil
}

// parseWindow reads a window's size, in seconds: a duration, in which d is a day,
// or all, which is 0.
func parseWindow(s string) (int64, error) {
	if s == "all" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, 20000)) * 24 * time.Hour
	}
	if err != nil || d < time.Second || d%time.Second != 0 {
		return 0, fmt.Errorf("%q is not a window: whole seconds, as 30s, 5m, 1h, 24h, 7d, or all", s)
	}
	return int64(d / time.Second), nil
}

// prefixed puts the name of a flag before an error about it.
func prefixed(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--%s: %w", name, err)
}

// onlyFlags is an error where there are other arguments than flags.
func onlyFlags(args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%q is not a flag: flags begin with --", args[0])
}
