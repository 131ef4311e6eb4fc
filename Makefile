# What one can do here: `make help`. Everything else a recipe needs is in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BUILD_FLAGS ?= --explicit-target-dependency-import-check error
RELEASE_FLAGS ?= -c release --static-swift-stdlib $(BUILD_FLAGS)
IMAGE ?= source-controller:dev
SWIFT_FILES := Package.swift Sources Tests Benchmarks

.PHONY: help deps build release run test test-asan test-tsan mutants fuzz lint format bench image docs install-manifests check-manifests

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install what building, running and testing need (Debian packages; needs root)
	@scripts/install-dependencies build run test

build: ## Build everything, tests included (debug)
	@scripts/install-dependencies build
	swift build --build-tests $(BUILD_FLAGS)

release: ## Build the two programs as they are shipped
	@scripts/install-dependencies build
	swift build $(RELEASE_FLAGS) --product source-controller
	swift build $(RELEASE_FLAGS) --product sourcectl

run: ## Show the whole thing at work: registry, controller and a sample (ONESHOT=1: check and end)
	@scripts/install-dependencies build run
	@scripts/run

test: ## Run every test
	@scripts/install-dependencies build run test
	@scripts/test

test-asan: ## Run every test under the address sanitizer
	@scripts/install-dependencies build run test
	@# The runner itself leaks a little; `make fuzz` looks for leaks of ours.
	@ASAN_OPTIONS=detect_leaks=0 scripts/test --sanitize=address --scratch-path .build/asan

test-tsan: ## Run every test under the thread sanitizer
	@scripts/install-dependencies build run test
	@scripts/test --sanitize=thread --scratch-path .build/tsan -Xswiftc -DTHREAD_SANITIZER

mutants: ## Switch each check of the signature verifier off in turn and show that a test notices
	@scripts/mutants

fuzz: ## Feed changed inputs to every reader of hostile documents (FUZZ_SECONDS=600 for each)
	@scripts/install-dependencies build
	@scripts/fuzz

lint: ## Check the formatting and the rules a machine can check
	@swift format lint --strict --recursive $(SWIFT_FILES)
	@scripts/lint

format: ## Format all Swift files
	@swift format --in-place --recursive $(SWIFT_FILES)

bench: ## Measure, print one table and write .build/benchmarks.json
	@scripts/install-dependencies build run bench
	@scripts/bench

image: ## Build the container image (needs a container engine)
	docker build --tag $(IMAGE) .

docs: ## Write the programs' flags into docs/flags.md and docs/cli.md
	@scripts/install-dependencies build
	@scripts/generate-docs

install-manifests: ## Render config/ into deploy/install.yaml
	@scripts/render-manifests > deploy/install.yaml.new
	@mv deploy/install.yaml.new deploy/install.yaml

check-manifests: ## Fail unless deploy/install.yaml is what config/ renders to
	@scripts/render-manifests | diff -u deploy/install.yaml - \
		|| { echo "deploy/install.yaml is stale: run 'make install-manifests'" >&2; exit 1; }
