# make run and make test are all that a newcomer needs: Python 3.11 (or 3.12) and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
TAPEWATCH := $(BIN)/tapewatch
# What starts many processes, and has the machine for itself.
ALONE := tests/e2e tests/crash
RESOLVE := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
export PYTHONPATH :=

.PHONY: help run test soak check install lock bench clean

help: ## Say what can be made.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: install ## Run everything on this machine until Ctrl-C (RUN_SECONDS=30 stops by itself).
	@exec $(TAPEWATCH) up --stop-with-parent --faults connectors/exchange/mild.yaml $(if $(RUN_SECONDS),--seconds $(RUN_SECONDS)) $(RUN_ARGS)

test: install ## Run all that CI runs: style, types, imports, tests.
	@echo "==> 1/4 style"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> 2/4 types"
	@$(BIN)/mypy
	@echo "==> 3/4 direction of imports"
	@$(BIN)/lint-imports --no-cache
	@echo "==> 4/4 tests"
	@$(if $(TEST_ARGS),$(BIN)/python -m pytest $(TEST_ARGS),\
	  $(BIN)/python -m pytest -n 3 --dist loadfile $(ALONE:%=--ignore=%) tests && $(BIN)/python -m pytest -m "not soak" $(ALONE))
	@echo "make test: all four parts passed."

install: $(STAMP) ## Make .venv with the tapewatch script in it.

# Installed anew only when what is locked, or how it is declared, has changed.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
	  || { echo "Tapewatch needs Python 3.11 or 3.12, and '$(PYTHON)' is neither. Name one: make PYTHON=/path/to/python3.11 install"; exit 1; }
	@echo "==> installing into $(VENV) from requirements.lock (about 250 MB the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv module does not work here; on Debian: apt-get install python3-venv"; exit 1; }
	@awk '/^[^ ]/ {on = /^uv==/} on' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --require-hashes requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)
	@echo "==> installed: $(TAPEWATCH)"

lock: install ## Resolve both requirements.lock anew: ours, and that of Superset.
	@$(BIN)/uv pip compile pyproject.toml --all-extras $(RESOLVE) -o requirements.lock
	@cd infra/superset && ../../$(BIN)/uv pip compile requirements.in $(RESOLVE) -o requirements.lock

soak: install ## Run what CI has no time for: many workers, three brokers.
	@$(BIN)/python -m pytest -m soak tests

bench: install ## Measure, as ratios against a peer in the same run.
	@$(BIN)/python -m tests.benchmarks

clean: ## Remove the environment and everything that runs left behind.
	rm -rf $(VENV) .tapewatch
