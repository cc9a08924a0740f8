// Package bigquerystore answers what package store can be asked from a BigQuery
// dataset: summaries by the Storage Read API, all else by query jobs.
//
// What is asked is bounded in cost: each job has a limit of bytes, and says which
// partitions it reads by a constant bound on window_start. Some questions have no
// time to be bounded by: which windows there are of a run, which is the newest or
// the heaviest. They read all partitions, of narrow columns alone; lists,
// summaries and counts are only read once it is known of which windows.
package bigquerystore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	bq "cloud.google.com/go/bigquery"
	storage "cloud.google.com/go/bigquery/storage/apiv1"
	"google.golang.org/api/googleapi"

	"crest/bigquery"
	"crest/store"
	"crest/table"
)

// DefaultMaxBytes is how much a question may read where nothing is said.
const DefaultMaxBytes = 100 << 30

// timeout bounds a question to the service, and the reading of its answer.
const timeout = 2 * time.Minute

// Reader is the store.Reader of a dataset.
type Reader struct {
	target   bigquery.Target
	maxBytes int64
	rest     *bq.Client
	storage  *storage.BigQueryReadClient
	gathered int // how many bytes of summaries are held at once
}

var _ store.Reader = (*Reader)(nil)

// Open connects to a dataset that a pipeline has prepared. No question may read
// more than maxBytes, 1 or more: it is an error then, and costs nothing.
func Open(ctx context.Context, t bigquery.Target, maxBytes int64) (*Reader, error) {
	if maxBytes < 1 {
		return nil, fmt.Errorf("opening bigquery:%s: a limit of %d bytes: 1 or more", t, maxBytes)
	}
	// Clients keep the context for what they do in the background.
	background := context.WithoutCancel(ctx)
	rest, err := bq.NewClient(background, t.Project, t.RESTOptions()...)
	if err != nil {
		return nil, t.Explain("connecting to", err)
	}
	client, err := storage.NewBigQueryReadClient(background, t.StorageOptions()...)
	if err != nil {
		return nil, t.Explain("connecting to", errors.Join(err, rest.Close()))
	}
	r := &Reader{target: t, maxBytes: maxBytes, rest: rest, storage: client, gathered: maxGathered}
	if err := r.locate(ctx); err != nil {
		return nil, errors.Join(t.Explain("opening", err), r.Close())
	}
	return r, nil
}

// locate finds out where the dataset is, since jobs run there, and whether it has
// Crest's tables.
func (r *Reader) locate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dataset := r.rest.DatasetInProject(r.target.Project, r.target.Dataset)
	about, err := dataset.Metadata(ctx)
	if err != nil {
		return err
	}
	r.rest.Location = about.Location
	runs := table.RunTable.Schema().Name
	_, err = dataset.Table(runs).Metadata(ctx)
	var e *googleapi.Error
	if errors.As(err, &e) && e.Code == http.StatusNotFound {
		return &bigquery.Error{Target: r.target, Doing: "opening", Err: fmt.Errorf("it has no table %s", runs),
			Advice: "no pipeline has written to it yet, or it is another dataset"}
	}
	return err
}

// Close ends the connections.
func (r *Reader) Close() error {
	return r.target.Explain("closing the connection to", errors.Join(r.storage.Close(), r.rest.Close()))
}

func (r *Reader) explain(what string, err error) error {
	return r.target.Explain("reading "+what+" from", err)
}
