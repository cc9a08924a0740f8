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
	"block":                 {},
	"block/blockcoder":      {"block"},
	"metrics":               {"block"},
	"sources/watermark":     {},
	"table":                 {},
	"table/rowcoder":        {"table"},
	"table/tabletest":       {"table"},
	"sketchcombine/summary": {},
	"sketchcombine":         {"sketchcombine/summary"},
	"sources/format":        {"block"},
	"realtest":              {},
	"storage":               {"storage/glob", "storage/hdfs"},
	"storage/glob":          {},
	"storage/hdfs":          {"storage/glob"},
	"sources/files":         {"block", "block/blockcoder", "sources/format", "storage"},
	"sources/kafka":         {"block", "block/blockcoder", "metrics", "sources/format", "sources/watermark"},
	"sources/pubsub":        {"block", "block/blockcoder", "metrics", "sources/format", "sources/watermark"},
	"sinks/sqlite":          {"table", "table/rowcoder"},
	"transforms":            {"block", "block/blockcoder", "sketchcombine", "sketchcombine/summary", "table", "table/rowcoder"},
	"archive":               {"block", "storage"},
	"backfill":              {"archive", "storage"},
	"sinks/archive":         {"archive", "block", "block/blockcoder", "metrics", "storage"},
	"sources/archive":       {"archive", "block", "block/blockcoder", "metrics", "sources/format"},
	"runners/flink":         {},
	"replay":                {},
	"live":                  {"sinks/sqlite", "table"},
	"cmd/crest":             {"live", "replay", "sources/kafka"},
	"pipelines/topk":        {"sinks/sqlite", "sketchcombine", "sketchcombine/summary", "sources/files", "sources/format", "table", "transforms"},
}

// pure packages know neither Beam nor a service.
var pure = []string{"block", "table", "sketchcombine/summary", "sources/format"}

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
			if slices.Contains(pure, dir) && (strings.Contains(name, "apache/beam") || strings.Contains(name, "cloud.google.com") || strings.HasPrefix(name, "database/")) {
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
