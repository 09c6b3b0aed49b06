# Everything a person or a machine does with a checkout. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
CODE := opsguard_assets ml resources sensors tests benchmarks
# Every worker of the tests and every command that they start would compile all modules again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo up test test-fast test-full check format bench quality lock catalogue docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## Create .venv and install everything that is pinned

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 13))' || \
		{ echo "OpsGuard needs Python 3.11 to 3.13; $$($(PYTHON) --version) is on the PATH. Try: make PYTHON=python3.12 setup"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@./install.sh
	@touch .venv/ready

demo: setup ## Run the main job on a simulated provider
	@$(BIN)/opsguard demo

up: setup ## Open OpsGuard, Dagster and MLflow on the same data; Ctrl-C stops all
	@$(BIN)/opsguard up

test: setup ## Run all tests but the long ones, properties on a part of their examples; shows the 20 slowest
	@$(BIN)/python -m pytest -n auto --durations=20

test-fast: setup ## Run the tests that need no store, no process and no training
	@$(BIN)/python -m pytest -n auto -m fast -q

test-full: setup ## Run all tests with every example, and those that load every core; takes an hour
	@$(BIN)/python -m pytest -n auto --durations=20 --hypothesis-profile=full
	@$(BIN)/python -m pytest -m load

check: setup ## Format, lint, types, import rules, definitions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_house_rules.py tests/test_suite.py
	@$(BIN)/dg check defs

format: setup ## Format the code
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

bench: setup ## Measure ratios against floors and peers, write benchmarks/README.md
	@$(BIN)/python -m benchmarks

quality: setup ## Judge learned models on the public incident log, write benchmarks/quality.md
	@$(BIN)/python -m benchmarks.quality

docs: setup ## Regenerate the pages that are made from code
	@$(BIN)/python -m opsguard_assets.tables.describe > docs/tables.md
	@$(BIN)/python -m opsguard_assets.scorecards.kpis.describe > docs/key-figures.md

catalogue: setup ## Bring the German texts of scorecards up to date with the code
	@$(BIN)/python -m tests.scorecards.messages

lock: setup ## Compile requirements.txt from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-header --no-annotate --quiet --output-file requirements.txt

clean: ## Remove .venv and the demo's data
	@rm -rf .venv .opsguard
