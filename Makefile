# One virtual environment for everything: make test, make demo.
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: demo screenshots test lint types system-packages clean

# A drawn collection, its index and the site. ARGS=--no-serve stops before the site.
demo: $(STAMP)
	$(BIN)/reverse-search demo $(ARGS)

test: $(STAMP) system-packages lint types
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --editable '.[cpu,dev]' --constraint constraints.txt
	touch $(STAMP)

# The pictures in docs/, of the demo.
screenshots: $(STAMP) system-packages
	$(BIN)/reverse-search demo --no-serve
	$(BIN)/python docs/screenshots.py

# PostgreSQL and chromium for the tests that need them; on Debian as root they are installed, elsewhere named.
system-packages:
	@sh tests/system-packages.sh

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
