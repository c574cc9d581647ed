# make            builds ./cradle
# make sync       builds it and syncs the phone on the cable
# make test       the whole fast suite
# make help       the rest

SHELL := /bin/bash
.DEFAULT_GOAL := build

# Where an unpacked Go usually lies, for a shell that doesn't have it in PATH yet.
export PATH := $(PATH):/usr/local/go/bin

GO ?= go
FUZZTIME ?= 10s
SEEDS ?= 20000
REACH ?= 10m
BENCHTIME ?= 1s
# When a package's tests are taken to hang: the whole suite's are done in less than half of it
# where nothing else runs.
TIMEOUT ?= 10m
ARGS ?=

GOLANGCI := v2.15.0
LINTER := .cache/bin/golangci-lint-$(GOLANGCI)
NFPM ?= v2.43.0
NFPM_BIN = .cache/bin/nfpm-$(NFPM)

# A checkout of another user's has no version to stamp: git refuses to look into it.
VCS = $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## install what building needs (asks first)
	@scripts/setup

.PHONY: build
build: setup ## build ./cradle
	@$(GO) build -buildvcs=$(VCS) -o cradle .

.PHONY: sync
sync: build ## sync the phone on the cable, or a virtual one where there is none
	@scripts/sync $(ARGS)

.PHONY: test
test: setup ## the whole fast suite: no cable, no root, no network
	$(GO) test -timeout $(TIMEOUT) ./...

.PHONY: accept
accept: setup ## the acceptance suite with nothing left out: every cut, every kill (half an hour)
	CRADLE_ACCEPT=all $(GO) test -timeout 2h ./hwtest/acceptance $(ARGS)

.PHONY: sim
sim: setup ## SEEDS (20000) simulated histories of all kinds of participants, each run twice
	@GOGC=400 $(GO) test -timeout 4h ./engine/enginetest -run TestSimulation -v -sim $(SEEDS) $(ARGS) # much garbage, little of it lasting

.PHONY: exhaust
exhaust: setup ## all that can happen to three replicas, as deep as REACH (10m) a world
	$(GO) test -timeout 24h ./engine/enginetest -run TestExhaustive -v -exhaust $(REACH) $(ARGS)

.PHONY: mutants
mutants: setup ## break each rule of the engine once: its test has to fail (ARGS='-j 4 PATTERN')
	@$(GO) run ./scripts/mutants $(ARGS)

.PHONY: race
race: setup ## the fast suite under the race detector
	$(GO) test -race -timeout 20m ./...

.PHONY: vet
vet: setup ## go vet, with and without the USB stack
	$(GO) vet ./...
	$(GO) vet -tags nousb ./...

.PHONY: format
format: setup ## gofmt has nothing to change
	@out=$$(git ls-files -z '*.go' | xargs -0 gofmt -l -s) && [ -z "$$out" ] || \
		{ echo "gofmt -s -w would change:"; echo "$$out"; exit 1; }

.PHONY: lint
lint: $(LINTER) ## the linters of .golangci.yml (the first time builds them: a minute)
	$(LINTER) run

# go install with the version in the path gives each version a file of its own.
$(LINTER):
	@echo "building golangci-lint $(GOLANGCI) into .cache/bin"
	@mkdir -p .cache/bin
	@GOBIN=$(CURDIR)/.cache/bin GOFLAGS= $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@mv .cache/bin/golangci-lint $@

.PHONY: check
check: format vet lint test race ## everything before a change goes out

.PHONY: fuzz
fuzz: setup ## each fuzz target for FUZZTIME (10s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz $(ARGS)

.PHONY: fidelity
fidelity: setup ## what is lost of real programs' files (nothing), into docs/fidelity.md; wants the corpus
	$(GO) run ./hwtest/fidelity $(ARGS)

.PHONY: bench
bench: build ## the whole program on 10,000 contacts, against its floors; then the packages' benchmarks, and USB in the VM
	$(GO) run ./hwtest/bench -cradle ./cradle
	$(GO) run ./hwtest/bench -cradle ./cradle -peers
	$(GO) run ./hwtest/bench -formats
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...
	CRADLE_VM_RATE=1 CRADLE_VM_TIMEOUT=2h hwtest/lab/run-suite -run TestSpeed || [ $$? = 3 ]

.PHONY: compat
compat: setup ## other people's MTP programs on our virtual phone, in the virtual machine; docs/compatibility.md
	@CRADLE_COMPAT=$${CRADLE_COMPAT:-check} CRADLE_VM_TIMEOUT=2h hwtest/lab/run-suite -run TestCompatibility $(ARGS)

.PHONY: vmtest
vmtest: setup ## the real USB stack and other people's phones, in a virtual machine (built the first time)
	@hwtest/lab/run-suite $(ARGS)

.PHONY: man
man: setup ## man pages into dist/man
	@mkdir -p dist/man
	$(GO) run -tags man ./scripts/man dist/man

# nfpm is built with the version in its name, as the linter is.
$(NFPM_BIN):
	@echo "building nfpm $(NFPM) into .cache/bin"
	@mkdir -p .cache/bin
	@GOBIN=$(CURDIR)/.cache/bin GOFLAGS= $(GO) install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM)
	@mv .cache/bin/nfpm $@

.PHONY: package
package: build man $(NFPM_BIN) ## .deb and .rpm into dist
	@rm -rf dist/package
	$(GO) run ./scripts/package dist/package ./cradle dist/man
	@for kind in deb rpm; do \
		VERSION=$$(./cradle --version | sed 's/.* //') ARCH=$$($(GO) env GOARCH) $(NFPM_BIN) package -f packaging/nfpm.yaml -p $$kind -t dist || exit; \
	done

.PHONY: clean
clean: ## remove what was built here
	rm -rf cradle dist .cache
