# Everything goes through here; `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help

export PATH := $(CURDIR)/bin/tools:$(PATH)

STATE  ?= $(CURDIR)/.ibutsu
LISTEN ?= :8080
ARGS   ?=
ROUNDS ?= 100

PYTHON  := bin/venv/bin/python
GOBUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w'

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: ## Build, and serve Ibutsu on :8080 with its worker, scheduler and PostgreSQL (LISTEN=, STATE=)
	@scripts/prepare up
	@$(MAKE) --no-print-directory page bin/ibutsu
	@exec bin/ibutsu up --state '$(STATE)' --listen '$(LISTEN)'

DEV_LISTEN ?= 127.0.0.1:8080
DEV_PAGE   ?= 127.0.0.1:5173
.PHONY: dev
dev: ## Work on Ibutsu: a changed source is served by itself, of the server and of the page (DEV_LISTEN=, DEV_PAGE=)
	@scripts/prepare up
	@$(MAKE) --no-print-directory page
	@mkdir -p bin && go build -o bin/dev ./checks/dev && exec bin/dev -state '$(STATE)/dev' -listen '$(DEV_LISTEN)' -page '$(DEV_PAGE)'

.PHONY: build
build: ## Build bin/ibutsu with the page in it
	@scripts/prepare build
	@$(MAKE) --no-print-directory page bin/ibutsu

# Go knows what is out of date better than make does.
.PHONY: bin/ibutsu
bin/ibutsu:
	$(GOBUILD) -o $@ ./src/cmd/ibutsu

.PHONY: test
test: ## Run every check: Go tests, fuzzing, conformance, requests from the contract, clients, adoption, torture, the page (STEPS="go web" for some)
	@scripts/prepare test
	@$(MAKE) --no-print-directory page bin/ibutsu tools
	@scripts/test $(STEPS)

# The programs of the checks.
.PHONY: tools
tools:
	@$(GOBUILD) -o bin/checks/ ./checks/withpg ./checks/withserver ./checks/adoption ./checks/cluster ./checks/torture ./checks/operate ./checks/signin
	@cd checks/signin/provider && $(GOBUILD) -o ../../../bin/checks/oidc-provider .

.PHONY: conformance
conformance: ## Run the recorded cases against a server of its own (ARGS="--only 'run-*' -v")
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools run-conformance

# WIDGETS=0 leaves widgets and dashboards out.
WIDGETS ?= 1
WITHOUT := $(if $(filter 0,$(WIDGETS)),--without widget --without widget-config --without dashboard)

.PHONY: run-signin run-operate run-conformance run-apifuzz run-cluster run-clients run-adoption run-torture
run-conformance:
	@bin/checks/withserver $(PYTHON) checks/conformance/conformance.py --base-url {url} --token-file {token-file} \
	  --cases checks/conformance/cases $(WITHOUT) $(ARGS)

# As long as schemathesis finds requests to make, but no longer than that.
API_SECONDS ?= 60
run-apifuzz:
	@bin/checks/withserver -redis $(PYTHON) checks/apifuzz/run.py --seconds $(API_SECONDS) $(ARGS)

run-clients:
	@bin/checks/withserver -redis -mail $(PYTHON) checks/clients/run.py $(if $(filter 0,$(WIDGETS)),,--widgets) $(ARGS)

run-adoption:
	@bin/checks/withpg bin/checks/adoption $(if $(filter 0,$(WIDGETS)),,-widgets) $(ARGS)

run-operate:
	@bin/checks/withpg bin/checks/operate $(ARGS)

run-signin:
	@bin/checks/signin $(ARGS)

run-cluster:
	@bin/checks/cluster $(ARGS)

run-torture:
	@bin/checks/torture -rounds $(ROUNDS) $(ARGS)

.PHONY: signin
signin: ## Sign in by mails through a real SMTP server, and by a real OpenID Connect provider
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools run-signin

.PHONY: fuzz-api
fuzz-api: ## Try every operation with requests that the contract suggests, for half an hour (API_SECONDS=1800)
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools run-apifuzz API_SECONDS=$(if $(filter file,$(origin API_SECONDS)),1800,$(API_SECONDS)) ARGS='--seed $(shell date +%s) $(ARGS)'

