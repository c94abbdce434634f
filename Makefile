# Two commands: `make run` for a city's first look, `make test` for everything that can be checked here.
# `make help` lists the rest.

PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
PORT    ?= 8000
DATA    ?= data

.PHONY: help run test check servers lock audit clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

servers: ## get the real servers that tests lean on; says what could not be had and why
	@$(PYTHON) -m tests.servers.get
