// Package crest_test pins which packages may know which.
package crest_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers are the packages of Crest that each package may import. Dependencies
// point one way: sources and sinks know element types only, never one another,
// and what stored data means is known without Beam.
var layers = map[string][]string{
	"wire":                          {},
	"seedtest":                      {},
	"reference":                     {},
	"datatest":                      {},
	"block":                         {"wire"},
	"block/blockcoder":              {"block"},
	"metrics":                       {"block"},
	"table":                         {},
	"table/rowcoder":                {"reference", "table"},
	"table/tabletest":               {"table"},
	"sketchcombine/summary":         {},
	"sketchcombine/frequentstrings": {"sketchcombine/summary"},
	"sketchcombine":                 {"reference", "sketchcombine/summary"},
	"storage":                       {"storage/glob", "storage/hdfs"},
	"storage/glob":                  {},
	"storage/hdfs":                  {"storage/glob"},
	"archive":                       {"block", "storage"},
	"backfill":                      {"archive", "storage"},
	"sources/format":                {"block"},
	"sources/watermark":             {},
	"sources/files":                 {"block", "block/blockcoder", "metrics", "sources/format", "storage"},
	"sources/archive":               {"archive", "block", "block/blockcoder", "metrics", "sources/format"},
	"sources/kafka":                 {"block", "block/blockcoder", "metrics", "sources/format", "sources/watermark", "wire"},
	"sources/pubsub":                {"block", "block/blockcoder", "metrics", "sources/format", "sources/watermark", "wire"},
	"transforms":                    {"block", "block/blockcoder", "metrics", "sketchcombine", "sketchcombine/frequentstrings", "sketchcombine/summary", "table", "table/rowcoder"},
	"sinks/sqlite":                  {"store", "table", "table/rowcoder"},
	"templates/bigquery":            {},
	"bigquery":                      {"table", "templates/bigquery"},
	"store":                         {"table"},
	"store/storetest":               {"store", "table"},
	"store/bigquery":                {"bigquery", "store", "table"},
	"sinks/bigquery":                {"bigquery", "metrics", "table", "table/rowcoder", "wire"},
	"sinks/archive":                 {"archive", "block", "block/blockcoder", "metrics", "storage"},
	"runners/flink":                 {},
	"replay":                        {},
	"cli":                           {},
	"live":                          {"cli", "sinks/sqlite", "store", "table"},
	"cmd/crest":                     {"backfill", "bigquery", "cli", "live", "replay", "sinks/sqlite", "sources/kafka", "store", "store/bigquery"},
	"pipelines/topk":                {"archive", "bigquery", "cli", "metrics", "reference", "runners/flink", "sinks/archive", "sinks/bigquery", "sinks/sqlite", "sketchcombine", "sketchcombine/summary", "sources/archive", "sources/files", "sources/format", "sources/kafka", "sources/pubsub", "sources/watermark", "store", "store/bigquery", "table", "transforms"},
	"realtest":                      {},
}

// pure packages know neither Beam nor a service, nor a package that does.
var pure = []string{"wire", "seedtest", "reference", "block", "table", "store", "sketchcombine/summary", "sketchcombine/frequentstrings", "sources/format", "sources/watermark", "storage/glob", "cli"}

// services are what pure packages do not import.
var services = []string{"apache/beam", "cloud.google.com", "aws/aws-sdk-go", "twmb/franz-go", "colinmarc/hdfs", "google.golang.org/grpc", "modernc.org/sqlite", "database/sql", "net/http"}

func TestLayers(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (path == "bench" || path == "build" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return filepath.SkipDir
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		seen[dir] = true
		allowed, known := layers[dir]
		if !known {
			t.Errorf("%s: the package has no place in the layers", path)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if own, ok := strings.CutPrefix(name, "crest/"); ok && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s", path, name)
			}
			if !slices.Contains(pure, dir) {
				continue
			}
			own, ours := strings.CutPrefix(name, "crest/")
			if ours && !slices.Contains(pure, own) || slices.ContainsFunc(services, func(s string) bool { return strings.Contains(name, s) }) {
				t.Errorf("%s is pure, and imports %s", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range layers {
		if !seen[dir] {
			t.Errorf("%s has a place in the layers, and is not there", dir)
		}
	}
}
