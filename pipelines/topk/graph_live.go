package main

import (
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/sketchcombine"
	"crest/table"
	"crest/transforms"
)

// buildLive adds the graph of a source that does not end. Its run is visible
// from the start; each row counts when it is written, and the highest revision
// of a list is the one that does.
func (g *Graph) buildLive(s beam.Scope, blocks beam.PCollection, sinks []TableSink) {
	rows := []beam.PCollection{
		transforms.Launch(s, g.Run),
		transforms.AuditLive(s, g.label(table.Fast), g.Pane, g.Firing, blocks),
	}
	partials := transforms.PreAggregate(s, g.Paths[table.Fast], blocks)
	closed, early := g.answerLive(s.Scope(table.Fast), partials)
	rows = append(rows, closed...)
	all := beam.Flatten(s, rows...)
	for _, sink := range sinks {
		if sink.Early && early.IsValid() {
			sink.Write(s, beam.Flatten(s, all, early))
			continue
		}
		sink.Write(s, all)
	}
	if g.Archive != nil {
		g.Archive(s, blocks)
	}
}

// answerLive adds the fast path from its partial summaries on, and returns all
// rows that it makes, those of open panes apart: there may be none of these.
func (g *Graph) answerLive(s beam.Scope, counted beam.PCollection) (rows []beam.PCollection, early beam.PCollection) {
	label, c := g.label(table.Fast), g.Paths[table.Fast]
	merge := &sketchcombine.MergeFn{Config: c.Summary}
	pane := transforms.Tumbling(g.Pane)
	partials := g.Firing.Partials(s, counted)
	if g.Firing.Early > 0 {
		deltas := g.Firing.EarlyPanes(s, merge, g.Pane, partials)
		if slices.Contains(g.Windows, pane) {
			s := s.Scope("early")
			lists := transforms.TopKOf(s, g.K, transforms.Totals(s, merge, g.Pane, deltas))
			early = transforms.TopKRows(s, label, pane, lists)
		}
		partials = deltas
	}
	for _, level := range g.Firing.LiveRollUp(s, merge, g.Pane, g.Windows, partials) {
		s := s.Scope(level.Window.String())
		totals := transforms.Totals(s, merge, g.Pane, level)
		if slices.Contains(g.Windows, level.Window) {
			rows = append(rows, transforms.TopKRows(s, label, level.Window, transforms.TopKOf(s, g.K, totals)))
		}
		if !level.Window.Sliding() {
			rows = append(rows,
				transforms.SketchRows(s, label, g.sketches(c), transforms.SummariesOf(s, totals)),
				transforms.ProgressRows(s, label, level))
		}
	}
	return rows, early
}
