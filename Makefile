# What a person types; everything else is in plugin/build and host-test.

SOURCES := $(shell find plugin schema -name '*_test.go' -prune -o -type f \( -name '*.go' -o -name '*.c' -o -name '*.json' \) -print) go.mod go.sum
TOOLCHAIN := $(shell find plugin/build -type f)
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
INSPECTOR := .tools/inspector/node_modules/.bin/mcp-inspector --cli .tools/host-test serve --fake
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
SHELL_FILES = $(shell grep -rlE '^(#!/usr/bin/env bash|. shellcheck shell=bash)' .ci .github plugin $(wildcard host-test/*/*.sh))
REQUIRE := @plugin/build/require.sh
STEP := @plugin/build/step.sh

# The steps of a target, which are announced with their number in the order in which they come: [2/4].
build-steps := packages tinygo plugin
steps-build := $(build-steps)
steps-plugin := $(build-steps)
steps-demo := $(build-steps) demo
steps-test := browser $(build-steps) plugin-go tests
steps-check := vet shellcheck linters staticcheck $(steps-test)
steps-conformance := node python $(build-steps) conformance
steps-mcp-inspector := node $(build-steps) inspector-install inspector
steps-mcp-conformance := node $(build-steps) mcp-conformance-install
steps-dist := node mcpb-install $(build-steps) dist
once = $(if $1,$(firstword $1) $(call once,$(filter-out $(firstword $1),$1)))
export STEPS := $(call once,$(foreach goal,$(MAKECMDGOALS),$(steps-$(goal))))

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 24

build: dist/plugin.wasm ## build the plugin with TinyGo, which is built when it is missing

build-go: dist/plugin-go.wasm ## build the same source with the standard toolchain

plugin: build
plugin-go: build-go

dist/plugin.wasm: $(SOURCES) $(TOOLCHAIN)
	@plugin/build/build.sh $@

dist/plugin-go.wasm: $(SOURCES)
	@mkdir -p dist
	$(STEP) plugin-go "compiling the plugin with the standard toolchain" \
		env GOOS=wasip1 GOARCH=wasm go build -trimpath -ldflags='-s -w' -buildmode=c-shared -o $@ ./plugin

demo: dist/plugin.wasm ## send messages of every type to a fake robot and show what the group sees
	$(STEP) demo "compiling the demo and running it" go run ./host-test demo

# Go prints a package's result when all before it have theirs; backwards, the slowest is not the first.
test: browser dist/plugin.wasm dist/plugin-go.wasm ## run all tests, against both builds
	$(STEP) tests "compiling the tests and running them" sh -c 'go test $$(go list ./... | sort -r)'

browser: # the tests of the page need it; the compiler takes long, so what cannot be installed is told first
	$(REQUIRE) browser curl python

check: fmt-check vet lint test ## what CI runs

dist: .tools/mcpb ## make everything that a release holds, under dist/
	@plugin/build/build.sh dist/plugin.wasm
	$(STEP) dist "compiling the command for every platform, and making a release" \
		go run ./host-test/release dist --mcpb .tools/mcpb/node_modules/.bin/mcpb

.tools/mcpb:
	$(REQUIRE) node
	$(STEP) mcpb-install "installing the checker of desktop bundles with npm" \
		npm install --no-fund --no-audit --prefix $@ @anthropic-ai/mcpb@2.1.2

LAYOUT := dist/oci

push: ## push what make dist made: make push REF=registry/name:tag, and with LAYOUT=dist/oci-server the server
	@test -n "$(REF)" || { echo "say where to: make push REF=registry/name:tag"; exit 1; }
	@go run ./host-test/release push --layout "$(LAYOUT)" "$(REF)"

rename: ## give the Go module the path of its repository, once: make rename REPO=github.com/owner/name
	@test -n "$(REPO)" || { echo "say which: make rename REPO=github.com/owner/name"; exit 1; }
	@go run ./host-test/release rename "$(REPO)"

conformance: node-and-python dist/plugin.wasm ## run the scenarios in every Extism SDK, which are installed on the way
	$(STEP) conformance "compiling the conformance test and running it" go run ./host-test/conformance

node-and-python:
	$(REQUIRE) node python

conformance-hyper-mcp: dist/plugin.wasm ## the same in hyper-mcp, which takes twenty minutes to build; HYPER_MCP=/path uses one that is there
	go run ./host-test/conformance --runners

mcp-inspector: dist/plugin.wasm .tools/inspector ## list and call the tools with the MCP Inspector's command line
	$(STEP) inspector "compiling the server and asking it" go build -o .tools/host-test ./host-test
	$(INSPECTOR) --method tools/list --strict
	$(INSPECTOR) --method tools/call --tool-name send_text_message --tool-arg text=hello
	$(INSPECTOR) --method tools/call --tool-name send_markdown_message --tool-arg title=t --tool-arg 'text=# hello'

.tools/inspector:
	$(REQUIRE) node
	$(STEP) inspector-install "installing the MCP Inspector with npm" \
		npm install --no-fund --no-audit --prefix $@ @modelcontextprotocol/inspector@2.12.0

mcp-conformance: dist/plugin.wasm .tools/mcp-conformance ## run the official MCP conformance suite against serve --http
	go build -o .tools/host-test ./host-test
	host-test/conformance/mcp-suite.sh .tools/host-test .tools/mcp-conformance/node_modules

# The suite needs Node.js 22, which the package node brings.
.tools/mcp-conformance:
	$(REQUIRE) node
	$(STEP) mcp-conformance-install "installing the MCP conformance suite with npm" \
		npm install --no-fund --no-audit --prefix $@ @modelcontextprotocol/conformance@0.1.16 node@22.23.3

fuzz: dist/plugin.wasm ## fuzz everything that reads foreign input, a minute each
	@set -e; for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime 60s $$package; \
		done; \
	done

bench: dist/plugin.wasm dist/plugin-go.wasm ## measure; PEERS='a.wasm b.wasm' and SERVERS='name=command; name=command' add others
	PEERS='$(PEERS)' SERVERS='$(SERVERS)' go test ./host-test/e2e -run '^TestBench' -bench.rounds 15 -bench.time 200ms -timeout 0 -v

soak: dist/plugin.wasm ## a million hostile calls and a million ordinary ones, with faults, traps and little memory
	go test ./host-test/e2e -run 'TestSoak|TestMemoryStable' -soak 1000000 -timeout 0 -v

fmt: ## format all Go files
	gofmt -w plugin schema host-test

fmt-check:
	@test -z "$$(gofmt -l plugin schema host-test)" || { echo "run make fmt, which formats:"; gofmt -l plugin schema host-test; exit 1; }

vet:
	$(STEP) vet "running go vet" go vet ./...
	GOOS=wasip1 GOARCH=wasm go vet ./plugin/...

lint: shellcheck .tools/staticcheck .tools/actionlint
	shellcheck -x $(SHELL_FILES)
	$(STEP) staticcheck "running staticcheck" .tools/staticcheck ./...
	GOOS=wasip1 GOARCH=wasm .tools/staticcheck -checks=inherit,-U1000 ./plugin/... # it does not know that exports are used
	.tools/actionlint .github/workflows/*.yml

shellcheck:
	$(REQUIRE) shellcheck

.tools/actionlint: Makefile
	$(STEP) linters "compiling actionlint" env GOBIN=$(CURDIR)/.tools go install $(ACTIONLINT)

.tools/staticcheck: Makefile
	$(STEP) linters "compiling staticcheck" env GOBIN=$(CURDIR)/.tools go install $(STATICCHECK)

# extism/go-pdk's list of versions is not served everywhere; -e goes on without it and names it.
outdated: ## list the modules of go.mod that have a newer version
	@go list -m -e -u -f '{{if .Update}}{{.Path}} {{.Version}}, newest {{.Update.Version}}{{else if .Error}}{{.Path}} {{.Version}}, unknown{{end}}' \
		$$(go mod edit -json | sed -n '/"Require"/,/^	]/s/.*"Path": "\(.*\)",/\1/p')

clean: ## remove what was built here, not the TinyGo outside
	rm -rf dist .tools

.PHONY: help build build-go plugin plugin-go demo test browser check shellcheck dist push rename conformance node-and-python conformance-hyper-mcp mcp-inspector mcp-conformance fuzz bench soak fmt fmt-check vet lint outdated clean
