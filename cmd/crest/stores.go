package main

import (
	"context"
	"fmt"
	"strings"

	"crest/bigquery"
	"crest/sinks/sqlite"
	"crest/store"
	bigquerystore "crest/store/bigquery"
)

// A sink is where tables go, as --sink says it.
type sink struct {
	path   string // of a SQLite file; empty for a dataset of BigQuery
	target bigquery.Target
}

// parseSink reads what stands behind --sink.
func parseSink(s string) (sink, error) {
	switch kind, name, _ := strings.Cut(s, ":"); {
	case kind == "sqlite" && name != "":
		return sink{path: name}, nil
	case kind == "bigquery" && name != "":
		t, err := bigquery.ParseTarget(name)
		return sink{target: t}, err
	}
	return sink{}, fmt.Errorf("%q is not a sink: sqlite:FILE or bigquery:PROJECT.DATASET", s)
}

// open opens it for reading.
func (s sink) open(ctx context.Context) (store.Reader, error) {
	if s.path != "" {
		return sqlite.OpenReader(s.path)
	}
	return bigquerystore.Open(ctx, s.target, bigquerystore.DefaultMaxBytes)
}
