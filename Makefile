# Everything a person does with this repository, one target each: `make help` explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
ENV_STAMP := $(VENV)/.attune-setup
WIRE_STAMP := attune_wire/.made
PROTO := $(wildcard proto/attune_wire/v1/*.proto)
SCRIPTS := .ci/run $(wildcard deploy/*/*.sh)
BENCHES := $(filter-out __init__ table echo score_series,$(basename $(notdir $(wildcard tests/bench/*.py))))

# Arguments handed on: make test TESTS="tests/unit -k clock", make demo DEMO="--headless --report report.json"
TESTS ?=
DEMO ?=

.PHONY: help setup proto lint type test demo assets bench vllm-env lock doctor screenshots compose-check compose-smoke clean

help: ## Show what can be made
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-15s %s\n", $$1, $$2 }'

setup: $(ENV_STAMP) $(WIRE_STAMP) ## Check the machine, make .venv with the locked packages, generate the protocol

$(ENV_STAMP): requirements/dev.txt pyproject.toml deploy/setup/check.sh
	@python=$$(deploy/setup/check.sh .) && { [ -x $(BIN)/python ] || "$$python" -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(MAKE) --no-print-directory proto
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@echo "Compiling the engine, once per version: about half a minute ..."
	@$(BIN)/python -m threshold_service.warming
	@touch $@

proto: $(WIRE_STAMP) ## Generate attune_wire/ from proto/

$(WIRE_STAMP): $(PROTO) | $(BIN)/python
	@mkdir -p attune_wire/v1
	$(BIN)/python -m grpc_tools.protoc -I proto --python_out=. --grpc_python_out=. --pyi_out=. $(PROTO)
	@for folder in attune_wire attune_wire/v1; do \
	  echo '"""Generated from proto/ by make proto; not committed."""' > $$folder/__init__.py; done
	@touch $@

$(BIN)/python:
	@$(MAKE) $(ENV_STAMP)

assets: setup ## Bring the default models and the demo clip here; lists what cannot be had
	@$(BIN)/attune assets pull

demo: setup ## Play the demo clip through the whole line and open a page; Ctrl-C ends it
	@$(BIN)/attune assets pull || echo "Going on without what is missing: it costs only the senses that need it."
	$(BIN)/attune demo $(DEMO)

test: setup ## Run every test; make test TESTS="tests/unit -k clock" runs some
	@command -v chromium >/dev/null || echo "No chromium: browser tests are skipped. 'apt-get install chromium fonts-dejavu-core' runs them."
	@/usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0")' 2>/dev/null || echo "No RTSP server: the tests of a camera are skipped. 'apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good' runs them."
	@deploy/setup/vllm_env.sh --where >/dev/null 2>&1 || echo "No vLLM: the tests of a real model's server are skipped. 'make vllm-env' makes one (3 GB)."
	$(BIN)/python -m pytest $(TESTS)

lint: setup ## Style, import rules, shell scripts and container files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/shellcheck $(SCRIPTS)

type: setup ## Types: strict in the pure rooms, the vocabulary and the runtime
	$(BIN)/mypy

bench: $(BENCHES:%=bench-%) ## Measure every room beside a peer; make bench-NAME measures one
	@[ -n "$(BENCHES)" ] || { echo "There is no bench yet: tests/bench holds none." >&2; exit 1; }

bench-%: setup
	$(BIN)/python -m tests.bench.$*

doctor: setup ## Look this machine over: models, ports, disk, database, Redis; each finding says what to do
	@$(BIN)/attune doctor

screenshots: setup ## Take the pictures of docs/images from a running demo (needs chromium)
	$(BIN)/python deploy/screenshots.py docs/images

compose-check: setup ## Check docker-compose.yml and every Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml deploy/smoke/compose.yml $(wildcard deploy/vllm/*.yml)
	$(BIN)/hadolint $(wildcard deploy/*/*.Dockerfile)

compose-smoke: setup ## Build the images, bring the cpu profile up and wait for a verified alert
	PATH="$(CURDIR)/$(BIN):$$PATH" deploy/smoke/smoke.sh

vllm-env: ## Make the environment with a real vLLM for CPUs, once per version: tests marked vllm and bench-vlm use it
	@deploy/setup/vllm_env.sh

lock: setup ## Write requirements/ and THIRD_PARTY.md anew from pyproject.toml
	deploy/setup/lock.sh $(BIN)/uv
	$(BIN)/python deploy/setup/third_party.py

clean: ## Remove everything that make made, the virtual environment included
	rm -rf $(VENV) attune_wire build dist var *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
