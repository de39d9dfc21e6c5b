# Everything that CI does has a target here; `make check` runs it as CI does.
# `make help` lists the targets.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools are pinned here and built into .bin/, so that the product's own module
# graph stays free of them.
GOLANGCI_LINT_VERSION := v2.12.2
ACTIONLINT_VERSION    := v1.7.12
ACT_VERSION           := v0.2.89
# The real sops and age, which tests check keyplumb's reading against: of the
# versions that go.mod has of their libraries.
SOPS_VERSION = $(shell go list -m -f '{{.Version}}' github.com/getsops/sops/v3)
AGE_VERSION  = $(shell go list -m -f '{{.Version}}' filippo.io/age)

GOLANGCI_LINT := .bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
ACTIONLINT    := .bin/actionlint-$(ACTIONLINT_VERSION)
ACT           := .bin/act-$(ACT_VERSION)
SOPS           = .bin/sops-$(SOPS_VERSION)
AGE_KEYGEN     = .bin/age-keygen-$(AGE_VERSION)

# An independent server of AWS's APIs, and a client of them, in a virtual
# environment of Python.
MOTO := .bin/moto/bin/moto_server

# Tests that need more than Go are behind these build tags.
TAGS := act,gitlabci,realsops

# Descriptions are as long as they are, and none of these files needs a `---`.
YAMLLINT := {extends: default, rules: {line-length: disable, document-start: disable, truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}

# How long each fuzz target runs; `make fuzz FUZZTIME=1m` looks harder.
FUZZTIME := 10s

# install builds the command $(1) at version $(2) as the target's file.
install = mkdir -p .bin && GOBIN=$(CURDIR)/.bin go install $(1)@$(2) && mv .bin/$(notdir $(1)) $@

$(GOLANGCI_LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(GOLANGCI_LINT_VERSION))
$(ACTIONLINT):
	$(call install,github.com/rhysd/actionlint/cmd/actionlint,$(ACTIONLINT_VERSION))
$(ACT):
	$(call install,github.com/nektos/act,$(ACT_VERSION))
.bin/sops-%:
	$(call install,github.com/getsops/sops/v3/cmd/sops,$*)
.bin/age-keygen-%:
	$(call install,filippo.io/age/cmd/age-keygen,$*)

$(MOTO): testdata/servers/moto/requirements.txt
	python3 -m venv .bin/moto
	.bin/moto/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

.PHONY: help check build fmt tidy generate generated vet lint shell workflows test race fuzz bench image test-leaks test-sops test-servers test-clients test-action test-gitlab clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: ## everything that CI does, in CI's order
	.ci/run

build: ## the binary, as it is released: dist/keyplumb
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o dist/keyplumb ./cmd/keyplumb

fmt: ## no file that gofmt would change
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }

tidy: ## go.mod and go.sum are exact, modules are what they were
	go mod tidy -diff
	go mod verify

generate: ## write the generated files anew
	go generate ./...

generated: generate ## the generated files are up to date
	@test -z "$$(git status --porcelain -- docs README.md schemas)" || { git --no-pager diff --stat -- docs README.md schemas; git status --short -- docs README.md schemas; echo 'generated files are out of date: run make generate and commit'; exit 1; }

vet: ## go vet
	go vet -tags $(TAGS) ./...

# Its cache is this checkout's own: from another one's it takes that one's paths.
lint: $(GOLANGCI_LINT) ## golangci-lint, with the linters of .golangci.yml
	GOLANGCI_LINT_CACHE=$(CURDIR)/.bin/golangci-lint-cache $(GOLANGCI_LINT) run --build-tags $(TAGS) ./...

shell: ## shellcheck on every shell script
	shellcheck $$(git ls-files .ci '*.sh')

workflows: $(ACTIONLINT) ## actionlint on every example workflow, yamllint on all YAML
	$(ACTIONLINT) $$(git ls-files ':(glob)docs/examples/*.yml' 'testdata/action/workflow.yml')
	yamllint --strict --config-data '$(YAMLLINT)' $$(git ls-files '*.yml')

test: ## the tests; Go alone is enough
	go test ./...

race: ## the tests again, under the race detector
	go test -race ./...

fuzz: ## every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

bench: ## every benchmark, once
	go test -run '^$$' -bench . -benchtime 1x ./...

image: ## the Action's image and the one for GitLab's jobs, by buildah
	testdata/action/image.sh
	testdata/gitlab/image.sh

test-leaks: ## the leak suite with every fault at every request, of which the tests take one each
	KEYPLUMB_TEST_EVERY_FAULT=1 go test -count 1 -run '^TestNoValueIsShown$$' ./cmd/keyplumb

test-sops: ## files that the real sops and age made
	$(MAKE) --no-print-directory $(SOPS) $(AGE_KEYGEN)
	SOPS=$(CURDIR)/$(SOPS) AGE_KEYGEN=$(CURDIR)/$(AGE_KEYGEN) go test -tags realsops -count 1 -run '^TestRealSops' ./cmd/keyplumb ./sync/source/sops

test-servers: $(MOTO) ## real servers and independent ones for every vault: Vault, moto, Google's published service, a Key Vault's answers, kube-apiserver; the first builds take ten minutes
	KEYPLUMB_TEST_SERVERS=1 go test -count 1 -timeout 40m -run '^TestServers$$' -v ./sync/emulator/vault ./sync/emulator/gcp ./sync/source/azure ./sync/emulator/kubernetes
	KEYPLUMB_TEST_SERVERS=1 MOTO_SERVER=$(CURDIR)/$(MOTO) go test -count 1 -run '^TestServers' -v ./sync/emulator/aws ./cmd/keyplumb

test-clients: ## clients that nobody here wrote against the emulated GitHub, GitLab and Key Vault; needs Node 20 and Python 3
	KEYPLUMB_TEST_CLIENTS=1 go test -count 1 -run '^TestClients(ReadBack)?$$' -v ./sync/emulator/github/githubtest ./sync/emulator/gitlab ./sync/emulator/azure ./cmd/keyplumb

test-action: $(ACT) ## the Action, run by act against an emulated GitHub
	ACT=$(CURDIR)/$(ACT) testdata/action/run.sh

test-gitlab: ## the CI/CD component, run by gitlab-ci-local against an emulated GitLab, and its image; needs npm
	testdata/gitlab/image.sh
	testdata/gitlab/run.sh

clean: ## remove what the targets above built
	rm -rf .bin dist
