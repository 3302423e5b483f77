# Run `make help`. Everything is installed into .venv; nothing else on this machine is changed,
# except that `make test` may add the system packages of .ci/apt-packages.txt when it runs as root.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
PYTEST_ARGS ?=
TEST_PROCESSES ?= 2
# Processor time, s, beyond which a test is slow: one that takes longer without the marker fails `make check`.
FAST_TEST_CPU_S := 10
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --retries 8 --timeout 60
DEMO := demo-results

PLUGIN := plugins/napari

.PHONY: help check demo test plugin lint docs wheel clean system

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "calcitrack needs Python 3.11 or later; found $$($(PYTHON) --version); say which one to use: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.package: $(VENV)/.created pyproject.toml
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.groups: $(VENV)/.package pyproject.toml
	$(PIP) install --quiet --group test --group lint --group docs
	@touch $@

$(VENV)/.plugin: $(VENV)/.groups $(PLUGIN)/pyproject.toml
	cd $(PLUGIN) && $(CURDIR)/$(PIP) install --quiet --editable . --group test
	@touch $@

demo: $(VENV)/.package ## measure the sample data and say where the pictures and tables are
	$(BIN)/calcitrack demo --out $(DEMO)
	@echo "Tables, pictures, DICOM segmentations and reports are in $(DEMO)/"

check: lint ## before each commit: lint, and the tests that are not slow, in a few minutes
	$(BIN)/pytest --numprocesses=$(TEST_PROCESSES) --dist=loadfile --cpu-limit=$(FAST_TEST_CPU_S) -m "not slow and not shared" $(PYTEST_ARGS) tests

test: $(VENV)/.groups system ## all tests with branch coverage, doctests, the code blocks of the pages, and the documentation
	$(BIN)/pytest --numprocesses=$(TEST_PROCESSES) --dist=loadfile --doctest-modules --cov --cov-branch --cov-report=term $(PYTEST_ARGS)
	@$(MAKE) --no-print-directory plugin
	@$(MAKE) --no-print-directory docs

plugin: $(VENV)/.plugin system ## the tests of the napari plugin, in a viewer on a display that nobody sees
	@if command -v xvfb-run >/dev/null 2>&1; then xvfb-run --auto-servernum --server-args='-screen 0 1600x1000x24' $(BIN)/pytest --numprocesses=$(TEST_PROCESSES) --dist=loadfile $(PLUGIN); \
	else $(BIN)/pytest --numprocesses=$(TEST_PROCESSES) --dist=loadfile $(PLUGIN); fi

lint: $(VENV)/.groups ## style, format, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=$(PLUGIN) $(BIN)/lint-imports # reads the plugin's files and needs none of its libraries

docs: $(VENV)/.groups ## build the documentation; every warning is an error
	$(BIN)/sphinx-build --quiet -W --keep-going -n -b html docs docs/_build/html
	@echo "Documentation: docs/_build/html/index.html"

wheel: $(VENV)/.groups ## build the wheels of the package and of the plugin into dist/ and check what they hold
	rm -rf dist
	$(PIP) wheel --quiet --no-deps --wheel-dir dist . ./$(PLUGIN)
	$(BIN)/python .ci/check_wheel.py dist

system:
	@bash .ci/system-packages

clean: ## remove everything that these commands made
	rm -rf $(VENV) dist build docs/_build $(DEMO) .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find calcitrack tests docs plugins -type d -name __pycache__ -exec rm -rf {} +
