package main

import (
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"

	"crest/cli"
	"crest/metrics"
)

// progress tells how far the source has read, while a pipeline runs in this
// process.
type progress struct {
	terminal bool
	total    int64
	live     bool
	started  time.Time
	ended    time.Time // when everything had been read
	told     time.Time // when a line was last printed
	bytes    int64     // at the start
	records  int64
	before   int64 // records when a live source's line was last made
	at       time.Time
}

func startProgress(out io.Writer, p *Plan) *cli.Status {
	s := &progress{terminal: cli.IsTerminal(out), total: p.Input.Bytes, live: p.Input.Live, started: time.Now(), at: time.Now()}
	s.bytes, s.records = metrics.BytesRead.Value(), metrics.RecordsRead.Value()
	every := 200 * time.Millisecond
	if s.live {
		every = time.Second
	}
	return cli.ShowStatus(out, every, s.show)
}

// show is the line; after everything has been read seldom one where it goes to no
// terminal.
func (s *progress) show() string {
	line := s.line()
	if !s.terminal && !s.ended.IsZero() && time.Since(s.told) <= 30*time.Second {
		return ""
	}
	s.told = time.Now()
	return line
}

// lineLive tells how a live source is followed.
func (s *progress) lineLive() string {
	now, records := time.Now(), metrics.RecordsRead.Value()
	rate := float64(records-s.before) / now.Sub(s.at).Seconds()
	s.before, s.at = records, now
	line := fmt.Sprintf("%s events, %s", humanize.Comma(records-s.records), humanize.SIWithDigits(max(rate, 0), 1, "events/s"))
	var lag int64
	for _, n := range metrics.Lag.Values() {
		lag += n
	}
	line += fmt.Sprintf(", %s behind", humanize.Comma(lag))
	for _, age := range metrics.WatermarkAge.Values() {
		line += fmt.Sprintf(", watermark %s", now.Add(-time.Duration(age)*time.Second).UTC().Format(time.DateTime))
	}
	if late := metrics.RecordsLate.Value(); late > 0 {
		line += fmt.Sprintf(", %s late", humanize.Comma(late))
	}
	if rejected := metrics.RecordsRejected.Value(); rejected > 0 {
		line += fmt.Sprintf(", %s rejected", humanize.Comma(rejected))
	}
	return line
}

func (s *progress) line() string {
	if s.live {
		return s.lineLive()
	}
	bytes, records, rejected := metrics.BytesRead.Value()-s.bytes, metrics.RecordsRead.Value()-s.records, metrics.RecordsRejected.Value()
	elapsed := time.Since(s.started)
	line := fmt.Sprintf("%s events, %s of %s", humanize.Comma(records), humanize.IBytes(uint64(bytes)), humanize.IBytes(uint64(s.total)))
	if s.total == 0 {
		return fmt.Sprintf("%s events, %s", humanize.Comma(records), humanize.SIWithDigits(float64(records)/elapsed.Seconds(), 1, "events/s"))
	}
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
