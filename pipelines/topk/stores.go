package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"crest/bigquery"
	"crest/cli"
	bigquerysink "crest/sinks/bigquery"
	"crest/sinks/sqlite"
	"crest/store"
	bigquerystore "crest/store/bigquery"
	"crest/table"
)

// A Store is a database that the tables go to.
type Store interface {
	// Open makes the tables ready, or says what is wrong: before anything is read.
	Open(ctx context.Context) error
	// Close releases what Open has opened.
	Close() error
	// Sink writes rows to it.
	Sink() TableSink
	// Reader reads what was written.
	Reader(ctx context.Context) (store.Reader, error)
	// Discard deletes what a failed run has written. Nobody saw it, and if it can't
	// be deleted now, something else does it later.
	Discard(run table.Run) error
	// Shell is a command that runs a query, and Literal a text in one.
	Shell(query string) string
	Literal(text string) string
	// String is what a person calls it.
	String() string
}

// quoted is a text as one word of a shell.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, "$", `\$`, "`", "\\`", `\`, `\\`).Replace(text) + `"`
}

// sqliteStore is a SQLite file.
type sqliteStore struct {
	path string
	file *sqlite.Store
}

func (s *sqliteStore) Open(context.Context) (err error) {
	if s.file, err = sqlite.Open(s.path); err != nil {
		return cli.UsageError{Err: fmt.Errorf("--sink: %w", err)}
	}
	return nil
}

func (s *sqliteStore) Close() error { return s.file.Close() }

func (s *sqliteStore) Sink() TableSink {
	return TableSink{Early: true, Write: func(scope beam.Scope, rows beam.PCollection) beam.PCollection {
		return sqlite.Write(scope, s.path, rows)
	}}
}

func (s *sqliteStore) Reader(context.Context) (store.Reader, error) { return sqlite.OpenReader(s.path) }

func (s *sqliteStore) Discard(run table.Run) error { return sqlite.Discard(s.path, run.Job, run.Run) }

func (s *sqliteStore) Shell(query string) string {
	return fmt.Sprintf("sqlite3 -box %s %s", s.path, quoted(query))
}

func (s *sqliteStore) Literal(text string) string {
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

func (s *sqliteStore) String() string { return s.path }

// bigqueryStore is a dataset of BigQuery.
type bigqueryStore struct {
	sink  bigquerysink.Config
	early bool
	// maxBilled is what a query of the report may read, in bytes.
	maxBilled int64
	client    *bigquery.Client
}

func (s *bigqueryStore) Open(ctx context.Context) (err error) {
	if s.client, err = bigquery.Open(ctx, s.sink.Target); err != nil {
		return err
	}
	return s.client.Prepare(ctx)
}

func (s *bigqueryStore) Close() error {
	if s.client == nil {
		return nil
	}
	return s.client.Close()
}

func (s *bigqueryStore) Sink() TableSink {
	return TableSink{Early: s.early, Write: func(scope beam.Scope, rows beam.PCollection) beam.PCollection {
		return bigquerysink.Write(scope, s.sink, rows)
	}}
}

func (s *bigqueryStore) Reader(ctx context.Context) (store.Reader, error) {
	return bigquerystore.Open(ctx, s.sink.Target, s.maxBilled)
}

// Discard does nothing: what a batch run has not committed expires, and what it
// has is in no view, as its row in runs is missing.
func (s *bigqueryStore) Discard(table.Run) error { return nil }

func (s *bigqueryStore) Shell(query string) string {
	t := s.sink.Target
	return fmt.Sprintf("bq --project_id=%s --dataset_id=%s query --nouse_legacy_sql %s", t.Project, t.Dataset, quoted(query))
}

func (s *bigqueryStore) Literal(text string) string { return bigquery.Literal(text) }

func (s *bigqueryStore) String() string { return "bigquery:" + s.sink.Target.String() }
