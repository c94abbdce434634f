# Two commands: `make run` for a city's first look, `make test` for everything that can be checked on this machine.
# `make help` lists the rest. Nothing is installed outside this folder but by `make servers`.

PYTHON    ?= python3
VENV      ?= .venv
PORT      ?= 8000
MQTT_PORT ?= 1883
DATA      ?= data
BIN       := $(VENV)/bin
PIP       := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
LOCK      := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
             --extra broker --extra grafana --extra js --extra kafka --extra postgres --group build

.DEFAULT_GOAL := help
.PHONY: help run test check servers bench bench-peer acceptance previews lock audit clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(VENV)/.run ## start everything on this machine: PORT=8000 MQTT_PORT=1883 DATA=data
	@exec $(BIN)/smartcity run --port $(PORT) --mqtt-port $(MQTT_PORT) --data "$(DATA)"

test: $(VENV)/.dev ## run every test this machine can run
	@$(BIN)/pytest --numprocesses 2 --dist worksteal

check: $(VENV)/.dev ## lint, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

servers: ## get the real servers that tests use
	@$(PYTHON) -m tests.servers.get

bench: $(VENV)/.dev ## measure speed on this machine: BENCH="--seconds 10 --store embedded" BOARDS="--share 0.1"
	@$(BIN)/python -m bench.run $(BENCH)
	@$(BIN)/python -m bench.decoders
	@$(BIN)/python -m bench.boards $(BOARDS)

bench-peer: $(VENV)/.dev ## measure ours and Telegraf in turn into one InfluxDB (needs Go)
	@$(BIN)/python -m bench.run peer $(BENCH)

acceptance: $(VENV)/.dev ## open every board in your Grafana, and let its alarms ring: GRAFANA=/usr/share/grafana
	@SMARTCITY_GRAFANA_HOME="$(abspath $(GRAFANA))" $(BIN)/pytest tests/acceptance $(ACCEPTANCE)

previews: $(VENV)/.dev ## draw the boards of a simulated week into docs/boards (needs InfluxDB)
	@$(BIN)/python -m tests.grafana.previews

audit: $(VENV)/.dev ## look the locked dependencies up in the vulnerability database
	@$(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/python -m pip --disable-pip-version-check install --quiet pip-audit==2.10.1
	@$(VENV)-audit/bin/pip-audit --strict --require-hashes --disable-pip -r requirements.lock

lock: ## write both lock files anew (needs uv)
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) --group dev pyproject.toml -o requirements-dev.lock

clean: ## remove the virtual environment and what tests left; DATA stays
	@rm -rf $(VENV) $(VENV)-audit .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*

# A stamp says which lock file the environment was made from; pip itself is not asked again until the lock changes.
$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies into $(VENV) (about a minute) …"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked development dependencies into $(VENV) (about a minute) …"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer, or name it with PYTHON=" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one with PYTHON=" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "no virtual environment can be made: install python3-venv" >&2; exit 2; }
