# All commands of this project. `make serve` and `make test` install what they need.

PYTHON ?= python3
BIN := .venv/bin
PIP := PIP_CONSTRAINT=.ci/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet

FRONTEND := server/frontend
BUILT := server/static/built/map.json

export PYTHONDONTWRITEBYTECODE := # keep compiled files whatever the environment says, so that every start is faster

.PHONY: help install serve build check test test-all bench docs texts clean

help:
	@echo "make serve    install, build and serve the graph on http://localhost:8000/"
	@echo "make test     install what the tests need, check the code, run all tests"
	@echo "make test-all the same with many more damaged records, and without random samples"
	@echo "make build    install, then check the sources and publish the dataset"
	@echo "make check    check format, lint, types and import contracts"
	@echo "make install  install everything that the server needs into .venv"
	@echo "make bench    measure the speed side by side with other servers"
	@echo "make docs     write the page of each problem code, from kg/diagnostics/codes.yaml"
	@echo "make texts    update the catalogues of translations from the templates"
	@echo "make clean    remove everything that was installed, built or published"

install: $(BIN)/installed $(BUILT)

$(BIN)/installed: pyproject.toml .ci/constraints.txt
	@$(PYTHON) -m venv --clear .venv || { .ci/debian python3-venv && $(PYTHON) -m venv --clear .venv; }
	$(PIP) --editable .
	@touch $@

$(BUILT): $(BIN)/installed $(wildcard $(FRONTEND)/*.*)
	@.ci/assets || echo "warning: the query editor and the map are not built; the pages work without them" >&2

$(BIN)/test-installed: $(BIN)/installed $(BUILT) tests/server/clients/package-lock.json
	$(PIP) --editable '.[test]'
	@command -v chromium >/dev/null || .ci/debian chromium
	@command -v npm >/dev/null || .ci/debian nodejs npm
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || .ci/debian nginx-light
	npm ci --prefix tests/server/clients --no-audit --no-fund --loglevel=error
	@touch $@

$(BIN)/bench-installed: $(BIN)/test-installed
	$(PIP) --editable '.[test,bench]'
	@touch $@

build: install
	$(BIN)/kg build

serve: build
	$(BIN)/kg serve

check: $(BIN)/test-installed
	$(BIN)/ruff format --check kg server tests
	$(BIN)/ruff check kg server tests
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest

test-all: check
	EVERYTHING=1 $(BIN)/pytest

bench: $(BIN)/bench-installed
	$(BIN)/python -m tests.bench

docs: install
	$(BIN)/python -m kg.diagnostics.codes kg/diagnostics/docs

texts: install
	cd server && ../$(BIN)/pybabel -q extract --no-location --omit-header --sort-output --ignore-dirs frontend \
		-F translations/babel.cfg -o translations/texts.pot .
	for language in fr de it ru es; do $(BIN)/pybabel -q update --no-fuzzy-matching --omit-header --ignore-obsolete \
		--init-missing -l $$language -i server/translations/texts.pot -o server/translations/$$language.po; done
	rm server/translations/texts.pot

clean:
	rm -rf .venv .bench .kg-cache published server/static/built $(FRONTEND)/node_modules tests/server/clients/node_modules
