# The verbs.  What they do is in scripts/ and CMakeLists.txt.

PRESET ?= release
BUILD  := $(if $(filter release,$(PRESET)),build,build-$(PRESET))
PREFIX ?= /usr/local
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)

.PHONY: all dependencies environment build demo check test test-long bench bench-nets mutants install format help clean
all: dependencies build ## build build/xhat (installs what is missing)

dependencies: ## install the Debian packages that are missing
	@scripts/dependencies.sh

environment: # what only tests use
	@scripts/dependencies.sh --tests
	@scripts/python-environment.sh

build:
	@cmake --preset $(PRESET) $(if $(wildcard $(BUILD)/CMakeCache.txt),>/dev/null)
	@cmake --build --preset $(PRESET)

demo: all ## explain a batch; train with batch norm and without
	@scripts/demo.sh $(BUILD)/xhat

check: environment ## run every test: gcc, clang, sanitizers, bare build
	@scripts/check.sh

test: all environment ## test one build (PRESET=release debug asan tsan)
	@ctest --preset $(PRESET) -j $(CMAKE_BUILD_PARALLEL_LEVEL)

test-long: all ## kill and resume trainings fifty times; train longer
	@XHAT=$(BUILD)/xhat scripts/test_long.sh

mutants: all ## plant mistakes in the code; each must fail a test
	@scripts/mutants.py

bench: all ## time it beside other libraries (QUICK=1: a taste)
	@bench/run.py $(BUILD) $(if $(QUICK),--quick)

bench-nets: all ## time training steps beside PyTorch (QUICK=1: a taste)
	@bench/nets/steps_beside_torch.py $(BUILD) $(if $(QUICK),--quick)

install: build ## install into PREFIX (default /usr/local)
	@cmake --install $(BUILD) --prefix $(PREFIX)

format: ## clang-format every C file
	@git ls-files '*.c' '*.h' '*.inc' | xargs clang-format -i

clean: ## remove the build folders
	@rm -rf build build-*

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24
