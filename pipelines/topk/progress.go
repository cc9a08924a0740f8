package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"

	"crest/sources/files"
)

// progress tells how far the source has read, while a pipeline runs in this
// process: a line that redraws itself on a terminal, else a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	total    int64
	started  time.Time
	ended    time.Time // when everything had been read
	told     time.Time // when a line was last printed
	bytes    int64     // at the start
	records  int64
	done     chan struct{}
	stopped  chan struct{}
}

func startProgress(out io.Writer, p *Plan) *progress {
	s := &progress{out: out, terminal: isTerminal(out), total: p.Bytes, started: time.Now(), done: make(chan struct{}), stopped: make(chan struct{})}
	s.bytes, s.records, _ = files.Progress()
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
		every = 200 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if s.terminal {
				fmt.Fprintf(s.out, "\r\x1b[K%s", s.line())
			} else if line := s.line(); s.ended.IsZero() || time.Since(s.told) > 30*time.Second {
				fmt.Fprintln(s.out, line)
				s.told = time.Now()
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

func (s *progress) line() string {
	bytes, records, rejected := files.Progress()
	bytes, records = bytes-s.bytes, records-s.records
	elapsed := time.Since(s.started)
	line := fmt.Sprintf("%s events, %s of %s", humanize.Comma(records), humanize.IBytes(uint64(bytes)), humanize.IBytes(uint64(s.total)))
	if rejected > 0 {
		line += fmt.Sprintf(", %s rejected", humanize.Comma(rejected))
	}
	switch {
	case bytes >= s.total:
		if s.ended.IsZero() {
			s.ended = time.Now()
		}
		return line + fmt.Sprintf(", merging and writing for %s", time.Since(s.ended).Round(time.Second))
	case bytes > 0:
		left := time.Duration(float64(elapsed) * float64(s.total-bytes) / float64(bytes))
		return line + fmt.Sprintf(", %s, %s left", humanize.SIWithDigits(float64(records)/elapsed.Seconds(), 1, "events/s"), left.Round(time.Second))
	}
	return line
}
