# Two commands for a newcomer: `make run` and `make test`. Needs Python >= 3.11; the tests need Node >= 20 too.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CLI := node_modules/.installed

.PHONY: run test chaos setup lint types unit lock clean help

help:
	@echo "make run     import the sample customers into the mock API, on this machine"
	@echo "make test    everything CI runs: style, types, metadata, lint, tests"
	@echo "make chaos   kill imports at random points 200 times, resume them, and count what is lost, there twice or misreported"
	@echo "make lock    resolve requirements.lock again, then the pins and locks of the scripts"
	@echo "make clean   remove what these commands made"

run: $(INSTALLED)
	@$(BIN)/mill run flows/customers.yaml

test: $(INSTALLED) $(CLI)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/mill metadata --check
	$(BIN)/mill lint
	$(BIN)/pytest --numprocesses 2 --dist worksteal

# A few minutes. A shorter run is part of make test.
chaos: $(INSTALLED)
	@$(BIN)/mill bench chaos --kills 200

setup: $(INSTALLED) $(CLI)

# Every package is pinned with its hash; uv, which is in the same file, installs them in seconds.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 run")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@grep -A99 '^uv==' requirements.lock | sed '/^ *# via/,$$d' > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# The real Windmill CLI, for mill metadata, mill lint and the deployment tests.
$(CLI): package.json package-lock.json
	@command -v npm > /dev/null || { echo "Node >= 20 with npm is needed for the Windmill CLI. Install it, then run make test again."; exit 3; }
	@npm ci --silent --no-audit --no-fund
	@touch $@

lock: $(INSTALLED)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra mill --extra test pyproject.toml --output-file requirements.lock
	$(BIN)/mill metadata --pin

clean:
	rm -rf $(VENV) node_modules .mill .mypy_cache .ruff_cache .pytest_cache .hypothesis
