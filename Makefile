# reelgate. Every target is a few lines; CI runs the very same ones.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help run test check generate check-generated lint lint-spec types layers migrations secrets contract faults chaos bench docs clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

.venv/run.stamp: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("reelgate needs Python 3.11 or newer: make PYTHON=python3.12 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

node_modules/.package-lock.json: package-lock.json
	npm ci --silent --no-fund --no-audit

run: .venv/run.stamp ## Start everything; PORT and HOST can be set
	@$(BIN)/reelgate serve

test: .venv/dev.stamp ## Run all tests
	$(BIN)/pytest -q --numprocesses 3 --dist loadfile

check: check-generated lint lint-spec types layers migrations ## All checks but the tests and the contract run; needs Node.js

generate: .venv/dev.stamp ## openapi.yaml and upstreams/ -> generated/
	$(BIN)/python -m codegen

check-generated: .venv/dev.stamp ## Fail, with the diff, if generated/ is not what the documents say
	$(BIN)/python -m codegen --check

lint: .venv/dev.stamp ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-spec: .venv/dev.stamp node_modules/.package-lock.json ## Lint openapi.yaml and upstreams/
	$(BIN)/openapi-spec-validator openapi.yaml upstreams/*.yaml
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx --no-install redocly lint openapi.yaml

types: .venv/dev.stamp ## mypy, strict
	$(BIN)/mypy codegen docs generated handlers reelgate sandbox

layers: .venv/dev.stamp ## Does every import point downwards
	$(BIN)/pytest -q tests/test_layers.py

migrations: .venv/dev.stamp ## Do the migrations make the tables that the code expects
	$(BIN)/pytest -q tests/handlers/test_database.py -k migrations

secrets: .venv/dev.stamp ## Is any secret seen in answers, logs, the database or the list of processes
	$(BIN)/pytest -q tests/reelgate/test_secrets.py

contract: .venv/dev.stamp ## schemathesis against the running server: three seeds, every check
	$(BIN)/python -m tests.contract

faults: .venv/dev.stamp ## A thousand creates with every kind of trouble: is any paid twice, or left without an outcome
	$(BIN)/python -m tests.faults

chaos: .venv/dev.stamp ## Kill processes and stop PostgreSQL while hundreds of jobs run: is any lost, or made twice
	$(BIN)/python -m tests.chaos

docs: .venv/dev.stamp ## The adapters, the catalogue and the prices -> the tables in docs/
	$(BIN)/python -m docs.capabilities
	$(BIN)/python -m docs.prices

bench: .venv/dev.stamp ## Measure, in one run: beside the LiteLLM proxy, and with many jobs, clients, rows and bytes
	$(BIN)/python -m bench

clean: ## Remove what was built, but no data
	rm -rf .venv .venv-litellm node_modules .mypy_cache .pytest_cache .ruff_cache
