# Every command of the project. Each installs what it needs by itself (scripts/install.sh)
# and works from a fresh clone, without an activated environment.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
# Airflow writes to ~/airflow when this is unset.
export AIRFLOW_HOME := $(CURDIR)/.airflow
# Great Expectations and Selenium stay off the network.
export GX_ANALYTICS_ENABLED := false
export SE_OFFLINE := true
export SE_AVOID_STATS := true
# Uncompiled modules cost seconds in each Airflow process.
unexport PYTHONDONTWRITEBYTECODE

FAST := not integration and not browser and not airflow and not e2e and not slow and not long
# Places without a fast test: reading them takes each worker seconds.
NOT_FAST := tests/e2e tests/acceptance tests/dags tests/integration
# Arguments for pytest or uv: make test ARGS="-k phone", make lock ARGS="--upgrade-package boto3"
ARGS ?=
# A file is always on one worker: its servers are started once; the files that start Airflow are
# on one together (tests/conftest.py). The slow files come first, so
# that no worker is left alone with one; they wait more than they compute, hence a third worker.
PARALLEL := --dist loadfile --no-loadscope-reorder
SLOW_FIRST := tests/e2e tests/acceptance tests

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: ## Install everything: browser, Python packages, sandbox (seconds when nothing changed)
	@scripts/install.sh

.PHONY: run
run: install ## Run the whole pipeline once in a local world and show what was sent
	@$(BIN)/python scripts/local_airflow.py run

.PHONY: up
up: install ## Start Airflow and the sandbox on this machine, in the background
	@$(BIN)/python scripts/local_airflow.py up

.PHONY: down
down: install ## Stop what `make up` started
	@$(BIN)/python scripts/local_airflow.py down

# Coverage is judged on the whole suite only, so not when ARGS selects a part of it.
.PHONY: test
test: install ## Run all tests but the long ones, with coverage and the 20 slowest
	@$(BIN)/pytest -n 3 $(PARALLEL) -m "not long" --durations=20 $(if $(ARGS),,$(SLOW_FIRST) --cov) $(ARGS)

.PHONY: test-long
test-long: install ## Run the tests that take minutes
	@$(BIN)/pytest -m long --durations=20 $(ARGS)

.PHONY: check
check: lint test-fast ## Before a commit: style, types, layers, fast tests (under 90 seconds)

.PHONY: lint
lint: install ## Style, types and layers, without tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=plugins $(BIN)/lint-imports --no-logo

.PHONY: test-fast
test-fast: install ## The tests that need no server, browser or Airflow
	@$(BIN)/pytest -n 2 $(PARALLEL) -m "$(FAST)" $(NOT_FAST:%=--ignore=%) $(ARGS)

.PHONY: fmt
fmt: install ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# The lock holds names, versions and hashes; the index is the machine's business.
.PHONY: lock
lock: install ## Compile requirements*.txt into requirements.lock
	@env -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL UV_NO_CONFIG=1 $(BIN)/uv pip compile \
		requirements-dev.txt --quiet --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--output-file requirements.lock $(ARGS)

.PHONY: clean
clean: ## Remove what running and testing left behind (the installed packages stay)
	@if [[ -d .world && -x $(BIN)/python && -f scripts/local_airflow.py ]]; then \
		$(BIN)/python scripts/local_airflow.py down || true; fi
	@rm -rf .airflow .world .stage .coverage htmlcov .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis build include/*.egg-info
	@find dags include plugins scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
