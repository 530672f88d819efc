# The only list of commands.
.PHONY: help build run serve test check fmt lint unit doc conformance browser test-browser failover bench bench-report profile bench-check benches bench-ledger torture clients samples mail otlp stripe fuzz-api train

CARGO ?= cargo
# Release builds lay the binary out by what it did when `make profile` last recorded it: an eighth less processor time a
# request. What has changed since, or never ran, is built as without it.
PROFILED := RUSTFLAGS="$(strip $(RUSTFLAGS) -Cprofile-use=$(CURDIR)/data/release.profdata -Cllvm-args=-no-pgo-warn-mismatch)" $(CARGO)
# Recorded provider traffic for `make conformance`.
WIRE ?= ../shared/wire
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Programs beside the router have workspaces of their own.
TOOLS := --target-dir $(TARGET)/tools --locked --manifest-path
BENCH := tools/bench/Cargo.toml
INSTRUCTIONS := tools/instructions/Cargo.toml

help: ## What can be done
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

build: ## Build the release binary, target/release/model-router
	$(PROFILED) build --release --locked --bin model-router

run: ## Build in release mode and serve with simulated providers on 127.0.0.1:8080: no keys, no network
	$(PROFILED) run --release --locked -- serve --sandbox

serve: ## Build in release mode and serve with the providers whose keys are in the environment
	$(PROFILED) run --release --locked -- serve

test: fmt lint unit doc bench-check conformance browser ## Everything: format, clippy, unit, golden, property, integration and doc tests

fmt: ## Is everything formatted?
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path $(BENCH)
	$(CARGO) fmt --check --manifest-path $(INSTRUCTIONS)

lint: ## Clippy, warnings are errors
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy $(TOOLS) $(BENCH) --all-targets -- -D warnings
	$(CARGO) clippy $(TOOLS) $(INSTRUCTIONS) --bins --tests -- -D warnings

unit: ## Unit, golden, property and integration tests
	$(CARGO) test --locked --lib --bins --test it
	$(CARGO) test $(TOOLS) $(BENCH)

doc: ## Doc tests, and docs that build
	$(CARGO) test --locked --doc
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

check: ## Does it compile?
	$(CARGO) check --locked --all-targets

conformance: ## Replay recorded provider traffic through the binary: make conformance WIRE=DIR
	@if [ -d "$(WIRE)" ]; then WIRE="$(abspath $(WIRE))" $(CARGO) test --locked --test conformance; \
	else echo "conformance: no recordings at $(WIRE), left out; WIRE=DIR names them"; fi

browser: ## The pages in headless Chromium, where it and the packages are installed
	@tests/browser/run.sh --if-installed

test-browser: ## The same, packages installed first (needs Debian's chromium, node and the npm registry)
	@tests/browser/run.sh

failover: ## Sixteen failover scenarios with a scorecard, and runs under load; FAILOVER=full for full timings
	$(PROFILED) test --locked --release --test failover

bench: build ## The router beside nginx, no gateway, and PEERS=litellm,portkey: writes docs/performance.md; ROUNDS=1 SUITE=short for a look
	$(CARGO) build --release $(TOOLS) $(BENCH)
	ROUNDS="$(ROUNDS)" SUITE="$(SUITE)" PEERS="$(PEERS)" PAGE="$(PAGE)" \
		$(TARGET)/tools/release/model-router-bench $(TARGET)/release/model-router "$(CURDIR)"

bench-report: ## docs/performance.md anew from the last results of make bench
	$(CARGO) build --release $(TOOLS) $(BENCH)
	PAGE="$(PAGE)" $(TARGET)/tools/release/model-router-bench $(TARGET)/release/model-router "$(CURDIR)" --report

profile: ## Record anew what release builds are laid out by: data/release.profdata (needs llvm-profdata)
	tools/profile/run.sh

bench-check: ## Instructions of the hot paths under callgrind, at most 5 % over the baseline; BLESS=1 writes it anew
	@if command -v valgrind >/dev/null; then \
		$(CARGO) test --release $(TOOLS) $(INSTRUCTIONS) && \
		$(CARGO) build --release $(TOOLS) $(INSTRUCTIONS) && \
		$(TARGET)/tools/release/instructions $(if $(BLESS),bless,check) benches/instructions.toml; \
	else echo "bench-check: valgrind is not installed, left out"; fi

benches: ## Criterion benchmarks of parsing, counting, routing, translation and the ledger's rules
	$(CARGO) bench --locked --bench pieces --bench wire --bench context --bench routing --bench classify

bench-ledger: ## What the ledger holds on this disk, each figure beside its target
	$(CARGO) bench --locked --bench ledger

torture: ## The ledger's long runs: 200 kills under load, ten races, a million random commands
	$(PROFILED) test --release --locked --lib --test it -q torture -- --ignored --nocapture --test-threads=1

clients: ## The official openai packages of PyPI and npm against the sandbox (needs their registries)
	tests/clients/run.sh

samples: ## The docs' samples that need packages of PyPI and npm, against the sandbox (needs their registries)
	tests/clients/samples.sh

mail: ## Sign in through a real SMTP server, aiosmtpd of PyPI (needs its registry)
	tests/clients/mail.sh

otlp: ## Spans and metrics through a real OTLP collector, rotel of PyPI (needs its registry)
	tests/clients/otlp.sh

stripe: ## Deposits through localstripe of PyPI, a double of Stripe that others wrote (needs its registry)
	tests/clients/stripe.sh

fuzz-api: ## Ask every operation of /openapi.json with schemathesis of PyPI (needs its registry)
	tests/clients/fuzz_api.sh

train: ## Train the classifier of auto: make train DATA=DIR, with train.jsonl and dev.jsonl (needs PyPI once; tools/train/README.md)
	tools/train/run.sh "$(DATA)"
