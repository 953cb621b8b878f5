# Three commands do all the set-up on a fresh machine with Python >= 3.11 and make:
#   make compare    which optimizer trains a network on the digits best? (answer, report)
#   make test       the whole test suite
#   make docs       the documentation, a page per rule, solver, loss ...
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# One process more than two cores have: some tests wait for programs that they start.
PYTEST_ARGS ?= -n 3

.PHONY: compare test lint format docs benchmark clean

compare: $(VENV)/installed
	$(BIN)/ladera compare digits

test: $(VENV)/tested-with
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/linted-with
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(VENV)/linted-with
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The documentation, into site/; DOCS_ARGS="--only adam" builds the pages of one rule.
docs: $(VENV)/tested-with
	$(BIN)/python scripts/build_docs.py $(DOCS_ARGS)

# BENCHMARK_ARGS: names of benchmarks, --quick, --json FILE; LADERA_DATA for the one on MNIST.
benchmark: $(VENV)/benchmarked-with
	$(BIN)/python -m benchmarks $(BENCHMARK_ARGS)

clean:
	rm -rf $(VENV) build dist site .pytest_cache .ruff_cache .hypothesis

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# The release of PyTorch that the judges were checked against; first, so that nothing pulls another.
$(VENV)/tested-with: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,docs]'
	touch $@

$(VENV)/linted-with: $(VENV)/tested-with
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lint]'
	touch $@

$(VENV)/benchmarked-with: $(VENV)/tested-with benchmarks/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	touch $@
