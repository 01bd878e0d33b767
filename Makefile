# make demo      a town that buys electricity and makes heat leads the market above it: who gains, and all prices
# make test      style, types, tests and documentation
# make test-all  the same with the long campaigns
# make lint      style and types only
# make docs      the documentation, in site/
# make lock      pin the newest fitting versions in requirements.lock
# make clean     remove everything that was made, except the results in runs/

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo test test-all lint docs lock clean

PYTHON ?= python3
BIN := .venv/bin
LOCKED := .venv/stamp-locked
READY := .venv/stamp-ready
# Tests of one file stay together: they share what is costly to make.
SPREAD := -n logical --maxprocesses 8 --dist loadfile
BUILD_DOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
RUN := runs/ieee30-district-$(shell date +%Y%m%d-%H%M%S)

demo: $(READY)
	mkdir -p runs
	$(BIN)/gridpact run ieee30-district --out $(RUN)
	@echo
	@echo "Which claims about leading hold here:"
	@$(BIN)/gridpact show $(RUN) claims
	@echo
	@echo "Prices of electricity at 13:00 and what they are made of:"
	@$(BIN)/gridpact show $(RUN) electricity_prices | sed -n '1p; / 13:00:00/p'
	@echo
	@echo "Prices of heat at 13:00 and what they are made of:"
	@$(BIN)/gridpact show $(RUN) heat_prices | sed -n '1p; / 13:00:00/p'
	@echo
	@echo "Figures and certificate: $(RUN)/report.html"

test: lint
	$(BIN)/python -m pytest -q $(SPREAD)
	$(BUILD_DOCS) --quiet

test-all: lint
	$(BIN)/python -m pytest -q -m "campaign or not campaign" $(SPREAD)
	$(BUILD_DOCS) --quiet

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict src

docs: $(READY)
	$(BUILD_DOCS)

$(READY): $(LOCKED) pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(LOCKED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "GridPact needs Python 3.11 or newer; '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>/dev/null || echo not there). Name another one: make PYTHON=python3.12 ..." >&2; \
	  exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --only-binary=:all: -r requirements.lock
	touch $@

# pip-tools gets an environment of its own: it is needed here and nowhere else.
lock:
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet pip-tools
	build/lock/bin/pip-compile --quiet --upgrade --strip-extras --generate-hashes --allow-unsafe \
	  --no-emit-index-url --no-emit-find-links --no-emit-options --no-header \
	  --extra test --extra docs --extra pandapower --extra pandapipes -o requirements.lock pyproject.toml requirements.in

clean:
	rm -rf .venv site build dist src/gridpact.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
