# cin7-nav: `make help` lists the targets. Settings are variables: make demo ONCE=1 AIRFLOW_PORT=18080

SHELL := /bin/sh
VENV := .venv/bin
IN_RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c '$(IN_RANGE)' >/dev/null 2>&1 && echo $$python && break; done)
WHEN_SET_UP := test -x $(VENV)/python || { echo "Nothing is running: there is no .venv yet."; exit 0; };
TESTS ?= tests
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo up down upgrade status test test-long test-celery campaign bench check audit sandbox clean cin7-nav

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with the pinned packages (the other targets do it when needed)
	@if [ -z "$(PYTHON)" ]; then \
		echo "cin7-nav needs Python 3.11, 3.12 or 3.13 and finds none. Install one (Debian: apt-get install" >&2; \
		echo "python3; macOS: brew install python@3.13) or name it: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; \
	fi
	@$(PYTHON) stack/bootstrap.py

demo: setup ## a trading day on the sandbox, watched until it is in the books (ONCE=1: then end; FLAVOUR=nav2018)
	@$(if $(FLAVOUR),SANDBOX_NAV_FLAVOUR=$(FLAVOUR)) $(VENV)/python -m stack demo $(if $(filter-out 0,$(ONCE)),--once)

up: setup ## start database, receiver and Airflow in the background, on the connections of .env
	@$(VENV)/python -m stack up

down: ## stop what `make up` has started
	@$(WHEN_SET_UP) $(VENV)/python -m stack down

upgrade: setup ## after `git pull`: packages and databases up to date; what ran starts again
	@$(VENV)/python -m stack upgrade

status: ## services, ports, health and DAGs
	@$(WHEN_SET_UP) $(VENV)/python -m stack status

cin7-nav: setup ## ask the running stack (ARGS="status", ARGS="preview INV-00201"; DEMO=1: the running demo)
	@$(VENV)/python -m stack exec $(if $(filter-out 0,$(DEMO)),--demo) -- cin7-nav $(ARGS)

test: setup ## the everyday tests (TESTS=tests/rules ARGS="-k rounding")
	$(VENV)/python -m pytest -n 4 --dist loadfile -m "not long and not celery" $(TESTS) $(ARGS)

test-long: setup ## the tests that start the whole stack or take long
	$(VENV)/python -m pytest -m long $(TESTS) $(ARGS)

test-celery: setup ## the tests of several workers; they need redis-server
	$(VENV)/python -m pytest -m celery $(TESTS) $(ARGS)

campaign: setup ## die anywhere, 5,000 times: is all in the ledger once? (SEEDS=n; SEED=123 plays one; FLAVOUR=bc-onprem)
	$(VENV)/python -m tests.campaign $(if $(FLAVOUR),--flavour $(FLAVOUR)) $(if $(SEED),--seed $(SEED),$(if $(SEEDS),--seeds $(SEEDS)))

bench: setup ## the benchmarks
	$(VENV)/python -m bench $(ARGS)

check: setup ## lint, format, types and the mappings
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/cin7-nav check

audit: setup ## known weaknesses of the pinned packages, and secrets in the files of this repository
	$(VENV)/python .ci/audit.py $(ARGS)

sandbox: setup ## only the simulators of Cin7 and NAV, in the foreground
	$(VENV)/python -m sandbox $(if $(SANDBOX_CIN7_PORT),--cin7-port $(SANDBOX_CIN7_PORT)) \
		$(if $(SANDBOX_NAV_PORT),--nav-port $(SANDBOX_NAV_PORT)) $(ARGS)

clean: ## delete .venv, caches and the demo's state; the state of `make up` stays
	@$(WHEN_SET_UP) $(VENV)/python -m stack clean
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build
	find . -name __pycache__ -prune -exec rm -rf {} +
