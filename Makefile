# Two commands: `make up` runs a rollup on this machine, `make test` proves it. `make help` lists the rest.

.DEFAULT_GOAL := help
.PHONY: help up install test test-slow prove-all rpc-compat bench check format install-test lock clean

PACKAGES := protocol vm prover da rpc web node genesis metalayer bench
# Two workers: the project is sized for two cores, and a test that needs the machine alone says so.
PYTEST := .venv/bin/pytest -n 2 --dist loadgroup

VECTORS := $(or $(TOMBOLO_VECTORS),../shared/vectors)

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: install  ## Install, then start L1, sequencer, batcher, verifier and JSON-RPC on 127.0.0.1 (Ctrl-C stops)
	@.venv/bin/tombolo up

install:  ## Make .venv from the hashed lock (PYTHON=/path chooses the interpreter)
	@scripts/install requirements.lock

test: check  ## Install what the tests need, check the code, run every test that is not slow
	@$(PYTEST) -m "not slow"
	@if [ -d $(VECTORS)/execution-apis ]; then $(MAKE) --no-print-directory rpc-compat; \
	else echo "rpc-compat: skipped, there is no $(VECTORS)/execution-apis; set TOMBOLO_VECTORS"; fi

test-slow: install-test  ## Run the slow tests: the whole of the official suites
	@$(PYTEST) -m slow

SUITE = $(VECTORS)/ethereum-tests/GeneralStateTests
prove-all: install-test  ## Have every step of the official state tests judged by the L1 contract (hours; REFEREE=python)
	@.venv/bin/tombolo prove statetest --referee $(or $(REFEREE),vyper) --jobs 2 $$(find $(SUITE) -name '*.json' \
		-not -path '*/stTimeConsuming/*' -not -path '*/vmPerformance/*' | sort)

rpc-compat: install-test  ## Play the official JSON-RPC suite and print how many of its cases pass
	@.venv/bin/tombolo rpc-compat $(VECTORS)/execution-apis \
		--exceptions tests/rpc/execution_apis_exceptions.txt

bench:  ## Measure this node beside anvil, hardhat 2 and eth-tester (BENCH="--only transfers", BENCH="--help")
	@scripts/install requirements-bench.lock
	@scripts/install-peers
	@bench/install-peers
	@.venv/bin/python -m bench $(BENCH)

check: install-test  ## Formatting, lint, types and the direction of imports
	@.venv/bin/ruff format --check --quiet . || { echo "ruff format: run 'make format'" >&2; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy --no-error-summary $(PACKAGES) tests
	@.venv/bin/lint-imports --no-logo >.venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }

format:  ## Format the code and mend what lint can mend
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

install-test:  ## Make .venv and node_modules hold what the tests need
	@scripts/install requirements-test.lock
	@scripts/install requirements-eels.lock --no-deps
	@scripts/install-peers

lock: install  ## Resolve the dependencies anew into requirements*.lock and package-lock.json
	@scripts/lock

clean:  ## Remove what these targets made; the chain's data in .tombolo stays
	@rm -rf .venv node_modules build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
