# `make run` and `make test` are all that is needed; both set up what is missing.
PYTHON ?= python3
BIN := .venv/bin
REVISION = $(shell git describe --always --dirty --abbrev=12 --exclude '*')

.PHONY: help setup run test fuzz lint types docs bench bench-quality bench-cold bench-serving chaos image lock clean

help:            ## show this
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16

setup:           ## make .venv from the lock, if it is not there yet
	@$(PYTHON) tools/bootstrap.py

run: setup       ## fetch MovieLens 100K, run the whole pipeline, push a bundle
	@$(BIN)/movielens run $(ARGS)

test: lint types ## lint, types and tests
	@$(PYTHON) tools/bootstrap.py kubeflow docs
	@$(BIN)/pytest --numprocesses logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder $(ARGS)

fuzz: setup      ## generated input by the ten thousands: ARGS="--fuzz-cases 100000"
	@$(BIN)/pytest tests/fuzz --fuzz-cases 10000 $(ARGS)

lint: setup      ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup     ## mypy
	@$(BIN)/mypy

docs: setup      ## build the documentation into build/docs; a broken link is an error
	@$(PYTHON) tools/bootstrap.py docs
	@NO_MKDOCS_2_WARNING=true .venv-docs/bin/mkdocs build --strict --quiet $(ARGS)

bench: setup     ## measure speed and memory: ARGS="rows", "runs", "scale", "steps", "losses" or all
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.speed $(ARGS)

bench-serving: setup  ## the index beside TFRS and faiss, and the local server under load
	@$(PYTHON) tools/bootstrap.py bench
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.serving_index
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.serving_inverted_file
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.serving_filters
	@TF_CPP_MIN_LOG_LEVEL=3 PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.serving_load $(ARGS)
	@TF_CPP_MIN_LOG_LEVEL=3 PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.serving_overload $(ARGS)

bench-quality: setup  ## ours and the peers on the same splits: ARGS="--only P2 --seeds 1", "--data ml-1m"
	@$(PYTHON) tools/bootstrap.py peers
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.quality $(ARGS)

bench-cold: setup  ## movies that nobody has rated yet, ranked by their content: ARGS="--choose"
	@PYTHONWARNINGS=ignore::FutureWarning $(BIN)/python -m benchmarks.cold_movies $(ARGS)

chaos: setup     ## races, kill -9, a full disk and wrong clocks against the registry: ARGS="--seed 1 --scale 0.1"
	@TF_CPP_MIN_LOG_LEVEL=3 PYTHONWARNINGS=ignore $(BIN)/python -m benchmarks.registry_chaos $(ARGS)

image:           ## build the Kubeflow image and push it to IMAGE=REPOSITORY; CUDA=1 for GPUs
	@test -n "$(IMAGE)" || { echo "make image IMAGE=registry.example.com/movielens/pipeline"; exit 2; }
	@docker build --file kubeflow/Dockerfile --tag "$(IMAGE):$(REVISION)$(if $(CUDA),-cuda)" \
		--build-arg REVISION="$(REVISION)" --build-arg VARIANT=$(if $(CUDA),cuda,cpu) .
	@docker push --quiet "$(IMAGE):$(REVISION)$(if $(CUDA),-cuda)"
	@echo "Put this into kubeflow/environments and the fetch overlay:"
	@docker inspect --format '{{index .RepoDigests 0}}' "$(IMAGE):$(REVISION)$(if $(CUDA),-cuda)"

lock:            ## pin and hash the direct requirements again; ENVIRONMENT=kubeflow for another
	@$(PYTHON) tools/bootstrap.py --lock $(ENVIRONMENT)

clean:           ## remove the environment and caches; runs/ stays
	@rm -rf .venv .venv-* .uv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
