//go:build real && unix

package main

import (
	"testing"

	"crest/bigquery"
	"crest/realtest"
	"crest/store"
	bigquerystore "crest/store/bigquery"
)

// TestRealBackfill counts an archive into BigQuery.
func TestRealBackfill(t *testing.T) {
	e := realtest.BigQuery(t)
	target := bigquery.Target{Project: e.Project, Dataset: "crest", Endpoint: e.Endpoint, StorageEndpoint: e.StorageEndpoint}
	open := func() (store.Reader, error) {
		return bigquerystore.Open(t.Context(), target, bigquerystore.DefaultMaxBytes)
	}
	countTwice(t, open, "--sink=bigquery:"+e.Project+".crest",
		"--bigquery_endpoint="+e.Endpoint, "--bigquery_storage_endpoint="+e.StorageEndpoint)
}
