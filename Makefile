# The two commands most people need: `make run` and `make test`.

SHELL := /bin/sh
# Kept outside the checkout, so that a fresh clone builds warm.
export AIRELAY_CACHE ?= $(HOME)/.cache/airelay
export CARGO_TARGET_DIR ?= $(AIRELAY_CACHE)/target

.PHONY: run build ui test lint unit e2e bench train setup setup-test help

help: ## shows this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: build ## builds everything and starts airelay on http://127.0.0.1:8092
	$(CARGO_TARGET_DIR)/release/airelay serve

build: setup ui ## builds the release program with its web pages
	cargo build --release --locked --bin airelay

setup: ## installs what building needs
	scripts/setup run

setup-test: ## installs what building and testing need
	scripts/setup test

ui: setup ## builds the web pages
	scripts/build-ui

test: setup-test ui ## runs every test and lint
	scripts/test

lint: setup-test ui ## formatting, clippy, svelte-check, eslint
	scripts/lint

bench: build ## measures; prints ratios and figures, asserts nothing
	scripts/bench

train: ## trains the built-in detector (hours; see training/README.md)
	training/train.sh
