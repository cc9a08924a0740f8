package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// IsTerminal tells whether a person reads what is written.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A Status is a line that tells how far something is: on a terminal it redraws
// itself, else it is printed now and then.
type Status struct {
	out           io.Writer
	terminal      bool
	line          func() string
	done, stopped chan struct{}
}

// ShowStatus shows what line returns: every so often on a terminal, else every
// five seconds, where an empty line is not printed. It is called from one
// goroutine.
func ShowStatus(out io.Writer, every time.Duration, line func() string) *Status {
	s := &Status{out: out, terminal: IsTerminal(out), line: line, done: make(chan struct{}), stopped: make(chan struct{})}
	if !s.terminal {
		every = 5 * time.Second
	}
	go s.run(every)
	return s
}

func (s *Status) run(every time.Duration) {
	defer close(s.stopped)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.show()
		case <-s.done:
			if s.terminal {
				fmt.Fprint(s.out, clearLine)
			}
			return
		}
	}
}

const clearLine = "\r\x1b[K"

func (s *Status) show() {
	line := s.line()
	switch {
	case s.terminal:
		fmt.Fprint(s.out, clearLine+line)
	case line != "":
		fmt.Fprintln(s.out, line)
	}
}

// Stop ends it. On a terminal the line is taken away.
func (s *Status) Stop() {
	close(s.done)
	<-s.stopped
}
