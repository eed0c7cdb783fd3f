# `make run` and `make test` are all that is needed; both set up what is missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup run test lint types bench bench-serving lock clean

help:            ## show this
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup:           ## make .venv from the lock, if it is not there yet
	@$(PYTHON) tools/bootstrap.py

run: setup       ## fetch MovieLens 100K, run the whole pipeline, push a bundle
	@$(BIN)/movielens run $(ARGS)

test: lint types ## lint, types and tests
	@$(BIN)/pytest $(ARGS)

lint: setup      ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup     ## mypy
	@$(BIN)/mypy

bench: setup     ## measure speed and memory: ARGS="rows", "runs", "scale" or all of them
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.speed $(ARGS)

bench-serving: setup  ## load the local server with clients: ARGS="--seconds 5"
	@TF_CPP_MIN_LOG_LEVEL=3 PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.serving_load $(ARGS)

lock: setup      ## pin and hash the direct requirements again
	@$(PYTHON) tools/bootstrap.py --lock

clean:           ## remove the environment and caches; runs/ stays
	@rm -rf .venv .uv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
