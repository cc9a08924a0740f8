package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const header = "   min  live MB  heap MB  RSS MB  goroutines  CPU cores    read/s      lag  watermark s  list s"

// line is the newest sample, with rates since the line before.
func (s *soak) line(lists []paneList) string {
	now, before := s.samples[len(s.samples)-1], sample{}
	if i := len(s.samples) - 1 - samplesEach; i >= 0 {
		before = s.samples[i]
	}
	seconds := (now.at - before.at).Seconds()
	delay := "-"
	if len(lists) > 0 {
		delay = fmt.Sprintf("%.1f", s.delay(lists[len(lists)-1]))
	}
	return fmt.Sprintf("%6.1f  %7.0f  %7.0f  %6.0f  %10.0f  %9.2f  %8.0f  %7.0f  %11.0f  %6s", now.at.Minutes(), now.live/1e6, now.heap/1e6,
		now.resident/1e6, now.goroutines, (now.cpu-before.cpu)/seconds, (now.read-before.read)/seconds, now.lag, now.age, delay)
}

// delay is how many seconds after it could have been the list of a closed minute
// was written: a minute can close when an event is seen that is the disorder
// behind its end.
func (s *soak) delay(l paneList) float64 { return l.written.Sub(l.end.Add(s.disorder)).Seconds() }

// A trend is one figure in the first and in the last third of a run: medians.
type trend struct {
	name        string
	first, last float64
	slack       float64 // by how much it may grow, beside a quarter
}

func (t trend) steady() bool { return t.last <= 1.25*t.first+t.slack }

// trends compares the first third of the samples with the last.
func trends(samples []sample, rate int) []trend {
	third := len(samples) / 3
	of := func(name string, slack, unit float64, value func(sample) float64) trend {
		return trend{name, median(samples[:third], value) / unit, median(samples[len(samples)-third:], value) / unit, slack}
	}
	return []trend{
		of("live heap, MB", 32, 1e6, func(s sample) float64 { return s.live }),
		of("goroutines", 20, 1, func(s sample) float64 { return s.goroutines }),
		of("lag, s of events", 1, float64(rate), func(s sample) float64 { return s.lag }),
		of("watermark age, s", 2, 1, func(s sample) float64 { return s.age }),
	}
}

func median[T any](all []T, value func(T) float64) float64 {
	if len(all) == 0 {
		return 0
	}
	values := make([]float64, len(all))
	for i, v := range all {
		values[i] = value(v)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// missing is how many events of closed minutes are not in their lists.
func (s *soak) missing(lists []paneList) (n int64) {
	for _, l := range lists {
		n += s.minutes[l.end.Add(-window).UTC().Format(minuteLayout)] - l.total
	}
	return n
}

// conclude prints whether the job stayed as it was and counted everything, and
// fails where it did not.
func (s *soak) conclude(db string) error {
	if len(s.samples) < 3 {
		return errors.New("it was stopped before anything can be said")
	}
	store, err := openStore(db)
	if err != nil {
		return err
	}
	defer store.close()
	lists, err := store.lists(s.started)
	if err != nil {
		return err
	}
	ledger, err := store.ledger()
	if err != nil {
		return err
	}
	all := trends(s.samples, s.rate)
	if third := len(lists) / 3; third > 0 {
		all = append(all, trend{"list delay, s", median(lists[:third], s.delay), median(lists[len(lists)-third:], s.delay), 2})
	}
	fmt.Printf("\n%d events sent; the ledger: %s\n\n%-18s %10s %10s\n", s.sent, ledger, "", "first third", "last third")
	var grown []string
	for _, t := range all {
		fmt.Printf("%-18s %11.1f %10.1f\n", t.name, t.first, t.last)
		if !t.steady() {
			grown = append(grown, t.name)
		}
	}
	fmt.Printf("\nagain: go run ./bench/live soak --for=%v --rate=%d --seed=%d\n", s.length.Round(time.Second), s.rate, s.events.Seed)
	if missing := s.missing(lists); missing != 0 {
		return fmt.Errorf("%d events are missing in the lists of %d closed minutes", missing, len(lists))
	}
	fmt.Printf("the lists of %d closed minutes hold every event\n", len(lists))
	if len(grown) > 0 {
		return fmt.Errorf("not steady: %s grew by more than a quarter", strings.Join(grown, ", "))
	}
	fmt.Println("steady")
	return nil
}
