package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A share is how much of a profile a package has by itself.
type share struct {
	name    string
	percent float64
}

// printProfile prints the ten packages that a profile has most of.
func printProfile(ctx context.Context, out io.Writer, title, program, file string) error {
	text, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0", program, file).Output()
	if err != nil {
		return fmt.Errorf("reading the profile %s: %w", file, err)
	}
	shares := byPackage(string(text))
	fmt.Fprintf(out, "\n%s, by package\n", title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range shares[:min(10, len(shares))] {
		fmt.Fprintf(w, "%.1f%%\t  %s\n", s.percent, s.name)
	}
	return w.Flush()
}

// byPackage adds up the lines of pprof -top by package, the largest first: flat,
// flat%, sum%, cum, cum%, function.
func byPackage(top string) []share {
	sums := make(map[string]float64)
	for line := range strings.Lines(top) {
		fields := strings.Fields(line)
		if len(fields) < 6 || !strings.HasSuffix(fields[1], "%") {
			continue
		}
		percent, err := strconv.ParseFloat(strings.TrimSuffix(fields[1], "%"), 64)
		if err == nil {
			sums[packageOf(fields[5])] += percent
		}
	}
	var shares []share
	for name, percent := range sums {
		shares = append(shares, share{name, percent})
	}
	slices.SortFunc(shares, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.percent, a.percent), strings.Compare(a.name, b.name))
	})
	return shares
}

// packageOf is the package of a function, as crest/table of crest/table.(*Row).Encode.
func packageOf(function string) string {
	if i := strings.IndexByte(function, '['); i >= 0 { // type arguments
		function = function[:i]
	}
	slash := strings.LastIndexByte(function, '/') + 1
	if dot := strings.IndexByte(function[slash:], '.'); dot >= 0 {
		return function[:slash+dot]
	}
	return function
}