.PHONY: clients
clients: ## Push real runs with the released clients and try every call of theirs
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools run-clients

.PHONY: adoption
adoption: ## Take over a database of Ibutsu 3.1.1 and read everything back
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools run-adoption

.PHONY: operate
operate: ## Restart the server under load, put nginx in front of it, take Redis and PostgreSQL away (ARGS="-only nginx")
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools run-operate

.PHONY: torture
torture: ## Kill the worker and the backend while they work (ROUNDS=100), and look for what was lost
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools run-torture

.PHONY: bench
bench: ## Measure speed and memory at 200,000 and 2,000,000 results, beside the original's figures (takes long)
	@scripts/prepare up
	@$(MAKE) --no-print-directory bin/ibutsu
	@$(GOBUILD) -o bin/checks/ ./checks/bench
	@bin/checks/bench -large $(ARGS)

.PHONY: bench-small
bench-small: ## The same at 200,000 results, without the largest imports
	@scripts/prepare up
	@$(MAKE) --no-print-directory bin/ibutsu
	@$(GOBUILD) -o bin/checks/ ./checks/bench
	@bin/checks/bench $(ARGS)

.PHONY: bench-web
bench-web: ## Measure the page in Chromium at 200,000 results: first view, filters, scrolling, its size (ARGS="-state FOLDER" keeps the data)
	@scripts/prepare test
	@$(MAKE) --no-print-directory page bin/ibutsu
	@$(GOBUILD) -o bin/checks/ ./checks/bench
	@bin/checks/bench -only page $(ARGS)

.PHONY: bench-retention
bench-retention: ## Delete a million results while others read, and measure both (ARGS="-rows 100000")
	@scripts/prepare up
	@$(MAKE) --no-print-directory bin/ibutsu
	@$(GOBUILD) -o bin/checks/ ./checks/bench
	@bin/checks/bench -only retention $(ARGS)

.PHONY: test-postgres
test-postgres: ## Run what depends on PostgreSQL against 16, 17 and 18 (ARGS="17 -- adoption")
	@scripts/prepare test
	@$(MAKE) --no-print-directory bin/ibutsu tools
	@scripts/test-postgres $(ARGS)

.PHONY: check-nix
check-nix: ## Check units, images, manifests and Nix files as far as this machine can (ARGS="static units")
	@scripts/prepare check-nix
	@$(MAKE) --no-print-directory page bin/ibutsu
	@checks/nix/run.sh $(ARGS)

.PHONY: lint
lint: bin/tools/golangci-lint ## Run golangci-lint, which also guards the walls between the rooms
	@golangci-lint run $(ARGS) ./...

GOLANGCI := v2.15.0
bin/tools/golangci-lint: bin/tools/.golangci-$(GOLANGCI)
bin/tools/.golangci-$(GOLANGCI):
	@scripts/prepare build
	GOBIN=$(CURDIR)/bin/tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@rm -f bin/tools/.golangci-*
	@touch $@

.PHONY: generate
generate: ## Make the generated code anew (SQL, OpenAPI, gRPC, the page's types)
	@scripts/prepare generate
	@go generate ./...
	@cd src/web && pnpm install --frozen-lockfile --silent && pnpm --silent types

.PHONY: clean
clean: ## Remove what was built; the state of `make up` stays
	rm -rf bin

# The page. It is embedded into the binary, so it is built before; where that cannot be done, the binary has none.
.PHONY: page web run-web screenshots
page:
	@scripts/page

web: ## Test the page: its logic, then every page and the journeys through them in Chromium (ARGS="--only runs")
	@scripts/prepare test
	@$(MAKE) --no-print-directory page bin/ibutsu tools run-web

run-web:
	@cd src/web && pnpm --silent test
	@bin/checks/withserver node src/web/e2e/run.mjs --url {url} --token {token} $(ARGS)

screenshots: ## Write pictures of all pages into src/web/shots, light and dark, phone and desktop
	@$(MAKE) --no-print-directory web ARGS="--shots src/web/shots $(ARGS)"
