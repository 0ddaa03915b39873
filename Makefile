# SPDX-License-Identifier: MIT
#
# The only entry. Two commands do everything: `make run` and `make test`; `make help` lists the rest.
# What builds a part stands in that part's folder (*.mk); this file only names the goals.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BUILD := build
OUT   ?= out
JOBS  ?= $(shell nproc)
FOR   ?= 10m
SEED  ?= 1
QEMU  := $(BUILD)/qemu-system-arm
LOCKSTEP := $(BUILD)/lockstep

.DEFAULT_GOAL := help

# Parts that need fetched sources are built by a second make, once bootstrap has brought them.
STEP = $(MAKE) --no-print-directory -j$(JOBS)

## Install, build, then judge the compliant lock: every scenario, a verdict per provision, a report
.PHONY: run
run: bootstrap
	@$(STEP) all
	@$(LOCKSTEP) check --jobs $(JOBS) --out $(OUT)

## Test everything that can be tested; ends in `N passed, N failed`
.PHONY: test
test: bootstrap
	@$(STEP) all test-build
	@tools/run-tests $(BUILD) $(JOBS)

## Build everything (firmware, images, machine, orchestrator) without running it
.PHONY: build
build: bootstrap
	@$(STEP) all

## Boot every state that a loss of power can leave during an update, and after a second one
.PHONY: sweep
sweep: build
	@$(LOCKSTEP) sweep --depth 2 --torn each --jobs $(JOBS) --out $(OUT)/sweep
	@$(LOCKSTEP) sweep 5.9-resilience/power-cut-at-the-switch --rom $(BUILD)/firmware/rom-soft.bin \
	    --jobs $(JOBS) --out $(OUT)/sweep-soft
	@$(LOCKSTEP) sweep 5.3-updates/update-happy-path --axis read --jobs $(JOBS) --out $(OUT)/sweep-reads

## Draw stories of faults for FOR (10m) from SEED (1), and stop at the first that ends badly
.PHONY: explore
explore: build
	@$(LOCKSTEP) explore --for $(FOR) --seed $(SEED) --jobs $(JOBS) --out $(OUT)/explore

## Run every seeded defect against the scenario that names it: killed K of N, false alarms F
.PHONY: defects
defects: build
	@$(STEP) defect-firmware
	@$(LOCKSTEP) defects --jobs $(JOBS) --out $(OUT)/defects

## Plant the mistakes of tests/hunt in a copy of the firmware; each must be found, minimized, replayed
.PHONY: hunt
hunt: build
	@tools/hunt $(BUILD) --jobs $(JOBS)

## Measure, as ratios in one run; writes build/bench.json
.PHONY: bench
bench: build
	@tools/bench $(BUILD)

## Check the house rules: includes, names, banned calls, lists that must agree
.PHONY: tidy
tidy:
	@$(STEP) $(BUILD)/tidy
	@$(BUILD)/tidy

## Format the C sources in place
.PHONY: format
format:
	@git ls-files -z -- '*.c' '*.h' ':!vdevice/machine' | xargs -0 clang-format -i

## Say what is missing on this machine and the command that mends it
.PHONY: doctor
doctor:
	@tools/doctor

.PHONY: bootstrap
bootstrap:
	@tools/bootstrap all

## Remove what was built here (caches outside the tree stay)
.PHONY: clean
clean:
	rm -rf $(BUILD) $(OUT)

## Show this help
.PHONY: help
help:
	@awk '/^## /{text=substr($$0,4);next} /^\.PHONY/{next} /^[a-z][a-z-]*:/{if(text){sub(/:.*/,"");printf "  make %-10s %s\n",$$0,text};text=""}' $(firstword $(MAKEFILE_LIST))

.PHONY: all test-build
all:
test-build:

# The parts ask pkg-config about libraries, so they are read only where bootstrap has been.
ifneq ($(shell command -v pkg-config),)
-include mk/third_party.mk
-include vdevice/firmware/firmware.mk
-include images/defects/defects.mk
-include sim/sim.mk
-include tests/machine/machine.mk
-include tests/tests.mk
-include tools/tools.mk
endif
