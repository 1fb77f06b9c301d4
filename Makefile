# The demo needs a Python 3.11 with venv, and make; everything else a C++ compiler too.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A stamp that is older than pyproject.toml means: install again.
STAMP := $(VENV)/.installed
# A file's tests stay together, since they share servers; each process has an engine of its own.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile
# The server alone, of wheels: enough for the demo.
SERVER := $(VENV)/.server

# Mends llama.cpp's code for Intel's AMX, which compilers break.
AMX_TILES := -include "$(CURDIR)/mcp_smalltools/engine/environment/amx_tiles.h"

.PHONY: help setup hooks demo test quick check lint types spelling fuzz test-clients models-of-tests docs release clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	@echo "Installing; the first time, llama.cpp is compiled for this machine (about 6 minutes on 2 cores)."
	CXXFLAGS='$(AMX_TILES)'" $$CXXFLAGS" $(BIN)/python -m pip install -q -e '.[dev]'
	@touch $@ $(SERVER)

$(SERVER): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the server; nothing is compiled."
	$(BIN)/python -m pip install -q -e .
	@touch $@

setup: $(STAMP)  ## own environment with everything installed, and the model that the tools use
	$(BIN)/mcp-smalltools models pull

# Tests of the engine write text with a small generator, those of the writer with the one that qualified (491 MB, kept
# in the user's cache). Where it can't be had, they are skipped, and the summary says so.
models-of-tests: setup
	$(BIN)/mcp-smalltools models pull smollm2-135m-instruct
	-$(BIN)/mcp-smalltools models pull qwen2.5-coder-0.5b

hooks: $(STAMP)  ## `make check` before each commit (pre-commit)
	$(BIN)/python -m pip install -q 'pre-commit>=4'
	$(BIN)/pre-commit install

demo: $(SERVER)  ## the main job on real files, through a real MCP client; the engine comes when it is needed
	$(BIN)/mcp-smalltools demo

check: lint types spelling  ## lint, types and spelling: what the pre-commit hooks run

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

spelling: $(STAMP)
	$(BIN)/codespell

test: models-of-tests check  ## all that CI runs; the clients of others too, where the package registries can be reached
	$(BIN)/pytest $(PARALLEL) tests client_tests -rs

quick: models-of-tests  ## the fast tests only
	$(BIN)/pytest $(PARALLEL) -m "not slow"

fuzz: models-of-tests  ## new examples for the fuzzers and property tests, and crafted files through a server (15 minutes)
	FUZZ=20 $(BIN)/pytest --hypothesis-profile=fuzz tests/test_fuzz.py
	$(BIN)/pytest --hypothesis-profile=fuzz -m "not slow" --ignore tests/test_fuzz.py
	$(BIN)/python benchmarks/crafted_inputs.py --seed $$(date +%s)

test-clients: setup  ## what others wrote, against the server: conformance, Inspector, Claude Code, fuzzer (network)
	$(BIN)/pytest client_tests --clients-required

docs: $(STAMP)  ## the documentation as a site, in the folder site
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Read it: $(BIN)/python -m http.server --directory site"

# With VERSION the changelog's section is closed and the version written everywhere first. Commits, tags, signs and
# publishes nothing. The trials need the package index.
release: $(STAMP)  ## all archives of a release, each tried in a clean environment (VERSION=X.Y.Z: a new one)
	$(BIN)/python -m pip install -q -e '.[release]'
	$(if $(VERSION),$(BIN)/python -m release version $(VERSION))
	$(BIN)/python -m release build
	$(BIN)/python -m release try
	$(BIN)/python -m release parts

clean:
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
