# Copyhound. `make help` lists what there is to do; .venv is made by itself, once.
PYTHON ?= python3
BENCH ?= $(patsubst %/make_queries.py,%,$(firstword $(wildcard ../*/bench/make_queries.py)))
PICTURES ?= $(or $(wildcard $(BENCH:=/../data)),core/copyhound/demo/pictures)
RESULTS ?= bench-out
# tests wait as often as they work: three processes on two cores
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 3 // 2 or 1)')
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo run test test-platforms check bench schemas connectors docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

demo: $(READY) ## crawl a little website, find the planted copies, receive the webhooks (a few minutes, most of it installing)
	@$(BIN)/copyhound demo

run: $(READY) ## serve on http://127.0.0.1:8000, data in ./copyhound-data
	@$(BIN)/copyhound serve --host 127.0.0.1 --port 8000 --data copyhound-data

# hundreds of tests start the program: where bytecode is not kept, each of them compiles all of it
test: check ## check, then all tests
	@echo "== tests"
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder --proofs

test-platforms: $(READY) ## heavy checks by the platforms' own tools, and of the API by schemathesis (4 GB on disk, once)
	@TESTS_REQUIRE_CLIENTS=1 TESTS_INSTALL_SECONDS=1800 $(BIN)/pytest -q --timeout 2400 tests/platforms/check_n8n.py tests/platforms/check_n8n_server.py tests/platforms/check_zapier.py tests/platforms/check_mcp.py tests/platforms/check_schemathesis.py

check: $(READY) ## linters, types, import contracts, schemas, connectors, manual
	@echo "== ruff" && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
	@echo "== mypy" && $(BIN)/mypy --no-error-summary
	@echo "== import contracts" && $(BIN)/lint-imports --no-logo >.venv/contracts.log || { cat .venv/contracts.log; exit 1; }
	@echo "== schemas" && $(BIN)/copyhound schemas check
	@echo "== connectors" && $(BIN)/copyhound connectors check
	@echo "== manual" && $(BIN)/copyhound docs check

bench: $(READY) ## measure: make bench PICTURES=folder, and BENCH=folder RESULTS=folder for the whole recall benchmark
	@echo "== deliveries under load" && $(BIN)/python -m tests.bench.deliveries --seconds 20 --backlog 20000
ifneq ($(and $(BENCH),$(wildcard $(PICTURES)/originals)),)
	@$(BIN)/python -m tests.bench.run "$(BENCH)" --pictures "$(PICTURES)" --out "$(RESULTS)"
else
	@echo "== copies found, by edit" && $(BIN)/python tests/bench/measure.py "$(PICTURES)"
	@echo "== the server: answer time, webhook latency, memory" && $(BIN)/python -m tests.bench.server "$(PICTURES)"
endif

schemas: $(READY) ## write schemas/ anew from the code
	@$(BIN)/copyhound schemas export

connectors: $(READY) ## write what is rendered in connectors/ anew from the catalogue
	@$(BIN)/copyhound connectors export

docs: $(READY) ## write the generated parts of the manual anew
	@$(BIN)/copyhound docs export

clean: ## remove .venv and what tools left behind
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Copyhound needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ echo "No virtual environment could be made: install your system's venv package (Debian: python3-venv)." >&2; exit 1; }
	@echo "== installing into .venv (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
