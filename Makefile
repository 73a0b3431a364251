.DEFAULT_GOAL := help
SHELL := bash

# Arguments for cargo test, for example: make test ARGS='--test convergence'
ARGS ?=
# Integration tests that need no control plane; `make check` runs them too.
FAST_TESTS ?= cel_rules cloud_classify cloud_client cloud_decode cloud_encode crds docs layering parser_properties signing simulation simulator

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: check
check: ## the fast loop: format, lints, unit tests (under two minutes when warm)
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo test --lib --bins $(addprefix --test ,$(FAST_TESTS))

.PHONY: test
test: ## everything, against a real control plane (its first build takes about 7 minutes on 2 cores)
	@bin=$$(deploy/local/build.sh) && set -x && \
	cargo build --release && \
	SIMULATION_VARIANTS=24 SIMULATION_SINGLES=24 SIMULATION_PAIRS=0 SIMULATION_RANDOM=12000 \
		cargo test --release --test simulation -- --nocapture && \
	cargo test --release --test mutation -- --ignored --nocapture && \
	cargo test --release --test simulator rates -- --ignored --nocapture && \
	DLI_OPERATOR_LOCAL_BIN="$$bin" cargo test $(ARGS)

.PHONY: soak
soak: ## the long searches, 100 chaos rounds and a minute of fuzzing each parser: a night (SCHEDULES=10000000, CHAOS_ROUNDS=100)
	@bin=$$(deploy/local/build.sh) && set -x && \
	cargo build --release && \
	SIMULATION_SINGLES=1 SIMULATION_PAIRS=64,1 SIMULATION_RANDOM=$${SCHEDULES:-10000000} \
		cargo test --profile soak --test simulation -- --nocapture && \
	MUTANTS_ALL=1 MUTANTS_VARIANTS=16 MUTANTS_RANDOM=20000 cargo test --release --test mutation -- --ignored --nocapture && \
	DLI_OPERATOR_LOCAL_BIN="$$bin" CHAOS_ROUNDS=$${CHAOS_ROUNDS:-100} cargo test --test chaos -- --nocapture && \
	fuzz/run

.PHONY: bench
bench: ## calls, writes, memory and times beside their budgets (N="100 1000 10000", COMPARE=FILE, OUT=FILE)
	@bin=$$(deploy/local/build.sh) && program=$$(deploy/image/program.sh) && set -x && \
	DLI_OPERATOR_LOCAL_BIN="$$bin" DLI_OPERATOR_BIN="$$program" BENCH_N="$(N)" BENCH_COMPARE="$(COMPARE)" \
		BENCH_OUT="$(OUT)" cargo bench --bench operator

.PHONY: image
image: ## an image of the program as it is shipped, in target/image/dli-operator.tar (OCI layout, no container engine needed)
	@deploy/image/build.sh

.PHONY: demo
demo: ## a control plane, the DLI simulator and the operator: queues and a connection turn Ready (ONCE=1, CONTEXT=name)
	@deploy/local/demo.sh

.PHONY: dev
dev: ## a control plane and the DLI simulator to work against; stays until Ctrl-C
	@deploy/local/dev.sh

.PHONY: crds
crds: ## write crds/ anew from the types in src/api
	cargo run --quiet -- crds --output-dir crds

.PHONY: clean-local
clean-local: ## remove the cached control plane programs
	rm -rf "$${DLI_OPERATOR_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/dli-operator}/local"
