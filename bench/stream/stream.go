// Package stream makes the synthetic streams of the benchmarks: events as
// newline-delimited JSON, and bare items, one a line.
//
// A stream is a function of its Config alone: it is made in chunks side by
// side, each with a random generator of its own, so the bytes do not depend on
// how many cores made them.
package stream

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"
)

// Config says which stream to make.
type Config struct {
	N        int           // how many events or items
	Seed     uint64        // equal seeds make equal streams
	Exponent float64       // rank k is drawn with probability ~ k^-Exponent
	Universe int           // how many items there are to draw from
	Start    time.Time     // event time of the first event
	Span     time.Duration // events are spread evenly over this, in order …
	Disorder time.Duration // … but each comes up to this much late
	Segments int           // how many segments (countries); 1 to 8
}

// Default is the stream of the benchmarks: ten million events of one hour, with
// about 2.7 million distinct (minute, item) pairs.
var Default = Config{
	N:        10_000_000,
	Seed:     1,
	Exponent: 1.1,
	Universe: 12_000_000,
	Start:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	Span:     time.Hour,
	Disorder: 2 * time.Second,
	Segments: 1,
}

var segments = [...]string{"us", "in", "br", "de", "jp", "gb", "fr", "mx"}

// users is how many users there are; they are drawn evenly.
const users = 100_000

// Validate reports every setting that makes no stream.
func (c Config) Validate() error {
	var bad []error
	check := func(ok bool, format string, value any) {
		if !ok {
			bad = append(bad, fmt.Errorf(format, value))
		}
	}
	check(c.N > 0, "n is %v: it must be at least 1", c.N)
	check(c.Exponent >= 0, "exponent is %v: it must be at least 0", c.Exponent)
	check(c.Universe > 1, "universe is %v: it must be at least 2", c.Universe)
	check(c.Span > 0, "span is %v: it must be above 0, like 1h", c.Span)
	check(c.Disorder >= 0, "disorder is %v: it must be at least 0, like 2s", c.Disorder)
	check(c.Segments >= 1 && c.Segments <= len(segments), "segments is %v: it must be 1 to 8", c.Segments)
	return errors.Join(bad...)
}

// WriteEvents writes the stream as newline-delimited JSON, about 87 bytes an event.
func (c Config) WriteEvents(w io.Writer) error {
	zipf := NewZipf(c.Exponent, c.Universe)
	step := float64(c.Span) / float64(c.N)
	return c.write(w, func(line []byte, i int, rng *rand.Rand) []byte {
		return c.appendEvent(line, c.Start.Add(time.Duration(float64(i)*step)), c.Start, zipf, rng)
	})
}

// AppendEvent appends one event of the stream as a line: it comes at a time, and
// its event time is up to Disorder before. The sampler is that of Exponent and
// Universe; N, Start and Span do not matter.
func (c Config) AppendEvent(line []byte, at time.Time, zipf *Zipf, rng *rand.Rand) []byte {
	return c.appendEvent(line, at, time.Time{}, zipf, rng)
}

func (c Config) appendEvent(line []byte, at, earliest time.Time, zipf *Zipf, rng *rand.Rand) []byte {
	if c.Disorder > 0 {
		at = at.Add(-time.Duration(rng.Int64N(int64(c.Disorder))))
	}
	if at.Before(earliest) {
		at = earliest
	}
	line = append(line, `{"time":"`...)
	line = at.UTC().AppendFormat(line, "2006-01-02T15:04:05.000Z")
	line = append(line, `","item":"`...)
	line = appendItem(line, zipf.Rank(rng))
	line = append(line, `","segment":"`...)
	line = append(line, segments[rng.IntN(c.Segments)]...)
	line = append(line, `","user":"u`...)
	line = strconv.AppendInt(line, rng.Int64N(users), 10)
	line = append(line, `","n":`...)
	line = strconv.AppendInt(line, 1+rng.Int64N(9), 10)
	return append(line, '}', '\n')
}

// WriteItems writes the items alone, one a line.
func (c Config) WriteItems(w io.Writer) error {
	zipf := NewZipf(c.Exponent, c.Universe)
	return c.write(w, func(line []byte, _ int, rng *rand.Rand) []byte {
		return append(appendItem(line, zipf.Rank(rng)), '\n')
	})
}

// appendItem appends the name of the item of a rank.
func appendItem(b []byte, rank int) []byte { return strconv.AppendInt(append(b, 'i'), int64(rank), 10) }

// chunk is how many lines one random generator makes.
const chunk = 1 << 16

// write makes the chunks side by side and writes them in order.
func (c Config) write(w io.Writer, appendLine func([]byte, int, *rand.Rand) []byte) error {
	if err := c.Validate(); err != nil {
		return err
	}
	// The channel's capacity bounds how many chunks are under way.
	made := make(chan chan []byte, runtime.GOMAXPROCS(0)+1)
	free := make(chan []byte, cap(made)+2)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(made)
		for from := 0; from < c.N; from += chunk {
			one := make(chan []byte, 1)
			select {
			case made <- one:
			case <-stop:
				return
			}
			go func() {
				var buf []byte
				select {
				case buf = <-free:
				default:
					buf = make([]byte, 0, chunk*96)
				}
				rng := rand.New(rand.NewPCG(c.Seed, uint64(from)))
				for i := from; i < min(from+chunk, c.N); i++ {
					buf = appendLine(buf, i, rng)
				}
				one <- buf
			}()
		}
	}()
	for one := range made {
		buf := <-one
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("writing the stream: %w", err)
		}
		select {
		case free <- buf[:0]:
		default:
		}
	}
	return nil
}
