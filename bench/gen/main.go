// Command gen writes a synthetic stream to standard output or a file: events as
// newline-delimited JSON, or with --items the bare items, one a line.
//
//	go run ./bench/gen --out=events.ndjson
//	go run ./bench/gen --items --exponent=0.8 --out=flat.txt
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"crest/bench/stream"
)

func main() {
	c := stream.Default
	flag.IntVar(&c.N, "n", c.N, "how many events")
	flag.Uint64Var(&c.Seed, "seed", c.Seed, "equal seeds make equal streams")
	flag.Float64Var(&c.Exponent, "exponent", c.Exponent, "item of rank k is drawn with probability ~ k^-exponent")
	flag.IntVar(&c.Universe, "universe", c.Universe, "how many items there are to draw from")
	flag.DurationVar(&c.Span, "span", c.Span, "the event time that the stream covers")
	flag.DurationVar(&c.Disorder, "disorder", c.Disorder, "how much an event may come late")
	flag.IntVar(&c.Segments, "segments", c.Segments, "how many segments, 1 to 8")
	items := flag.Bool("items", false, "write bare items, one a line, instead of events")
	out := flag.String("out", "-", "the file to write; - is standard output")
	flag.Parse()
	if err := run(c, *items, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(c stream.Config, items bool, out string) error {
	write := c.WriteEvents
	if items {
		write = c.WriteItems
	}
	if out == "-" {
		return write(os.Stdout)
	}
	start := time.Now()
	if err := stream.WriteFile(out, write); err != nil {
		return err
	}
	took := time.Since(start)
	fmt.Fprintf(os.Stderr, "%s: %d lines in %.1f s, %.1f M/s\n", out, c.N, took.Seconds(), float64(c.N)/1e6/took.Seconds())
	return nil
}
