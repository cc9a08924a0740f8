package templates_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"crest/sketchcombine/summary"
	templates "crest/templates/bigquery"
)

// An answer is what the function returns.
type answer struct {
	Total   uint64
	Outside uint64
	Items   []answered
}

type answered struct {
	Rank int
	summary.Row
}

// A sketch is a row of the table sketches; its bytes become base64 in JSON, as
// they do in BigQuery.
type sketch struct {
	Shard   int    `json:"shard"`
	Summary []byte `json:"summary"`
}

// A udf is the function in an engine of its own.
type udf struct {
	call goja.Callable
}

// newUDF wraps the body in a function, as BigQuery does. The engine has what the
// language has, and nothing of a browser.
func newUDF(t testing.TB) udf {
	t.Helper()
	v, err := goja.New().RunScript("summary.js", `(text) => {
		const f = function (sketches, k, seed) {`+templates.SummaryJS+`
			return merge(sketches, k, seed);
		};
		const { sketches, k, seed } = JSON.parse(text);
		return JSON.stringify(f(sketches, k, seed));
	}`)
	if err != nil {
		t.Fatal(err)
	}
	call, ok := goja.AssertFunction(v)
	if !ok {
		t.Fatalf("the script is %v, not a function", v)
	}
	return udf{call}
}

// json calls the function with arguments as BigQuery passes them.
func (f udf) json(args string) (answer, error) {
	v, err := f.call(goja.Undefined(), goja.New().ToValue(args))
	if err != nil {
		return answer{}, err
	}
	var a answer
	d := json.NewDecoder(strings.NewReader(v.String()))
	d.DisallowUnknownFields()
	return a, d.Decode(&a)
}

func (f udf) merge(sketches []sketch, k int, seed summary.Seed) (answer, error) {
	args, err := json.Marshal(map[string]any{"sketches": sketches, "k": k, "seed": fmt.Sprint(uint64(seed))})
	if err != nil {
		return answer{}, err
	}
	return f.json(string(args))
}

// checkSame checks that the answer is the list, to the last digit.
func checkSame(t *testing.T, got answer, want summary.List) {
	t.Helper()
	if got.Total != want.Total || got.Outside != want.Outside || len(got.Items) != len(want.Rows) {
		t.Fatalf("total %d, outside %d, %d items; in Go %d, %d, %d",
			got.Total, got.Outside, len(got.Items), want.Total, want.Outside, len(want.Rows))
	}
	for i, w := range want.Rows {
		// What is no UTF-8 can't be text.
		w.Item = string([]rune(w.Item))
		if g := got.Items[i]; g.Rank != i+1 || g.Row != w {
			t.Fatalf("item %d is %+v, in Go %+v", i, g, w)
		}
	}
}

// A trial is windows of one segment, random and small enough that everything
// about a summary happens all the time.
type trial struct {
	*rand.Rand
	cfg      summary.Config
	shards   int
	universe int
	long     bool
	weigh    func() uint64

	sketches []sketch
	truth    map[string]uint64
	total    uint64
}

func newTrial(r *rand.Rand) *trial {
	tr := &trial{Rand: r, shards: 1 + r.IntN(3), universe: 1 + r.IntN(60), long: r.IntN(6) == 0, truth: make(map[string]uint64)}
	tr.cfg = summary.Config{
		Seed:      summary.Seed(r.Uint64()),
		Budget:    1 + r.IntN(12),
		Counters:  1 + r.IntN(6),
		ItemBytes: 1 + r.IntN(16),
		Width:     2 * (1 + r.IntN(20)),
		Depth:     1 + r.IntN(3),
	}
	switch r.IntN(6) {
	case 0:
		tr.weigh = func() uint64 { return r.Uint64N(50) }
	case 1: // cells near saturation
		tr.weigh = func() uint64 { return 1 << r.UintN(33) }
	case 2: // totals far over 32 bits
		tr.weigh = func() uint64 { return r.Uint64() >> (24 + r.UintN(40)) }
	default: // many ties
		tr.weigh = func() uint64 { return 1 + r.Uint64N(3) }
	}
	for range r.IntN(10) {
		tr.window()
	}
	r.Shuffle(len(tr.sketches), func(i, j int) { tr.sketches[i], tr.sketches[j] = tr.sketches[j], tr.sketches[i] })
	return tr
}

