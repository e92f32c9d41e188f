# Two commands matter: `make sample` and `make test`.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: sample test slow lint clean

sample: $(VENV)/.base
	$(BIN)/molgen sample -n 100 -o out/molecules.sdf
	$(BIN)/molgen evaluate out/molecules.sdf --reference qm9 --json out/molecules.eval.json

test: $(VENV)/.dev datasets/qm9/manifest.json
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

slow: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

datasets/qm9/manifest.json: | $(VENV)/.dev
	$(BIN)/molgen prepare qm9 -o datasets/qm9

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) torch
	$(PIP) --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) out build *.egg-info
