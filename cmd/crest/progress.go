package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"

	"crest/replay"
)

// progress tells how far a replay has come: a line that redraws itself on a
// terminal, else a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	replay   *replay.Progress
	told     int64 // events at the last line
	at       time.Time
	done     chan struct{}
	stopped  chan struct{}
}

func startProgress(out io.Writer, p *replay.Progress) *progress {
	s := &progress{out: out, terminal: isTerminal(out), replay: p, at: time.Now(), done: make(chan struct{}), stopped: make(chan struct{})}
	go s.run()
	return s
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (s *progress) run() {
	defer close(s.stopped)
	every := 5 * time.Second
	if s.terminal {
		every = 500 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if s.terminal {
				fmt.Fprintf(s.out, "\r\x1b[K%s", s.line(time.Now()))
			} else {
				fmt.Fprintln(s.out, s.line(time.Now()))
			}
		case <-s.done:
			if s.terminal {
				fmt.Fprint(s.out, "\r\x1b[K")
			}
			return
		}
	}
}

func (s *progress) stop() {
	close(s.done)
	<-s.stopped
}

// line says how many events were sent, how many a second since the last line,
// which time they are of, and how far behind its schedule the replay is.
func (s *progress) line(now time.Time) string {
	n := s.replay.Records()
	rate := float64(n-s.told) / max(now.Sub(s.at).Seconds(), 1e-3)
	s.told, s.at = n, now
	line := fmt.Sprintf("%s events sent, %s", humanize.Comma(n), humanize.SIWithDigits(rate, 1, "events/s"))
	if at := s.replay.EventTime(); at.UnixMilli() != 0 {
		line += ", at " + at.Format(time.DateTime)
	}
	if lag := s.replay.Lag(); lag >= 100*time.Millisecond {
		line += fmt.Sprintf(", %v behind schedule", lag.Round(100*time.Millisecond))
	}
	return line
}
