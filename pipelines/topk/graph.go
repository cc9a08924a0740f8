package main

import (
	"maps"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/sketchcombine"
	"crest/sketchcombine/summary"
	"crest/table"
	"crest/transforms"
)

// A Graph is the pipeline: what is computed between a source and its sinks.
type Graph struct {
	// Run is the row that the run commits with.
	Run table.Run
	// Paths are the ways of counting, by table.Fast or table.Exact.
	Paths map[string]transforms.Counting
	// Windows are the kinds of window that lists are made for.
	Windows []transforms.Window
	Pane    time.Duration
	// Counts is the window of the exact path's frequency table; nil for none.
	Counts *transforms.Window
	// MaxSegments is how many segments have lists of their own; 0 is no limit.
	MaxSegments int
	// K is the length of lists.
	K int
	// Firing says when lists are made, where what is read does not end; nil is
	// batch.
	Firing *transforms.Firing
	// FrequentStrings has stored sketches carry the layout of Apache DataSketches too.
	FrequentStrings bool
	// Archive writes the raw events, from blocks to done tokens as a Sink's; nil
	// where they are not wanted.
	Archive Sink
	// MaxRejects is the share of records, from 0 to 1, that may be rejected.
	MaxRejects float64
}

// A Source makes a PCollection<block.Block>.
type Source func(s beam.Scope) beam.PCollection

// A Sink writes a PCollection, of table.Row but for the archive's, and returns a
// PCollection<int64> with an element for each step of it that can be read from
// then on.
type Sink func(s beam.Scope, rows beam.PCollection) beam.PCollection

// A TableSink is a Sink of tables.
type TableSink struct {
	Write Sink
	// Early says that it takes lists of panes that are open still, too.
	Early bool
}

// Build adds the graph to a pipeline. Everything is written before the row of
// the table runs, which makes it visible.
func (g *Graph) Build(s beam.Scope, read Source, sinks []TableSink) {
	blocks := read(s)
	if g.Firing != nil {
		g.buildLive(s, blocks, sinks)
		return
	}
	ledger, rejects := transforms.Audit(s, g.label(g.Run.Path), blocks)
	rows := []beam.PCollection{rejects}
	answers := make(map[string][]transforms.Answers)
	partials := g.partials(s, blocks)
	for _, path := range slices.Sorted(maps.Keys(partials)) {
		var made []beam.PCollection
		answers[path], made = g.answer(s.Scope(path), path, partials[path])
		rows = append(rows, made...)
	}
	for i, fast := range answers[table.Fast] {
		if exacts := answers[table.Exact]; exacts != nil {
			c := g.Paths[table.Exact]
			rows = append(rows, transforms.Reconcile(s, g.label(table.Exact), g.K, c.Shards, c.Summary.Seed, fast, exacts[i]))
		}
	}
	all := beam.Flatten(s, rows...)
	var written []beam.PCollection
	for _, sink := range sinks {
		written = append(written, sink.Write(s, all))
	}
	if g.Archive != nil {
		written = append(written, g.Archive(s, blocks))
	}
	run := transforms.Commit(s, g.Run, g.MaxRejects, ledger, beam.Flatten(s, written...))
	for _, sink := range sinks {
		sink.Write(s.Scope("runs"), run)
	}
}

// partials are the partial summaries of each path, with no more segments than
// there may be.
func (g *Graph) partials(s beam.Scope, blocks beam.PCollection) map[string]beam.PCollection {
	made := make(map[string]beam.PCollection)
	var weights beam.PCollection
	for _, path := range []string{table.Fast, table.Exact} {
		c, ok := g.Paths[path]
		if !ok {
			continue
		}
		s := s.Scope(path)
		partials := transforms.PreAggregate(s, c, blocks)
		if g.MaxSegments > 0 {
			if !weights.IsValid() { // both paths keep the same segments
				weights = transforms.WeighSegments(s, g.MaxSegments, partials)
			}
			partials = transforms.LimitSegments(s, g.MaxSegments, weights, partials)
		}
		made[path] = partials
	}
	return made
}

// answer adds one path from its partial summaries on: what it answers for each
// kind of window asked for, and all rows that it makes.
func (g *Graph) answer(s beam.Scope, path string, partials beam.PCollection) (answers []transforms.Answers, rows []beam.PCollection) {
	label, c := g.label(path), g.Paths[path]
	for _, level := range transforms.RollUp(s, &sketchcombine.MergeFn{Config: c.Summary}, g.Pane, g.made(path), partials) {
		s := s.Scope(level.Window.String())
		if slices.Contains(g.Windows, level.Window) {
			lists := transforms.TopK(s, g.K, level.Summaries)
			answers = append(answers, transforms.Answers{Level: level, Lists: lists})
			rows = append(rows, transforms.TopKRows(s, label, level.Window, lists))
		}
		if path == table.Fast && !level.Window.Sliding() {
			rows = append(rows, transforms.SketchRows(s, label, g.sketches(c), level.Summaries))
		}
		if path == table.Exact && g.Counts != nil && level.Window == *g.Counts {
			rows = append(rows, transforms.CountRows(s, label, level.Summaries))
		}
	}
	return answers, rows
}

// made are the windows that a path makes summaries of.
func (g *Graph) made(path string) []transforms.Window {
	if path == table.Exact && g.Counts != nil {
		return append(g.Windows[:len(g.Windows):len(g.Windows)], *g.Counts)
	}
	return g.Windows
}

func (g *Graph) sketches(c transforms.Counting) transforms.SketchForm {
	return transforms.SketchForm{Shards: c.Shards, FrequentStrings: g.FrequentStrings}
}

func (g *Graph) label(path string) transforms.Label {
	return transforms.Label{Job: g.Run.Job, Run: g.Run.Run, Path: path}
}

// counting sizes a path: without a budget where it is exact.
func counting(path string, sized summary.Config, shards int, pane time.Duration, workers int) transforms.Counting {
	if path == table.Exact {
		sized = summary.Config{Seed: sized.Seed}
	}
	return transforms.Counting{Summary: sized, Shards: shards, Pane: pane, Workers: workers}
}
