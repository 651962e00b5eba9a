# TaskFlow's commands. A machine needs Python 3.11 or newer and make; everything else goes into .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
# What an installation is made from.
SOURCES := pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
BIN := $(VENV)/bin
ARGS ?=
# make test PARALLEL=0 runs in one process, as a debugger needs it.
PARALLEL ?= auto

# make up LLM=local brings a small language model that runs in a process of TaskFlow's; without, nothing of it is installed.
ifeq ($(LLM),local)
up: $(VENV)/.local-model
export TASKFLOW_PLUGIN_LLM_LOCAL__ENGINE ?= llama_cpp
else ifneq ($(LLM),)
$(error LLM=$(LLM) is not known; LLM=local is)
endif

# Whoever has it set would wait for two thousand modules to be compiled at every start of every process.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up test thorough soak check bench fuzz docs constraints

help:
	@echo "make up     start TaskFlow            make up ARGS=\"--port 9000\""
	@echo "make up LLM=local  with a small offline language model (compiles llama.cpp once: six minutes)"
	@echo "make test   run the tests             make test ARGS=\"tests/domain -x\""
	@echo "make thorough  the proofs that make test leaves out"
	@echo "make soak   kill -9 at random moments under load, then count what was lost"
	@echo "make check  format, lint, types, import rules, migration and documentation drift"
	@echo "make bench  measurements: quality of suggestions, memory"
	@echo "make fuzz   generated requests against a live instance; ARGS=--quick for a short run"

up: $(VENV)/.core
	@$(BIN)/taskflow up $(ARGS)

test: $(VENV)/.dev
	@$(BIN)/pytest -n $(PARALLEL) --dist worksteal $(ARGS)
	@echo "== the tests that use the database, on PostgreSQL"
	@TEST_DATABASE=postgres $(BIN)/pytest -n $(PARALLEL) --dist worksteal $(ARGS)

# What make test leaves out because it proves what hardly changes: every way in which a plugin can break its contract.
thorough: $(VENV)/.dev
	@$(BIN)/pytest -n $(PARALLEL) --dist worksteal -m thorough $(ARGS)

# Some minutes; SOAK_KILLS and SOAK_SEED repeat a run.
soak: $(VENV)/.dev
	@$(BIN)/pytest -m soak -p no:logging tests/soak $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	TASKFLOW_DATABASE_URL=sqlite://:memory: $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m taskflow.bootstrap.docs --check

bench: $(VENV)/.dev
	@set -e; for file in bench/*.py; do echo "== $$file"; $(BIN)/python "$$file" $(ARGS); done

fuzz: $(VENV)/.core
	@$(BIN)/python tests/schemathesis/run.py $(ARGS)

docs: $(VENV)/.dev
	$(BIN)/python -m taskflow.bootstrap.docs

# Of extras only llama.cpp: embeddings would bring torch with gigabytes of libraries for GPUs.
constraints: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate --no-header \
		--extra llama_cpp --group dev --no-emit-package taskflow-server --output-file constraints.txt \
		pyproject.toml plugins/*/pyproject.toml

# A stamp is newer than what it was installed from, so a start without changes installs nothing.
$(VENV)/.core: $(SOURCES) | $(VENV)/.venv
	@.ci/install
	@touch $@

$(VENV)/.dev: $(SOURCES) | $(VENV)/.venv
	@.ci/install dev
	@touch $(VENV)/.core $@

$(VENV)/.local-model: .ci/install-local-model constraints.txt | $(VENV)/.core
	@.ci/install-local-model
	@touch $@

$(VENV)/.venv:
	@for python in python3 python python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "TaskFlow needs Python 3.11 or newer; this machine has $$(python3 --version 2>/dev/null || echo none)." >&2; \
		exit 1; \
	fi; \
	rm -rf $(VENV); \
	if ! "$$python" -m venv $(VENV) >/dev/null 2>&1; then \
		rm -rf $(VENV); \
		echo "$$python cannot create a virtual environment; install its venv module (Debian: python3-venv)." >&2; \
		exit 1; \
	fi; \
	touch $@
