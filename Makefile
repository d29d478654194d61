# `make help` lists the targets. Every target first installs what it needs; that takes no time once it is installed.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON := .venv/bin/python
# Tests spend most of their time waiting for processes: three workers keep two cores busy.
TEST_WORKERS ?= 3

.PHONY: help setup run demo test check lint types contracts security audit format properties chaos bench docs lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  \033[1mmake %-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install everything the project needs
	@tools/bootstrap

run: setup ## Start the whole system and run until Ctrl-C (RUN=--cluster: three brokers, a Redis Cluster)
	@.venv/bin/referral run $(RUN)

demo: setup ## Play a 60-day campaign through the whole system and check every figure
	@.venv/bin/referral demo

test: setup ## Run all tests, with the short form of the chaos tests
	@tools/bootstrap tests
	@PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest -m "not chaos_long" -n $(TEST_WORKERS) --no-loadscope-reorder

check: lint types contracts security test ## Lint, types, import contracts, security and tests: what CI runs

lint: setup ## Check style
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: setup ## Check types
	@.venv/bin/mypy

contracts: setup ## Check the import contracts
	@.venv/bin/lint-imports

security: setup ## Search the code for insecure calls (bandit)
	@.venv/bin/bandit --quiet --configfile pyproject.toml --recursive shared services tools clients 2> >(grep -v 'nosec encountered' >&2)

audit: setup ## Compare the locked packages with the known vulnerabilities; needs access to an advisory database
	@tools/audit

format: setup ## Format the code
	@.venv/bin/ruff check --quiet --fix-only .
	@.venv/bin/ruff format .

properties: setup ## Run the property tests with ten times as many examples
	@$(PYTHON) -m pytest tests/unit -n $(TEST_WORKERS) --hypothesis-profile=thorough

chaos: setup ## Run the long chaos tests: kill, wipe and stop real processes
	@$(PYTHON) -m pytest tests/chaos

bench: setup ## Measure the performance goals
	@$(PYTHON) -m benchmarks

docs: setup ## Regenerate pages and schemas
	@.venv/bin/referral docs && .venv/bin/referral schemas

lock: setup ## Pin all dependencies by version and hash (LOCK=--upgrade takes newer ones)
	@tools/lock $(LOCK)
	@tools/bootstrap

clean: ## Remove data and logs of earlier runs, not the installation
	@rm -rf var/run var/demo var/tests .pytest_cache .mypy_cache .ruff_cache
