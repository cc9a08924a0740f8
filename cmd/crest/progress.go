package main

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"crest/cli"
	"crest/replay"
)

// progress tells how far a replay has come.
type progress struct {
	replay *replay.Progress
	told   int64 // events at the last line
	at     time.Time
}

func startProgress(out io.Writer, p *replay.Progress) *cli.Status {
	s := &progress{replay: p, at: time.Now()}
	return cli.ShowStatus(out, 500*time.Millisecond, func() string { return s.line(time.Now()) })
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
