# infrastress: `make run` does the main job, `make test` proves it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
RUN_LOCK := requirements/run.txt
DEV_LOCK := requirements/dev.txt
BENCH_LOCK := requirements/bench.txt
NODE_LOCK := requirements/node.txt
CONSOLE := src/infrastress/app/console/built/index.html
CONSOLE_SOURCES := $(filter-out console/src/api/schema.ts,$(shell find console/src console/public -type f)) $(wildcard console/*.*) docs/openapi.json
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export MPLBACKEND = Agg

.PHONY: run test check prove bench docs lock clean wheel console
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

$(VENV)/.run: $(RUN_LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("infrastress needs Python 3.11 to 3.13; this is %d.%d. Call: make PYTHON=python3.11 ..." % sys.version_info[:2] if not (3, 11) <= sys.version_info[:2] < (3, 14) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(RUN_LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run $(DEV_LOCK)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(DEV_LOCK)
	@touch $@

$(VENV)/.bench: $(VENV)/.dev $(BENCH_LOCK)
	@test -x $(VENV)-bench/bin/python || $(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --require-hashes -r $(BENCH_LOCK)
	$(VENV)-bench/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

console/node_modules/.done: console/package.json console/package-lock.json | $(VENV)/.run
	sh console/npm $(BIN) $(NODE_LOCK) ci --loglevel=error
	@touch $@

$(CONSOLE): console/node_modules/.done $(CONSOLE_SOURCES)
	sh console/npm $(BIN) $(NODE_LOCK) run --silent build -- --logLevel warn
	@touch $@

console: $(CONSOLE) ## build the console into the package (with Node from this machine, or from a wheel)

run: $(VENV)/$(if $(filter water,$(SITE)),.dev,.run) $(CONSOLE) ## install and run the demo: a simulated plant, attacked, at the live console (SITE=water: another)
	$(BIN)/infrastress demo --site $(or $(SITE),depot)

test: $(VENV)/.dev $(CONSOLE) ## install and run every test (about 20 minutes on two cores)
	@sh tests/peers/install.sh
	$(BIN)/python -m pytest -m "not prove" -n 3 --ignore tests/console
	$(BIN)/python -m pytest -m "not prove" -n 2 tests/console # apart: a browser's event loop stays in its process

check: $(VENV)/.dev console/node_modules/.done ## format, lint, types, layers; of the console too
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	sh console/npm $(BIN) $(NODE_LOCK) run --silent check

prove: $(VENV)/.dev $(CONSOLE) ## long proofs, resumable; results go to docs/proofs.md
	@sh tests/peers/install.sh
	$(BIN)/python -m pytest -m prove --timeout 36000

bench: $(VENV)/.bench $(CONSOLE) ## every benchmark against its rivals, printed as tables
	$(VENV)-bench/bin/python -m benchmarks

docs: $(VENV)/.dev $(CONSOLE) ## regenerate the pictures and reference pages from the running product
	$(BIN)/python docs/build.py

wheel: $(VENV)/.dev $(CONSOLE) ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

lock: ## renew the hash-pinned requirement files (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group pyproject.toml:build pyproject.toml -o $(RUN_LOCK)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --all-extras --group pyproject.toml:build --group pyproject.toml:dev pyproject.toml -o $(DEV_LOCK)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --all-extras --group pyproject.toml:build --group pyproject.toml:bench -c $(DEV_LOCK) pyproject.toml -o $(BENCH_LOCK)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group pyproject.toml:node -o $(NODE_LOCK)

clean: ## remove what the targets made
	rm -rf $(VENV) $(VENV)-bench console/node_modules src/infrastress/app/console/built dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
