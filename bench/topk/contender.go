package main

import (
	"path/filepath"
	"strconv"
	"strings"
)

// A contender is a program that answers the question.
type contender struct {
	name    string
	exact   bool // its answer must be the referee's
	command func(job) []string
	read    func(job) (answer, error)
}

// A job is one run of a contender.
type job struct {
	input   string
	format  string // ndjson or parquet
	threads int
	answers string // the file that the contender writes
}

// referee is the contender whose answer the others are checked against.
const referee = "DuckDB"

// contenders returns who runs on the full data and who on the small one.
func contenders(s settings) (full, small []contender, err error) {
	peer := func(name string, exact bool, script, suffix string) contender {
		return contender{
			name:  name,
			exact: exact,
			command: func(j job) []string {
				return []string{
					python(s), "-B", "bench/peers/topk/" + script, "--query=" + j.format + suffix,
					"--input=" + j.input, "--threads", strconv.Itoa(j.threads), "--answers=" + j.answers,
				}
			},
			read: readLines,
		}
	}
	duckdb := peer(referee, true, "query_duckdb.py", "")
	crest, err := crestContenders(s)
	if err != nil {
		return nil, nil, err
	}
	naive, err := naiveContender(s)
	if err != nil {
		return nil, nil, err
	}
	wanted := func(all ...contender) []contender {
		list := []contender{duckdb}
		for _, c := range all {
			if strings.Contains(strings.ToLower(c.name), strings.ToLower(s.only)) {
				list = append(list, c)
			}
		}
		return list
	}
	full = wanted(append(crest,
		peer("chDB", true, "query_chdb.py", ""),
		peer("chDB topK(10)", false, "query_chdb.py", "-topk"),
		peer("Polars", true, "query_polars.py", ""),
	)...)
	return full, wanted(append(crest, naive)...), nil
}

// crestContenders builds Crest and returns its two paths.
func crestContenders(s settings) ([]contender, error) {
	program, err := build(s, "crest-topk", "./pipelines/topk")
	if err != nil {
		return nil, err
	}
	path := func(path string) contender {
		return contender{
			name:  "Crest " + path,
			exact: path == "exact",
			command: func(j job) []string {
				return []string{
					program, "--source=files", "--input=" + j.input, "--format=" + j.format,
					"--segment_field=", "--windows=1m", "--path=" + path, "--k=10", "--sink=sqlite:" + j.answers,
				}
			},
			read: readTables(path),
		}
	}
	return []contender{path("exact"), path("fast")}, nil
}

func naiveContender(s settings) (contender, error) {
	program, err := build(s, "naive", "./bench/naive")
	return contender{
		name:  "one element an event, Beam Go",
		exact: true,
		command: func(j job) []string {
			return []string{program, "--input=" + j.input, "--answers=" + j.answers}
		},
		read: readLines,
	}, err
}

func build(s settings, name, pkg string) (string, error) {
	program := filepath.Join(s.cache, name)
	return program, loud("go", "build", "-o", program, pkg)
}
