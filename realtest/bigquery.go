//go:build unix

package realtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	bq "cloud.google.com/go/bigquery"
	"google.golang.org/api/iterator"
)

// duckDB is the version of the engine that the emulator of BigQuery runs on: its
// extensions are files for one version.
const duckDB = "1.5.5"

// BigQueryServer is a running emulator of BigQuery.
type BigQueryServer struct {
	// Project is the one that it has.
	Project string
	// Endpoint is the URL of the REST API, StorageEndpoint the host and port of the
	// Storage APIs: what --bigquery_endpoint and --bigquery_storage_endpoint take.
	Endpoint, StorageEndpoint string
}

// BigQuery starts an emulator of BigQuery, bqemulator, which keeps tables in
// memory. It is of Python, and none of Google's.
func BigQuery(t testing.TB) BigQueryServer {
	t.Helper()
	interpreter := python(t, "bigquery", "bqemulator[udf-js,compression]==1.4.0",
		"duckdb=="+duckDB, "duckdb-extension-spatial=="+duckDB, "duckdb-extension-avro=="+duckDB)
	home := t.TempDir()
	if err := extensions(filepath.Dir(filepath.Dir(interpreter)), home); err != nil {
		t.Fatal(err)
	}
	text, err := recipes.ReadFile("bigquery/start.py")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(home, "start.py")
	if err := os.WriteFile(script, text, 0o600); err != nil {
		t.Fatal(err)
	}
	rest, grpc := freePort(t), freePort(t)
	e := BigQueryServer{Project: "crest-test", Endpoint: "http://" + addressOf(rest) + "/bigquery/v2/", StorageEndpoint: addressOf(grpc)}
	s := start(t, "bigquery", "env", "HOME="+home, interpreter, script, "start", "--project", e.Project, "--log-level", "WARNING",
		"--rest-port", strconv.Itoa(rest), "--grpc-port", strconv.Itoa(grpc))
	await(t, s, "listened", func() bool { return listens(addressOf(rest)) && listens(addressOf(grpc)) })
	return e
}

// extensions puts the extensions of DuckDB that are in a virtual environment where
// DuckDB looks for them, which would else download them.
func extensions(venv, home string) error {
	found, err := filepath.Glob(venv + "/lib/python*/site-packages/duckdb_extension_*/extensions/v" + duckDB + "/*.duckdb_extension")
	if err == nil && len(found) != 2 {
		err = fmt.Errorf("%d extensions of DuckDB are in %s", len(found), venv)
	}
	if err != nil {
		return err
	}
	system := runtime.GOOS
	if system == "darwin" {
		system = "osx"
	}
	dir := filepath.Join(home, ".duckdb", "extensions", "v"+duckDB, system+"_"+runtime.GOARCH)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range found {
		if err := os.Symlink(f, filepath.Join(dir, filepath.Base(f))); err != nil {
			return err
		}
	}
	return nil
}

// Query runs a query with a dataset as its default, and returns its rows and the
// names of their columns.
func Query(ctx context.Context, client *bq.Client, dataset, query string) (rows [][]bq.Value, columns []string, err error) {
	q := client.Query(query)
	q.DefaultProjectID, q.DefaultDatasetID = client.Project(), dataset
	// Not q.Read: with the emulator a query that is wrong has no rows then, and no
	// error.
	job, err := q.Run(ctx)
	if err != nil {
		return nil, nil, err
	}
	status, err := job.Wait(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := status.Err(); err != nil {
		return nil, nil, err
	}
	it, err := job.Read(ctx)
	if err != nil {
		return nil, nil, err
	}
	for {
		var row []bq.Value
		err := it.Next(&row)
		if errors.Is(err, iterator.Done) {
			for _, f := range it.Schema {
				columns = append(columns, f.Name)
			}
			return rows, columns, nil
		}
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
}
