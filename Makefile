# Two commands for a newcomer: `make run` and `make test`. Needs Python >= 3.11; the tests need Node >= 20.19 too.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What runs need, and what tests need on top. The second lock holds the packages of the first in the same versions.
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests
CLI := node_modules/.installed

.PHONY: run desk test check fast test-slow smoke oracles live chaos fuzz setup lock clean help

help:
	@echo "make run     import the sample customers into the mock API, on this machine"
	@echo "make desk    open the import desk on the sample customers, in a browser on this machine; needs Node"
	@echo "make test    make check, and make fast"
	@echo "make check   style, types, metadata, lint"
	@echo "make fast    all tests but the slow ones, properties with a part of their examples; says how many it left out"
	@echo "make test-slow  the tests that tests/slow.toml names, and all properties with all their examples; CI runs both"
	@echo "make smoke   the tests that show a new Python first, with VENV and PYTHON of your choice"
	@echo "make oracles the tests against servers in Go that other people wrote; builds them first, in minutes"
	@echo "make live    one cheap call to each real service whose credential the environment gives (docs/names.md)"
	@echo "make chaos   kill imports at random points 200 times, resume them, and count what is lost, there twice or misreported"
	@echo "make fuzz    schemathesis over every route and some webhooks of mill serve, for five minutes; SECONDS=60 for less"
	@echo "make lock    resolve both requirement locks again, then the pins and locks of the scripts"
	@echo "make clean   remove what these commands made"

run: $(RUNS)
	@$(BIN)/mill run flows/customers.yaml

desk: $(RUNS) $(CLI)
	@$(BIN)/mill desk flows/data/customers.csv

# What takes long, and what looks for rare examples, is told apart by tests/slow.toml: none of it is lost to CI.
test: check fast

check: $(TESTS) $(CLI)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/mill metadata --check
	$(BIN)/mill lint

# In four processes; what fails is tried once more, alone, and named: see the file.
PYTEST = $(BIN)/python -m tests.suite
fast: $(TESTS) $(CLI)
	HYPOTHESIS_PROFILE=sample $(PYTEST) -m "not slow" --durations=10 --durations-min=5

test-slow: $(TESTS) $(CLI)
	$(PYTEST) -m "slow or hypothesis"

# Syntax and imports of every module, SQLite and Postgres, processes and signals, files: where Pythons differ. Needs no Node.
SMOKE := tests/test_house.py tests/f/store tests/f/windmill tests/f/records/reading/test_table.py \
	tests/f/connect/test_oauth.py tests/f/connect/test_addresses.py tests/f/connect/test_async_runner.py \
	tests/mill/engine/processes/test_processes.py tests/mill/engine/jobs/test_jobs.py
smoke: $(TESTS)
	$(PYTEST) $(SMOKE)

# Pinned: a server that changes is another witness.
ORACLES := .oracles
oracles: $(TESTS) $(ORACLES)/stripe-mock $(ORACLES)/versitygw
	$(BIN)/pytest -rs tests/oracles

$(ORACLES)/stripe-mock: PACKAGE = github.com/stripe/stripe-mock@v0.203.0
$(ORACLES)/versitygw: PACKAGE = github.com/versity/versitygw/cmd/versitygw@v1.8.0
$(ORACLES)/stripe-mock $(ORACLES)/versitygw:
	@command -v go > /dev/null || { echo "Go is needed to build $(@F). Install it, then run make oracles again."; exit 3; }
	GOBIN=$(abspath $(ORACLES)) go install $(PACKAGE)

# Reads only. Never part of make test: what is not in the environment is skipped with its reason.
live: $(TESTS)
	LIVE=1 $(BIN)/pytest -rs tests/live

# A few minutes. A shorter run is part of make test-slow.
chaos: $(TESTS)
	@$(BIN)/mill bench chaos --kills 200

SECONDS ?= 300
fuzz: $(TESTS)
	@$(BIN)/python -m tests.mill.openapi.fuzzing $(SECONDS)

setup: $(TESTS) $(CLI)

# Every package is pinned with its hash; uv, which is in the same file, installs them in seconds.
$(RUNS): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 run")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@grep -A99 '^uv==' requirements.lock | sed '/^ *# via/,$$d' > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(TESTS): requirements.test.lock $(RUNS)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.test.lock
	@touch $@

# The real Windmill CLI, for mill metadata, mill lint and the deployment tests; and esbuild, for mill desk.
$(CLI): package.json package-lock.json
	@command -v npm > /dev/null || { echo "Node >= 20.19 with npm is needed for the Windmill CLI, for the page of the import desk and for servers that the tests talk to. Install it, then run this again."; exit 3; }
	@npm ci --silent --no-audit --no-fund
	@touch $@

# Versions are kept where they fit; UPGRADE=--upgrade takes the newest.
RESOLVE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(UPGRADE) pyproject.toml
lock:
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	$(RESOLVE) --extra mill --extra build --output-file requirements.lock
	$(RESOLVE) --extra mill --extra build --extra test --constraints requirements.lock --output-file requirements.test.lock
	@for version in 3.11 3.12 3.13 3.14; do $(BIN)/uv pip compile --quiet --no-deps --python-version $$version --only-binary :all: --no-binary localstripe requirements.test.lock > /dev/null || { echo "Not every package has a wheel for Python $$version."; exit 1; }; done
	@$(MAKE) --no-print-directory $(RUNS)
	$(BIN)/mill metadata --pin

clean:
	rm -rf $(VENV) .venvs node_modules .oracles .mill .mypy_cache .ruff_cache .pytest_cache .hypothesis
