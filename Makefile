# A thin front of cmake, ninja and the scripts; `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run build test bench lint fmt torture fuzz docs clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

setup: ## install what building needs (Debian packages, npm packages by the lock file)
	@scripts/setup.sh build

run: setup ## build, then serve with demo data and print the address
	@scripts/build.sh release minipulse
	@scripts/run.sh

build: setup ## build/release/minipulse and all tests
	@scripts/build.sh release

test: ## all tests: unit tests (plain, ASan+UBSan, TSan), black-box tests, fuzz corpora, lint
	@scripts/setup.sh build test lint
	@tests/run

bench: ## the numbers of docs/benchmarks.md, on this machine
	@scripts/setup.sh build bench
	@scripts/build.sh release
	@/usr/bin/python3 bench/run.py
	@/usr/bin/python3 bench/reports.py

lint: ## format, clang-tidy and the project's own rules
	@scripts/setup.sh build lint
	@scripts/lint.sh

fmt: ## format all C and C++ in place
	@scripts/setup.sh build lint
	@scripts/format.sh

torture: ## kill, stop, fill the disk, fuzz: the long rounds
	@scripts/setup.sh build test
	@scripts/build.sh release
	@/usr/bin/python3 tests/torture/torture.py --long
	@scripts/build.sh fuzz
	@scripts/fuzz.sh 60

fuzz: ## each fuzzer for FUZZ_SECONDS (default 10)
	@scripts/setup.sh build test
	@scripts/build.sh fuzz
	@scripts/fuzz.sh $${FUZZ_SECONDS:-10}

docs: build ## write the generated pages again
	@build/release/minipulse config --markdown > docs/config.md
	@build/release/minipulse indicators --markdown > docs/catalogue.md

clean: ## forget all builds
	@rm -rf build
