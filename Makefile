# Crest: `make` prints the targets. Go is all that most of them need; test-real
# and bench-kafka start servers that need a JDK of version 17 or later, and Maven.
.DEFAULT_GOAL := help
.PHONY: help run demo build test race fuzz lint ci test-real bench bench-sketch bench-kafka soak clean

RUN_DB ?= crest.db

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the programs into build/topk and build/crest
	@mkdir -p build
	go build -o build/ ./pipelines/topk ./cmd/crest

run: build ## find the heavy hitters of real events, approximately and exactly, and compare
	build/topk --input=testdata/commits.ndjson.gz --segment_field=group \
		--windows=1d,30d,all --path=both --sink=sqlite:$(RUN_DB)

demo: build ## watch events come from a Kafka in the process and be counted, until Ctrl-C
	build/crest demo

test: ## run the tests
	go test ./...

# The packages in which goroutines share memory.
RACE = ./sketchcombine/... ./sources/... ./transforms ./sinks/... ./archive ./storage/... \
	./metrics ./replay ./runners/flink ./cli ./live ./bigquery ./store/...
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
	go vet -tags=real ./...
	go tool -modfile=tools/go.mod golangci-lint run --build-tags=real

# The packages that are tested against servers too. Where Java is missing these
# tests are skipped and say so; CREST_REQUIRE_REAL=1 makes them fail.
REAL = ./storage ./sources/files ./sources/archive ./sources/kafka ./sources/pubsub ./runners/flink \
	./replay ./realtest ./bigquery ./sinks/bigquery ./store/bigquery ./sketchcombine/frequentstrings ./pipelines/topk ./cmd/crest
test-real: ## test against Kafka, HDFS, emulators of Pub/Sub and BigQuery, Flink, DataSketches, DuckDB (Java, Maven, Python)
	go test -v -tags=real -run='Real|HDFS|BigQuery$$|Kafka$$|PubSub$$|Emulator|FlinkJobServer|Killed' -count=1 -p=1 -timeout=40m $(REAL)
	go run ./bench/topk --n=300000 --small=50000 --rounds=1

ci: lint test race test-real ## everything that continuous integration runs

bench: ## time the pipeline beside DuckDB, chDB and Polars (10 minutes)
	go run ./bench/topk

bench-sketch: ## compare the summary with DataSketches and heavykeeper
	go run ./bench/sketch

bench-kafka: ## time live counting beside reading Kafka alone
	go run ./bench/live kafka

soak: ## let a live job run for 15 minutes, and see whether it stays as it is
	go run ./bench/live soak

clean: ## remove what was built
	rm -rf build .cache
