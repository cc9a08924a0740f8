package frequentstrings

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"crest/datatest"
	"crest/seedtest"
	"crest/sketchcombine/summary"
)

// An event is an item and its weight.
type event struct {
	item   string
	weight uint64
}

// A sample is a summary, and what is true of it.
type sample struct {
	name    string
	summary *summary.Summary
	counts  map[string]uint64
}

// samples are summaries of every kind.
func samples(t testing.TB) []sample {
	exact, small, large := summary.Config{}, summary.ForMemory(16<<10), summary.ForMemory(256<<10)
	random := seedtest.Rand(t)
	history, skewed, flat := commits(t), zipf(random, 200_000, 1.1), zipf(random, 200_000, 0.6)
	return []sample{
		summarize(t, "nothing", &small, nil),
		summarize(t, "one item", &exact, []event{{"one", 1}}),
		summarize(t, "an item of no bytes", &exact, []event{{"", 7}, {"x", 3}}),
		summarize(t, "a full table", &exact, distinct(capacity(5), 0)),
		summarize(t, "a table that is too full", &exact, distinct(capacity(5)+1, 0)),
		summarize(t, "the largest total", &exact, []event{{"most", math.MaxInt64 - 1}, {"least", 1}}),
		summarize(t, "all kinds of characters", &exact, characters()),
		summarize(t, "all kinds of characters, sketched", &small, append(characters(), skewed[:50_000]...)),
		summarize(t, "long items", &small, distinct(2_000, summary.MaxItem)),
		summarize(t, "more items than fit", &exact, distinct(MaxItems+1_000, 0)),
		summarize(t, "more bytes than fit", &exact, distinct(2_000, summary.MaxItem)),
		summarize(t, "commits, exact", &exact, history),
		summarize(t, "commits, small", &small, history),
		summarize(t, "commits, large", &large, history),
		summarize(t, "Zipf, small", &small, skewed),
		summarize(t, "flat, small", &small, flat),
		summarize(t, "flat, merged", &small, cut(flat, 10)...),
	}
}

// summarize counts parts of a stream apart, and merges them.
func summarize(t testing.TB, name string, cfg *summary.Config, parts ...[]event) sample {
	t.Helper()
	s := sample{name, summary.New(cfg), map[string]uint64{}}
	for _, events := range parts {
		part := summary.New(cfg)
		for _, e := range events {
			s.counts[e.item] += e.weight
			if err := part.Add([]byte(e.item), e.weight); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := s.summary.Merge(part); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return s
}

// sketch is the sample's sketch.
func (s sample) sketch(t testing.TB) []byte {
	t.Helper()
	b, err := Append(nil, s.summary)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return b
}

// cut divides a stream into parts of one length.
func cut(events []event, parts int) (all [][]event) {
	for i := range parts {
		all = append(all, events[len(events)*i/parts:len(events)*(i+1)/parts])
	}
	return all
}

// commits are the items of real commits.
func commits(t testing.TB) (events []event) {
	t.Helper()
	datatest.Lines(t, datatest.Commits, func(line []byte) {
		var v struct{ Item string }
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		events = append(events, event{v.Item, 1})
	})
	return events
}

// zipf draws n items of a hundred thousand, where the one of rank r comes in
// proportion to r^-s, with small weights.
func zipf(r *rand.Rand, n int, s float64) []event {
	events := make([]event, n)
	for i := range events {
		// The inverse of the integral of x^-s, which is near enough.
		rank := math.Pow(1+r.Float64()*(math.Pow(1e5, 1-s)-1), 1/(1-s))
		events[i] = event{fmt.Sprintf("item %d", int(rank)), 1 + r.Uint64N(3)}
	}
	return events
}

// distinct are n items of a length, or of a few bytes, that weigh from 1 to 10.
func distinct(n, length int) (events []event) {
	for i := range n {
		item := fmt.Sprint(i, " ")
		item += strings.Repeat("ü", max(0, length-len(item))/2)
		events = append(events, event{item, uint64(1 + i%10)})
	}
	return events
}

// characters are items that a program may stumble over.
func characters() (events []event) {
	for i, item := range []string{
		"", " ", "\x00", "a\x00b", "\n", "\r\n", "\t", `"`, `\`, "'", "`", "\u0085", "\u2028", "\ufeff", "\ufffd", "\u007f", "\ud7ff", "\ue000",
		"\U0010ffff", "é", "e\u0301", "日本語", "עברית", "\u202eevil", "👩‍👩‍👧", "🇩🇪", "𝒳", "null", "NaN", strings.Repeat("\U0001f600", summary.MaxItem/4),
	} {
		events = append(events, event{item, uint64(1000 + i)})
	}
	return events
}

// bounds are what is said of one item.
type bounds struct{ estimate, lower, upper uint64 }

// An answer is all that a reader says of a sketch.
type answer struct {
	total  uint64
	absent bounds
	items  map[string]bounds
}

func answerOf(s *Sketch) answer {
	const nowhere = "no item of a sample"
	a := answer{s.Total(), bounds{s.Estimate(nowhere), s.Lower(nowhere), s.Upper(nowhere)}, map[string]bounds{}}
	for item := range s.All() {
		a.items[item] = bounds{s.Estimate(item), s.Lower(item), s.Upper(item)}
	}
	return a
}

// decoded is what Crest says of a sketch.
func decoded(t testing.TB, name string, b []byte) answer {
	t.Helper()
	s, err := Decode(b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return answerOf(s)
}

// holds checks an answer against the true counts.
func (a answer) holds(t testing.TB, name string, counts map[string]uint64) {
	t.Helper()
	var total uint64
	for item, count := range counts {
		total += count
		b, ok := a.items[item]
		if !ok {
			b = a.absent
		}
		if count < b.lower || count > b.upper {
			t.Errorf("%s: %.40q counts %d, which is not in [%d, %d]", name, item, count, b.lower, b.upper)
		}
	}
	if total != a.total {
		t.Errorf("%s: the total is %d, want %d", name, a.total, total)
	}
	for item := range a.items {
		if counts[item] == 0 {
			t.Errorf("%s: %.40q is in the sketch, and was never counted", name, item)
		}
	}
}
