package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Group is a part of the help text: flags under a title.
type Group struct {
	Title string
	Flags []string
}

// Usage prints the flags by group, each with its value, its text and its default.
// Flags that the set does not have are left out. It returns the names of the flags
// that are in no group.
func Usage(w io.Writer, fs *flag.FlagSet, groups []Group) (others []string) {
	listed := make(map[string]bool)
	for _, g := range groups {
		fmt.Fprintf(w, "\n%s:\n", g.Title)
		for _, name := range g.Flags {
			listed[name] = true
			f := fs.Lookup(name)
			if f == nil {
				continue
			}
			value, text := flag.UnquoteUsage(f)
			if !slices.Contains([]string{"", "0", "0s", "false"}, f.DefValue) {
				text += fmt.Sprintf(" (default: %s)", f.DefValue)
			}
			if value != "" {
				name += "=" + strings.ToUpper(value)
			}
			fmt.Fprintf(w, "  --%-24s %s\n", name, text)
		}
	}
	fs.VisitAll(func(f *flag.Flag) {
		if !listed[f.Name] {
			others = append(others, f.Name)
		}
	})
	return others
}

// Parse reads a command line, in which flags and other arguments may stand in any
// order, and reports everything that is wrong with the flags, not only the first
// thing. It returns the other arguments. Where help is asked for, the only error
// is flag.ErrHelp.
func Parse(fs *flag.FlagSet, args []string) (others []string, wrong []error) {
	dashes := strings.NewReplacer("flag -", "flag --", "defined: -", "defined: --", "argument: -", "argument: --")
	for {
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, []error{err}
		case err != nil:
			wrong = append(wrong, errors.New(dashes.Replace(err.Error())))
			args = fs.Args()
		case fs.NArg() == 0:
			return others, wrong
		default:
			others, args = append(others, fs.Arg(0)), fs.Args()[1:]
		}
	}
}

// OnlyFlags is an error where there are other arguments than flags.
func OnlyFlags(others []string) error {
	var wrong []error
	for _, arg := range others {
		wrong = append(wrong, fmt.Errorf("%q is not a flag: flags begin with --", arg))
	}
	return errors.Join(wrong...)
}

// Prefix puts the name of a flag before an error about it; nil stays nil.
func Prefix(flag string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--%s: %w", flag, err)
}
