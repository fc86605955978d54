# The commands of this project. `make` alone lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Passed on to the command that a target ends in: make demo ARGS="--url postgresql://localhost/app".
ARGS   ?=
# How many pytest processes run at a time: more than there are cores, as many tests wait most of the time.
JOBS   ?= 3
# For how long `make chaos` goes on, on which stores, and in which order its faults come.
MINUTES ?= 10
STORES  ?= postgres redis sqlite
SEED    ?= 1
# Large sizes and every peer for `make bench`.
FULL    ?=

# A cargo that was installed a moment ago is not on the caller's PATH yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# maturin would follow an environment that happens to be active; ours is the one in this folder.
MATURIN := env -u CONDA_PREFIX VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/maturin
SERVERS := $(BIN)/python -m tests.servers -- $(MAKE) --no-print-directory
# A crate of its own: what it depends on is none of the engine's dependencies.
MODEL   := cargo test --locked --manifest-path docs/model/Cargo.toml --target-dir target/model
SOURCES := $(shell find src migrations -type f) Cargo.toml Cargo.lock pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo docs test test-inner react-test upgrade-test models models-inner mutants mutants-inner check check-rust check-python fmt bench \
	bench-engine bench-engine-inner instructions plans plans-inner chaos wheel wheel-test audit lint-workflows clean rust
.DELETE_ON_ERROR:

help: ## List the commands
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: rust $(VENV)/.built ## Build what is missing, then run real jobs and watch them
	@$(BIN)/dataqueue demo $(ARGS)

test: rust $(VENV)/.contributing $(VENV)/.built ## Run every test, against real servers
	$(SERVERS) test-inner

test-inner: ## Run every test, against the servers that the environment names
	cargo test --locked
	$(MODEL)
	$(BIN)/python -m tests.variants -n $(JOBS)
	$(BIN)/python -m pytest -n $(JOBS) $(ARGS)
	@sh scripts/react.sh where-possible

react-test: rust $(VENV)/.contributing $(VENV)/.built ## Check, test and build the React package; needs Node 18.18 or later
	@sh scripts/react.sh

upgrade-test: rust $(VENV)/.contributing $(VENV)/.built ## Run the version before and this one side by side: ARGS="--ref v1.2"
	PYTHONPATH=. $(BIN)/python -m tests.servers -- $(BIN)/python -m tests.upgrade $(ARGS)

models: rust $(VENV)/.contributing $(VENV)/.built ## Explore the models for as long as it takes, against real servers
	$(SERVERS) models-inner

models-inner: ## Explore the models, against the servers that the environment names
	$(MODEL) -- --include-ignored --nocapture
	DATAQUEUE_FAILPOINTS=all cargo test --locked --test core -- failpoints::
	DATAQUEUE_HYPOTHESIS=long $(BIN)/python -m pytest -n $(JOBS) tests/python/test_state_machine.py \
		tests/python/test_run_machine.py $(ARGS)

mutants: rust $(VENV)/.contributing $(VENV)/.built ## Take away each guard of the engine, and see that a test turns red
	$(SERVERS) mutants-inner

mutants-inner: ## Take away the guards, against the servers that the environment names
	$(BIN)/python -m tests.mutants $(ARGS)

check: check-rust check-python ## Run every formatter, linter and type checker

check-rust: rust ## Run rustfmt and clippy, with and without the border
	cargo fmt --check
	cargo fmt --check --manifest-path docs/model/Cargo.toml
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --all-targets --features python -- -D warnings
	cargo clippy --locked --all-targets --manifest-path docs/model/Cargo.toml --target-dir target/model -- -D warnings

check-python: $(VENV)/.contributing $(VENV)/.built ## Run ruff, mypy, basedpyright, the import contracts and stubtest
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python scripts/twins.py --check
	$(BIN)/python scripts/llms.py --check
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest dataqueue._core --allowlist scripts/stubtest.allow

fmt: rust $(VENV)/.contributing ## Format everything, write what is made of other files, and mend what ruff can mend
	cargo fmt
	$(BIN)/python scripts/twins.py
	$(BIN)/python scripts/llms.py
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: ## Build the documentation site, strictly, into target/docs/site
	@PYTHON="$(PYTHON)" sh scripts/docs.sh target/docs-venv

bench: rust $(VENV)/.contributing $(VENV)/.built ## Measure beside other libraries and the stores' limits; FULL=1 takes hours
	$(BIN)/python -m benches.compare $(if $(FULL),--full) $(ARGS)

bench-engine: rust $(VENV)/.contributing ## Measure the engine alone, against real servers
	$(SERVERS) bench-engine-inner

bench-engine-inner: ## Measure the engine, against the servers that the environment names
	cargo bench --locked

instructions: rust $(VENV)/.made ## Compare the instructions of hot paths with those recorded; UPDATE=1 records them
	$(BIN)/python benches/python/instructions.py $(if $(UPDATE),--update)

plans: rust $(VENV)/.contributing ## Hold the plans of statements against millions of jobs, on a real server
	$(SERVERS) plans-inner

plans-inner: ## Hold the plans of statements, against the server that the environment names
	cargo test --locked --test core -- --ignored plans::

chaos: rust $(VENV)/.contributing $(VENV)/.built ## Let a storm rage for MINUTES on each of STORES
	@for store in $(STORES); do \
		$(BIN)/python -m tests.chaos.storm --store $$store --minutes $(MINUTES) --seed $(SEED) || failed=1; \
	done; exit $${failed:-0}

wheel: rust $(VENV)/.made ## Build the source distribution, and from it the wheel, into dist/
	cargo fetch --locked
	CARGO_NET_OFFLINE=true $(MATURIN) build --release --locked --strip --sdist --out dist

wheel-test: $(VENV)/.made ## Look into what is in dist/, and try the wheel where there is no Rust; builds it where there is none
	@ls dist/*.whl dist/*.tar.gz >/dev/null 2>&1 || $(MAKE) --no-print-directory wheel
	$(BIN)/python -m scripts.releasing contents dist/*
	$(BIN)/python -m scripts.releasing trial dist/*.whl

audit: rust ## Look for weaknesses, licences and sources of what is depended on; needs the network
	@PYTHON="$(PYTHON)" sh scripts/audit.sh target/audit

lint-workflows: ## Look for mistakes in the workflows of continuous integration; needs Node
	@PYTHON="$(PYTHON)" sh scripts/workflows.sh target/workflows

clean: ## Remove everything that the other commands made, .venv included
	rm -rf $(VENV) react/node_modules react/dist examples/react/node_modules examples/react/dist
	rm -rf target dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f python/dataqueue/_core.*.so
	find python tests -type d -name __pycache__ -prune -exec rm -rf {} +

rust: ## Look for Rust and a C compiler, and get Rust where it is missing
	@sh scripts/rust.sh

$(VENV)/.made: scripts/venv.sh
	@PYTHON="$(PYTHON)" sh scripts/venv.sh $(VENV)
	@touch $@

$(VENV)/.built: $(VENV)/.made $(SOURCES) | rust
	@echo "Building the engine: a few minutes the first time, seconds after that."
	@$(MATURIN) develop --release --locked
	@touch $@

$(VENV)/.contributing: $(VENV)/.made pyproject.toml
	@echo "Installing what the tests and checks need."
	@$(BIN)/python -m pip install --quiet --group contributing
	@touch $@