// scripts are items whose order by UTF-16 is not that by bytes, among others.
var scripts = []string{"", "\x00", "é", "日本語", "😀", "｡", "\uffff", "\U0010ffff", "e\u0301", `"quoted" \ 'item'`, "line\nfeed", "пример"}

func (tr *trial) item() []byte {
	i := min(int(tr.ExpFloat64()*float64(tr.universe)/4), tr.universe-1)
	if i < len(scripts) {
		return []byte(scripts[i])
	}
	item := fmt.Append(nil, "item ", i)
	if tr.long && i%3 == 0 {
		item = append(item, bytes.Repeat([]byte("長い"), 1+i)...)
	}
	return item
}

// window adds the rows of one window, some of its shards exact: as many as its
// items let be, or all of them, as those of the exact path are.
func (tr *trial) window() {
	cfg := tr.cfg
	if tr.IntN(4) == 0 {
		cfg.Budget = 0
	}
	parts := make([]*summary.Summary, tr.shards)
	for i := range parts {
		parts[i] = summary.New(&cfg)
	}
	for range tr.IntN(100) {
		item, w := tr.item(), tr.weigh()
		if err := parts[summary.Shard(cfg.Seed.Hash(item), tr.shards)].Add(item, w); err != nil {
			panic(err) // totals are far from what a summary holds
		}
		tr.total += w
		if w > 0 {
			tr.truth[string(item)] += w
		}
	}
	for i, s := range parts {
		if s.Total() > 0 || tr.IntN(2) == 0 {
			tr.sketches = append(tr.sketches, sketch{i, s.AppendBinary(nil)})
		}
	}
}

// byShard are the summaries of each shard, in the order of the rows.
func (tr *trial) byShard(t *testing.T) map[int][]*summary.Summary {
	t.Helper()
	shards := make(map[int][]*summary.Summary)
	for _, row := range tr.sketches {
		s, err := summary.Decode(row.Summary)
		if err != nil {
			t.Fatal(err)
		}
		shards[row.Shard] = append(shards[row.Shard], s)
	}
	return shards
}

// merge merges in Go by the tree that the function merges by: two windows, two of
// two, and so on.
func merge(t *testing.T, cfg *summary.Config, all []*summary.Summary) *summary.Summary {
	t.Helper()
	s, parts := summary.New(cfg), all
	if n := len(all); n > 1 {
		half := halfOf(n)
		parts = []*summary.Summary{merge(t, cfg, all[:half]), merge(t, cfg, all[half:])}
	}
	for _, part := range parts {
		if err := s.Merge(part); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// halfOf is the largest power of two below n.
func halfOf(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// roomy is a config under which Go evicts nothing either.
func roomy(cfg summary.Config) *summary.Config {
	cfg.Budget, cfg.Counters, cfg.ItemBytes = 1<<17, 1<<10, 64
	return &cfg
}

// A bound is what is known of an item.
type bound struct{ lower, upper uint64 }

// expect works out what the function is to know of every candidate: what each side
// counted of it, or may have. What a side may have, Go says.
func expect(t *testing.T, cfg *summary.Config, all []*summary.Summary) map[string]bound {
	t.Helper()
	bounds := make(map[string]bound)
	if len(all) == 1 {
		all[0].Each(func(item []byte, lower, upper uint64) bool {
			bounds[string(item)] = bound{lower, upper}
			return true
		})
		return bounds
	}
	half := halfOf(len(all))
	for _, side := range [][2][]*summary.Summary{{all[:half], all[half:]}, {all[half:], all[:half]}} {
		others, other := expect(t, cfg, side[1]), merge(t, cfg, side[1])
		for item, b := range expect(t, cfg, side[0]) {
			o, counted := others[item]
			if !counted {
				o.lower, o.upper = other.Bounds([]byte(item))
			}
			bounds[item] = bound{b.lower + o.lower, b.upper + o.upper}
		}
	}
	return bounds
}

// list makes a list of the bounds of all shards. What absent items count at most
// is in outside already.
func list(k int, total, outside uint64, bounds map[string]bound) summary.List {
	l := summary.List{Total: total, Outside: outside}
	for item, b := range bounds {
		entry := b.upper - b.lower
		l.Rows = append(l.Rows, summary.Row{Item: item, Count: b.upper - entry/8, Lower: b.lower, Upper: b.upper})
	}
	return summary.Unite(k, l)
}
