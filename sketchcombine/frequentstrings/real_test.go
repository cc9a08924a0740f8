//go:build real

package frequentstrings

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"crest/realtest"
	"crest/seedtest"
	"crest/sketchcombine/summary"
)

// TestRealDataSketches: Apache's libraries read what Crest writes, Crest reads what
// they write, and both say the same.
func TestRealDataSketches(t *testing.T) {
	for language, library := range map[string]func(testing.TB) realtest.SketchLibrary{
		"Java": realtest.DataSketchesJava, "Python": realtest.DataSketchesPython,
	} {
		t.Run(language, func(t *testing.T) {
			l := apache{t, library(t)}
			t.Run("read", func(t *testing.T) { apache{t, l.SketchLibrary}.testRead() })
			t.Run("build", func(t *testing.T) { apache{t, l.SketchLibrary}.testBuild() })
			t.Run("merge", func(t *testing.T) { apache{t, l.SketchLibrary}.testMerge() })
		})
	}
}

// apache is Apache's library in one language.
type apache struct {
	testing.TB
	realtest.SketchLibrary
}

// testRead: the library says of Crest's sketches what Crest says of them, and
// writes sketches that say the same again.
func (l apache) testRead() {
	all := samples(l)
	var questions []string
	for _, s := range all {
		questions = append(questions, "read "+text(s.sketch(l)))
	}
	for i, got := range l.ask(questions) {
		got.holds(l, all[i].name, all[i].counts)
		l.same(all[i].name, got.answer, decoded(l, all[i].name, all[i].sketch(l)))
		l.same(all[i].name+", written again", decoded(l, all[i].name, got.sketch), got.answer)
	}
}

// testBuild: Crest says of the library's own sketches what the library says of
// them, whether or not they had room for all items.
func (l apache) testBuild() {
	random := seedtest.Rand(l)
	streams := map[string][]event{
		"nothing": nil, "characters": characters(), "long items": distinct(100, 50_000),
		"Zipf": zipf(random, 50_000, 1.1), "flat": zipf(random, 50_000, 0.6),
	}
	for name, events := range streams {
		items := strings.Builder{}
		counts := map[string]uint64{}
		for _, e := range events {
			counts[e.item] += e.weight
			fmt.Fprintf(&items, " %s:%d", text([]byte(e.item)), e.weight)
		}
		for i, got := range l.ask([]string{"build 6" + items.String(), "build 18" + items.String()}) {
			name := fmt.Sprint(name, " ", i)
			if got.absent.upper > 0 != (i == 0 && len(events) > 0 && len(counts) > capacity(6)) {
				l.Errorf("%s: %d items with an offset of %d", name, len(got.items), got.absent.upper)
			}
			got.holds(l, name, counts)
			l.same(name, decoded(l, name, got.sketch), got.answer)
		}
	}
}

// testMerge: the bounds of what the library merges hold, both with room for all
// items and without.
func (l apache) testMerge() {
	random := seedtest.Rand(l)
	small, exact := summary.ForMemory(16<<10), summary.Config{}
	streams := map[string][]event{
		"commits": commits(l), "Zipf": zipf(random, 200_000, 1.1), "flat": zipf(random, 200_000, 0.6), "characters": characters(),
	}
	for name, events := range streams {
		for _, cfg := range []*summary.Config{&small, &exact} {
			counts := map[string]uint64{}
			var sketches strings.Builder
			for _, part := range cut(events, 20) {
				s := summarize(l, name, cfg, part)
				for item, count := range s.counts {
					counts[item] += count
				}
				sketches.WriteString(" " + text(s.sketch(l)))
			}
			for i, got := range l.ask([]string{"merge 8" + sketches.String(), "merge 16" + sketches.String()}) {
				name := fmt.Sprintf("%s, budget %d, merge %d", name, cfg.Budget, i)
				l.Logf("%s: %d items, offset %d of %d", name, len(got.items), got.absent.upper, got.total)
				got.holds(l, name, counts)
				l.same(name, decoded(l, name, got.sketch), got.answer)
			}
		}
	}
}

// same fails where two answers are not equal.
func (l apache) same(name string, got, want answer) {
	l.Helper()
	if got.total != want.total || got.absent != want.absent || len(got.items) != len(want.items) {
		l.Errorf("%s: total %d, absent %v, %d items; want %d, %v, %d", name, got.total, got.absent, len(got.items), want.total, want.absent, len(want.items))
	} else if !maps.Equal(got.items, want.items) {
		l.Errorf("%s: the same number of items, with other bounds", name)
	}
}

// A said is what the library says of a sketch, and the sketch.
type said struct {
	answer
	sketch []byte
}

func (l apache) ask(questions []string) []said {
	l.Helper()
	var all []said
	for _, line := range l.Ask(l, questions...) {
		words := strings.Split(line, " ")
		s := said{answer{items: map[string]bounds{}}, l.bytes(words[1])}
		s.total, s.absent = l.number(words[0]), l.bounds(words[2])
		for _, w := range words[3:] {
			item, b, _ := strings.Cut(w, ":")
			s.items[string(l.bytes(item))] = l.bounds(b)
		}
		all = append(all, s)
	}
	return all
}

func (l apache) bounds(s string) bounds {
	words := strings.Split(s, ":")
	return bounds{l.number(words[0]), l.number(words[1]), l.number(words[2])}
}

func (l apache) number(s string) uint64 {
	l.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		l.Fatal(err)
	}
	return n
}

func (l apache) bytes(s string) []byte {
	l.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		l.Fatal(err)
	}
	return b
}

func text(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
