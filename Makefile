# Onefold. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-tests build release dashboard run test unit integration end-to-end test-opensearch check format lint chaos soak fuzz upgrade bench bench-document capacity capacity-keys eval clean

# Arguments of `onefold up` for `make run`, for example: make run ARGS="--port 9000"
ARGS ?=
# The version that `make upgrade` begins with.
OLD ?=
# One benchmark, or some promises, instead of all: make bench ONLY=append, make chaos ONLY=17,22
ONLY ?=
# bash counts SECONDS by itself: only what was given on the command line is meant.
override SECONDS := $(if $(filter command,$(firstword $(origin SECONDS))),$(SECONDS))

# One after another: started all at once, they would take each other's processor and miss their time limits. Those with servers let a
# few in at a time by themselves.
UNIT_TESTS := swift test --skip-build --no-parallel --skip IntegrationTests
INTEGRATION_TESTS := swift test --skip-build --filter IntegrationTests
# Most of their time they wait for processes to start; those of one file stay together and share an installation.
END_TO_END_TESTS := .venv/bin/python -m pytest Tests/EndToEnd -q -n 2 --dist loadfile

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing (apt)
	@scripts/setup run

setup-tests:
	@scripts/setup tests

run: setup release dashboard ## Build all and start Onefold at http://localhost:8080
	@exec .build/release/onefold up $(ARGS)

build: setup ## Build everything for debugging, tests too
	swift build --build-tests

release: setup
	swift build -c release --product onefold-parser
	swift build -c release --product onefold

dashboard: setup ## Type-check and bundle the dashboard
	@dashboard/build

test: setup-tests dashboard ## Run every test: unit, integration, end-to-end
	dashboard/test
	swift build --build-tests
	$(UNIT_TESTS)
	$(INTEGRATION_TESTS)
	$(END_TO_END_TESTS)

unit: setup-tests ## Run the tests that need no services
	dashboard/test
	swift build --build-tests
	$(UNIT_TESTS)

integration: setup-tests ## Run the tests that start their own Postgres and Redis
	swift build --build-tests
	$(INTEGRATION_TESTS)

end-to-end: setup-tests dashboard ## Run the tests of the built program, browser included
	swift build --product onefold-parser
	swift build --product onefold
	$(END_TO_END_TESTS)

test-opensearch: setup-tests ## Run the tests of the index in OpenSearch on a real one: OPENSEARCH_URL=http://host:9200
	swift build --product onefold-parser
	swift build --product onefold
	OPENSEARCH_URL=$(OPENSEARCH_URL) .venv/bin/python -m pytest Tests/EndToEnd/test_opensearch.py -q

check: lint test ## What CI runs: format check and every test

lint: ## Check the format
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks

format: ## Format the sources in place
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks

chaos: setup-tests ## Hold every promise in its long form (ONLY=17,22 SEED=7 SECONDS=600 FAULTS=kill-worker)
	swift build --build-tests
	.venv/bin/python Tests/EndToEnd/chaos.py $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(FAULTS),--faults $(FAULTS))

soak: setup-tests ## The same load for hours: memory, descriptors and lag must stay where they are (SECONDS=43200)
	swift build --product onefold-parser && swift build --product onefold
	SECONDS=$(or $(SECONDS),3600) .venv/bin/python -m pytest Tests/EndToEnd/test_soak.py -q -s -p no:timeout -W ignore

FUZZ_TARGETS := chunker lz4 pack manifest tar text words event-line json path s3-listing

fuzz: setup-tests ## Give every parser bytes that libFuzzer thinks of (ONLY=tar SECONDS=600, each); what is new goes into Fuzz/corpus
	ONEFOLD_FUZZ=1 swift build --scratch-path .build/fuzz --product onefold-fuzz --sanitize=fuzzer
	@set -e; for target in $(if $(ONLY),$(ONLY),$(FUZZ_TARGETS)); do \
	  mkdir -p Fuzz/corpus/$$target .build/fuzz/found/$$target; \
	  echo "$$target:"; \
	  SWIFT_BACKTRACE=enable=no FUZZ_TARGET=$$target .build/fuzz/debug/onefold-fuzz .build/fuzz/found/$$target Fuzz/corpus/$$target \
	    -max_total_time=$(or $(SECONDS),60) -max_len=20000 -timeout=10 -rss_limit_mb=2048 -artifact_prefix=.build/fuzz/$$target- \
	    -print_final_stats=1 > .build/fuzz/$$target.log 2>&1 || { tail -60 .build/fuzz/$$target.log; ls .build/fuzz/$$target-*; exit 1; }; \
	  grep -E "stat::number_of_executed_units|DONE" .build/fuzz/$$target.log; \
	  FUZZ_TARGET=$$target .build/fuzz/debug/onefold-fuzz -merge=1 Fuzz/corpus/$$target .build/fuzz/found/$$target > /dev/null 2>&1; \
	done

upgrade: setup-tests ## Upgrade from another version while people upload, and go back: OLD=<commit> (SECONDS=60)
	@test -n "$(OLD)" || { echo "From which version? make upgrade OLD=<commit or tag>"; exit 2; }
	rm -rf .build/old && git clone -q . .build/old && git -C .build/old checkout -q $(OLD)
	swift build --package-path .build/old --product onefold-parser && swift build --package-path .build/old --product onefold
	swift build --product onefold-parser && swift build --product onefold
	ONEFOLD_OLD_BINARY=$(CURDIR)/.build/old/.build/debug/onefold $(if $(SECONDS),SECONDS=$(SECONDS)) \
	  .venv/bin/python -m pytest Tests/EndToEnd/test_upgrade.py -q

bench: ## Run the benchmarks (ONLY=name for one); writes .build/bench.json
	@scripts/setup bench
	Benchmarks/run $(ONLY)

bench-document: ## Write the last figures into docs/performance.md
	.venv/bin/python Benchmarks/document.py

capacity: release ## Measure what one file costs: events, bytes in each table, processor time of each role (FILES=10000,40000)
	$(if $(FILES),FILES=$(FILES)) .venv/bin/python Benchmarks/capacity.py

capacity-keys: release ## Measure the tables that are looked up by digest with many contents (KEYS=1e6,1e7,1e8: the last takes 25 min and 25 GB in PLACE)
	$(if $(KEYS),KEYS=$(KEYS)) $(if $(PLACE),PLACE=$(PLACE)) .venv/bin/python Benchmarks/keys.py

eval: release ## Measure how well near-duplicates are found (SIZE=small|full SEED=7 ONLY=text|document|picture|byte); writes .build/eval.json
	@scripts/setup bench
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r Benchmarks/requirements.txt
	cd Benchmarks && ../.venv/bin/python -m quality $(if $(SIZE),--size $(SIZE)) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

clean: ## Remove what builds made (not the data in .onefold)
	rm -rf .build dashboard/dist .venv
