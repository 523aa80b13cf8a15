# The project's habits. `make` prints the list.

MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Linking is much of a rebuild. The same flags everywhere, so that nothing is built twice.
ifeq ($(origin RUSTFLAGS),undefined)
ifneq ($(shell command -v mold),)
export RUSTFLAGS := -Clink-arg=-fuse-ld=mold
endif
endif

CONFIG ?= config/calderdale
DEMO ?= 1
DEMO_FLAG := $(if $(filter-out 0 no false,$(DEMO)),--demo)
DEMO_DATA := .frontdoor

.PHONY: help run test lint fmt fuzz bench docs clean-demo

help: ## print this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

run: ## start the gateway with demonstration data (DEMO=0: empty) on http://localhost:8080
	@command -v cargo >/dev/null || { echo 'make run needs a Rust toolchain: install one with rustup.' >&2; exit 1; }
	@scripts/install-missing front-end
	@mkdir -p $(DEMO_DATA)
	@FRONTDOOR_DATABASE_URL="$${FRONTDOOR_DATABASE_URL:-sqlite:$(DEMO_DATA)/frontdoor.db}" \
		cargo run --quiet -- serve $(DEMO_FLAG) --config $(CONFIG)

test: ## install what is missing, check the style, run the whole suite on private services, fuzz for seconds
	@scripts/install-missing all
	@$(MAKE) lint
	cargo nextest run --no-run
	scripts/with-services cargo nextest run --profile ci
	scripts/fuzz 5

lint: ## format check and clippy, warnings denied
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --all-targets -- -D warnings

fmt: ## format the code
	cargo fmt
	cargo fmt --manifest-path fuzz/Cargo.toml

SECONDS_EACH ?= 60
fuzz: ## fuzz each decoder and all adapters for SECONDS_EACH (60)
	scripts/fuzz $(SECONDS_EACH)

bench: ## measure speeds beside their aims, on private services
	@scripts/install-missing services tools bench front-end
	scripts/with-services cargo bench

docs: ## build the code's documentation, warnings denied
	@scripts/install-missing front-end
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items

clean-demo: ## forget the demonstration's data
	rm -rf $(DEMO_DATA)
