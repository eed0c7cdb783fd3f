# `make run` and `make test` are all that is needed; both set up what is missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup run test lint types bench bench-serving lock clean

help:            ## show this
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup:           ## make .venv from the lock, if it is not there yet
	@$(PYTHON) tools/bootstrap.py

run: setup       ## fetch MovieLens 100K, run the whole pipeline, push a bundle
	@$(BIN)/movielens run $(ARGS)

test: lint types ## lint, types and tests
	@$(PYTHON) tools/bootstrap.py kubeflow
	@$(BIN)/pytest $(ARGS)

lint: setup      ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup     ## mypy
	@$(BIN)/mypy

bench: setup     ## measure speed and memory: ARGS="rows", "runs", "scale" or all of them
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.speed $(ARGS)

bench-serving: setup ## measure the index beside TFRS and faiss
	@$(PYTHON) tools/bootstrap.py bench
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.serving_index $(ARGS)

lock:            ## pin and hash the direct requirements again; ENVIRONMENT=kubeflow for another
	@$(PYTHON) tools/bootstrap.py --lock $(ENVIRONMENT)

clean:           ## remove the environment and caches; runs/ stays
	@rm -rf .venv .venv-* .uv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
