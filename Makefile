# `make help` lists what there is. Everything lives in .venv; nothing is installed on the machine but, as root, what Debian leaves out of Python.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PARTS := $(wildcard sql streams dashboard forecasting) launch.py launch_demo.py
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.PHONY: help demo services test lint format bench soak install screenshots lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

demo: $(VENV)/run.stamp ## everything: servers, a simulated city, the dashboard; prints its address, Ctrl-C ends it
	@exec $(RUN) launch.py demo

services: $(VENV)/run.stamp ## only the embedded Postgres and Kafka, for every other command
	@exec $(RUN) launch.py services

test: $(VENV)/dev.stamp ## every test: unit, property, integration on a real Kafka and Postgres, fault, browser
	@CHROMIUM="$$(.ci/browser $(RUN))" && export CHROMIUM && \
	$(RUN) -m pytest -m "not browser and not alone" --numprocesses 3 --dist loadfile && \
	$(RUN) -m pytest -m browser --numprocesses 2 --dist loadfile && \
	exec $(RUN) -m pytest -m alone

lint: $(VENV)/dev.stamp ## ruff and mypy --strict, and known vulnerabilities of what is pinned
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy $(PARTS)
	@$(RUN) .ci/audit $(VENV)/bin/pip-audit requirements.txt

format: $(VENV)/dev.stamp ## ruff's own mends and layout
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

bench: $(VENV)/dev.stamp .venv-bench/run.stamp ## the measured figures of the README, side by side; NAMES="walls surge faults scale bad_input" the long ones
	@CHROMIUM="$$(.ci/browser $(RUN))" && export CHROMIUM && exec $(RUN) -m tests.bench $(NAMES)

soak: $(VENV)/dev.stamp ## a wall in a browser at ten times the usual rate for HOURS=2: does anything grow?
	@CHROMIUM="$$(.ci/browser $(RUN))" && export CHROMIUM && exec $(RUN) -m tests.bench.soak --hours $(or $(HOURS),2)

screenshots: $(VENV)/dev.stamp ## the pictures of the README
	@CHROMIUM="$$(.ci/browser $(RUN))" && export CHROMIUM && exec $(RUN) -m tests.e2e.screenshots

install: $(VENV)/dev.stamp ## the environment in .venv, from the pinned requirements

$(VENV)/run.stamp: requirements.txt .ci/environment
	@.ci/environment "$(PYTHON)" $(VENV) requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@.ci/environment "$(PYTHON)" $(VENV) requirements-dev.txt
	@touch $@

.venv-bench/run.stamp: requirements-bench.txt .ci/environment
	@.ci/environment "$(PYTHON)" .venv-bench requirements-bench.txt
	@touch $@

lock: $(VENV)/dev.stamp ## pin anew what pyproject.toml names, and the embedded Kafka (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group bench -o requirements-bench.txt
	$(RUN) -m streams.jars

clean: ## the environment and what was fetched; the data in .city311 stays
	rm -rf $(VENV) .venv-bench .cache
