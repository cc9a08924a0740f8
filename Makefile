# Crest: `make` prints the targets. Go is all that most of them need.
.DEFAULT_GOAL := help
.PHONY: help run build test race fuzz lint ci test-real bench bench-sketch clean

RUN_DB ?= crest.db

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the program into build/topk
	@mkdir -p build
	go build -o build/topk ./pipelines/topk

run: build ## find the heavy hitters of real events, approximately and exactly, and compare
	build/topk --input=testdata/commits.ndjson.gz --segment_field=group \
		--windows=1d,30d,all --path=both --sink=sqlite:$(RUN_DB)

test: ## run the tests
	go test ./...

# The packages in which goroutines share memory.
RACE = ./sketchcombine/... ./sources/format ./sources/files ./transforms ./sinks/sqlite
race: ## run the tests of what is concurrent with the race detector
	go test -race -short $(RACE)

FUZZTIME ?= 30s
fuzz: ## fuzz every decoder for FUZZTIME each
	@for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
		done; done

lint: ## check format, vet, and lint
	@test -z "$$(gofmt -l .)" || { echo "not gofmt'd:"; gofmt -l .; exit 1; }
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run

test-real: ## run the parts that need Python: the answers held against DuckDB's
	go run ./bench/topk --n=300000 --small=50000 --rounds=1

ci: lint test race test-real ## everything that continuous integration runs

bench: ## time the pipeline beside DuckDB, chDB and Polars (10 minutes)
	go run ./bench/topk

bench-sketch: ## compare the summary with DataSketches and heavykeeper
	go run ./bench/sketch

clean: ## remove what was built
	rm -rf build .cache
