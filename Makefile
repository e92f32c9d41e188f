# Two commands matter: `make sample` and `make test`.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: sample test slow lint results requests clean

sample: $(VENV)/.base
	$(BIN)/molgen sample -n 100 -o out/molecules.sdf
	$(BIN)/molgen evaluate out/molecules.sdf --reference qm9 --json out/molecules.eval.json

test: $(VENV)/.dev datasets/qm9/manifest.json
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

slow: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m slow

# Samples and judges what is not yet in $(RESULTS), then writes the page; another N needs another folder.
# Names are CHECKPOINT-STEPS-SEED; once-STEPS-SEED is qm9 without repair. With polishing and repairs the steps make about
# 20, 50 and 100 evaluations; without repairs 10, 20, 50 and 100. EDM_N lets the slow baseline do with fewer molecules.
# CARD=molgen/weights/qm9 writes the figures into that card too.
N ?= 10000
EDM_N ?= $(N)
SEEDS ?= 0 1 2
STEPS ?= 13 44 93
ONCE_STEPS ?= 6 16 46 96
EDM_STEPS ?= 1000
RESULTS ?= runs/results
PAGE ?= molgen/weights/README.md
CARD ?=
CURVE ?= $(wildcard $(RESULTS)/curve/curve.json)
FIGURES := $(STEPS:%=$(RESULTS)/qm9-%.eval.json) $(ONCE_STEPS:%=$(RESULTS)/once-%.eval.json) \
  $(RESULTS)/edm-$(EDM_STEPS).eval.json
stem = $(word $(1),$(subst -, ,$*))

results: $(FIGURES)
	$(BIN)/molgen results $(RESULTS) -o $(PAGE) $(CURVE:%=--curve %) $(CARD:%=--card %)

# Hours on a CPU: every kind of request about held-out molecules, as part of the page.
requests: | $(VENV)/.dev
	$(BIN)/molgen requests -o $(RESULTS)/requests.json

$(RESULTS)/qm9-%.sdf: | $(VENV)/.dev
	$(BIN)/molgen sample -n $(N) --checkpoint qm9 --steps $(call stem,1) --seed $(call stem,2) -o $@

$(RESULTS)/once-%.sdf: | $(VENV)/.dev
	$(BIN)/molgen sample -n $(N) --checkpoint qm9 --steps $(call stem,1) --seed $(call stem,2) --repair 0 -o $@

$(RESULTS)/edm-%.sdf: | $(VENV)/.dev
	$(BIN)/molgen sample -n $(EDM_N) --checkpoint edm --steps $(call stem,1) --seed $(call stem,2) -o $@

# checkpoint, steps
define judged
$(RESULTS)/$(1)-$(2).eval.json: $(SEEDS:%=$(RESULTS)/$(1)-$(2)-%.sdf)
	$(BIN)/molgen evaluate $$^ --protocol all --reference qm9 --beside none --json $$@
endef
$(foreach steps,$(STEPS),$(eval $(call judged,qm9,$(steps))))
$(foreach steps,$(ONCE_STEPS),$(eval $(call judged,once,$(steps))))
$(eval $(call judged,edm,$(EDM_STEPS)))

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
