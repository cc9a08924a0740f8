// Package cli is what Crest's programs share on a command line: flags and their
// help, the values that several of them read, errors and exit codes, and how
// counts, windows and progress look on a screen.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
)

// The exit codes of a program; 0 is that it did its work.
const (
	Failed      = 1
	Wrong       = 2   // the command line is
	Interrupted = 130 // by a signal, before it had done its work
)

// UsageError is an error about the command line, or several that are joined.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e UsageError) Unwrap() error { return e.Err }

// Explain prints an error of a program and returns the exit code. Of a
// UsageError each part has a line, and the hint follows.
func Explain(w io.Writer, program, hint string, err error) int {
	var wrong UsageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(w, "%s: the command line is wrong:\n", program)
		for _, e := range flatten(wrong.Err) {
			fmt.Fprintf(w, "  %v\n", e)
		}
		fmt.Fprintln(w, hint)
		return Wrong
	}
	fmt.Fprintf(w, "%s: %v\n", program, err)
	if errors.Is(err, context.Canceled) {
		return Interrupted
	}
	return Failed
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
