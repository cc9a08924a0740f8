package templates_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crest/seedtest"
	"crest/sketchcombine/summary"
)

// said is what the function says of summaries that it refuses.
var said = regexp.MustCompile(`merging summaries: sketches\[0\], shard 3: (corrupt summary: .+|made under another hash seed: .+|the total weight passes 2\^53-1.+)`)

// TestDamagedSummaries cuts and changes bytes: what Go refuses is a clear error,
// and what it takes is answered as Go does.
func TestDamagedSummaries(t *testing.T) {
	r, f := seedtest.Rand(t), newUDF(t)
	check := func(b []byte, cfg *summary.Config) {
		t.Helper()
		got, err := f.merge([]sketch{{3, b}}, 5, cfg.Seed)
		want, wrong := answerTo(b, cfg)
		switch {
		case wrong == "" && err != nil:
			t.Fatalf("%x is refused: %v", b, err)
		case wrong == "":
			checkSame(t, got, want)
		case err == nil:
			t.Fatalf("%x is answered, in Go it is %s", b, wrong)
		case !said.MatchString(err.Error()):
			t.Fatalf("%x, which in Go is %s: %v", b, wrong, err)
		}
	}
	for range 5 {
		tr := newTrial(r)
		for len(tr.sketches) == 0 {
			tr.window()
		}
		whole := tr.sketches[0].Summary
		check(whole, &tr.cfg)
		for n := range whole[:min(len(whole), 300)] {
			check(whole[:n], &tr.cfg)
		}
		check(append(slices.Clone(whole), 0), &tr.cfg)
		for range 300 {
			b := slices.Clone(whole)
			for range 1 + r.IntN(2) {
				// Most of what has a meaning of its own is in front, or is small.
				at := r.IntN(len(b))
				if r.IntN(2) == 0 {
					at = r.IntN(min(len(b), 24))
				}
				b[at] ^= 1 << r.IntN(8)
			}
			check(b, &tr.cfg)
		}
	}
}

// answerTo is Go's answer to a summary, or what its error is about.
func answerTo(b []byte, cfg *summary.Config) (l summary.List, wrong string) {
	s, err := summary.Decode(b)
	if err != nil {
		return l, "corrupt summary: "
	}
	seen := make(map[string]bool)
	s.Each(func(item []byte, _, _ uint64) bool {
		if seen[string(item)] {
			wrong = "stands twice"
		}
		seen[string(item)] = true
		return true
	})
	if err := s.Bind(cfg); errors.Is(err, summary.ErrIncompatible) && strings.Contains(err.Error(), "fingerprint") {
		wrong = "another hash seed"
	}
	if s.Total() > 1<<53-1 {
		wrong = "2^53-1"
	}
	return s.Top(5), wrong
}
