# Everything a person does here. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
STATE ?= .state
export UV_PYTHON_DOWNLOADS := never
# Where the environment forbids bytecode files, each of many processes would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= $(shell for p in python3.13 python3.14 python3.12 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.requirements

.PHONY: help setup translations demo test check types style fix bench wheel requirements messages pictures clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1|/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo "  PORT=8000 STATE=.state choose the demonstration's port and folder; make demo FRESH=1 begins again."

setup: $(STAMP) ## Make .venv with what requirements/dev.txt pins

$(STAMP): requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.12 or newer is needed; none was found."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-build-isolation --no-deps --python $(BIN)/python -e .
	@touch $@

translations: setup
	@$(BIN)/python -m config.languages

demo: translations ## Start the whole site with the demonstration; Ctrl-C stops it
	$(BIN)/python -m config.demo --port $(PORT) --state $(STATE) $(if $(FRESH),--fresh)

test: translations ## Run all tests, in parallel (REQUIRE_BROWSER=1: fail where no Chromium is)
	$(BIN)/python -m config.servers --state $(STATE)/test --fleeting -- $(BIN)/pytest -n $${TEST_PROCESSES:-3} --dist loadgroup --no-loadscope-reorder $(ARGS)

check: setup ## Run every static check
	@$(MAKE) --no-print-directory --jobs=2 types style

types: setup
	$(BIN)/mypy .

style: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	git ls-files -z 'templates/*.html' | xargs -0 $(BIN)/djade --target-version 6.0 --check
	git ls-files -z 'templates/*.html' | xargs -0 $(BIN)/djhtml --tabwidth 2 --check
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	FERMATA_PRODUCTION=1 FERMATA_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(40))') FERMATA_SITE_URL=https://fermata.example $(BIN)/python manage.py check --deploy --fail-level WARNING

fix: setup ## Format and mend what can be mended
	-$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .
	-git ls-files -z 'templates/*.html' | xargs -0 $(BIN)/djade --target-version 6.0
	-git ls-files -z 'templates/*.html' | xargs -0 $(BIN)/djhtml --tabwidth 2

bench: translations ## Run the benchmarks and print their tables
	$(BIN)/python -m config.servers --state $(STATE)/bench -- $(BIN)/python -m benchmarks $(ARGS)

wheel: setup ## Build the verifier's wheel into dist/
	$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist verifier

requirements: setup ## Pin anew what pyproject.toml names
	$(BIN)/uv pip compile pyproject.toml --quiet --group dev --universal --python-version 3.12 --generate-hashes --no-emit-index-url --no-header --upgrade -o requirements/dev.txt
	printf 'uv\n' | $(BIN)/uv pip compile - --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade -o requirements/uv.txt

messages: setup ## Collect the strings to translate (needs GNU gettext; nothing else does)
	$(BIN)/python manage.py makemessages --all --no-location --no-wrap --no-obsolete
	$(BIN)/python -m config.languages

pictures: setup ## Take the documentation's pictures from the running demonstration
	$(BIN)/python -m docs.pictures --url http://localhost:$(PORT)

clean: ## Remove .venv and the state folder
	rm -rf .venv $(STATE) dist
