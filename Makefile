# make run     everything up to a running server on PORT (8000)
# make test    the whole suite: on SQLite, then the marked part on MongoDB
# make check   lint, format, types, import contracts, migrations, deployment checks
# make bench   every line of docs/benchmarks.md, on this machine
# make torture  the suite with its property tests at length

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
# A worker more than there are cores, since each often waits for its servers; each has databases and
# servers of its own, and a file stays in one of them. Files go out as they come, those of tests/
# first: in there lie the long ones, and the browser's share one browser and one server.
SPREAD := -n $(shell echo $$(( $$(nproc) + 1 ))) --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := run
.PHONY: run test check bench torture setup

run: $(VENV)/run.stamp
	exec $(MANAGE) serve

test: setup
	$(BIN)/pytest $(SPREAD)
	PAIRLY_TEST_DATABASE=mongodb $(BIN)/pytest $(SPREAD) -m mongodb

torture: setup
	PAIRLY_TEST_SIZE=torture $(BIN)/pytest $(SPREAD)
	PAIRLY_TEST_SIZE=torture PAIRLY_TEST_DATABASE=mongodb $(BIN)/pytest $(SPREAD) -m mongodb

bench: setup
	$(BIN)/python -m bench.run

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.checks

setup: $(VENV)/dev.stamp

$(BIN)/python:
	$(PYTHON) .ci/make_venv.py $(VENV)

$(VENV)/run.stamp: requirements.txt | $(BIN)/python
	$(PIP) -r requirements.txt
	touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(BIN)/python
	$(PIP) -r requirements-dev.txt
	touch $@ $(VENV)/run.stamp
