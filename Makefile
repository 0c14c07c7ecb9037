# Each command installs what it lacks (scripts/setup.sh) before it starts.
SHELL := /bin/sh
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/local/sbin:/usr/sbin:/sbin

.DEFAULT_GOAL := help
.PHONY: help demo demo-nodes demo-nfs demo-kubernetes test test-unit test-contract test-integration test-smoke test-sanity test-charts test-uml
.PHONY: test-cluster test-cluster-full bench bench-cluster build image check generate manifests format setup clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Take real volumes through their whole life, as root (KEEP=1 leaves the server running)
	@scripts/setup.sh run
	@node scripts/demo.ts $(if $(filter 1,$(KEEP)),--keep)

demo-kubernetes: ## From this checkout to a bound claim in a real Kubernetes (root, Go)
	@scripts/setup.sh cluster
	@node scripts/demo-kubernetes.ts

demo-nodes: ## Show a controller and three nodes, one of which is lost, as root (KEEP=1 leaves them running)
	@scripts/setup.sh run
	@node scripts/demo-nodes.ts $(if $(filter 1,$(KEEP)),--keep)

demo-nfs: ## Show NFS volumes on two nodes, and a server that is frozen and loses its power, in User-mode Linux (root)
	@scripts/setup.sh test
	@node scripts/demo-nfs.ts

test: ## Run every check and every test but those in Kubernetes, as root; ends with one line of counts
	@scripts/setup.sh test
	@node scripts/test.ts

test-unit test-contract test-integration test-smoke test-sanity test-charts test-uml: test-%:
	@scripts/setup.sh test
	@node scripts/test.ts $*

test-unit: ## Run the unit tests (no root)
test-contract: ## Run the contract suites (no root)
test-integration: ## Run the tests with real mounts and loop devices (root)
test-smoke: ## Build the bundle and test it (root)
test-sanity: ## Run csi-sanity against the real server (root, Go)
test-charts: ## Render the chart and hold it against the rules (Go)
test-uml: ## Run the tests in User-mode Linux (root)

test-cluster: ## Run the tests in a real Kubernetes on this machine (root, Go)
	@scripts/setup.sh cluster
	@node scripts/test.ts cluster

test-cluster-full: ## The same with every spec of the external-storage suite; writes docs/reference/conformance.md
	@scripts/setup.sh cluster
	@STOWAGE_CLUSTER_FULL=1 node scripts/test.ts cluster

bench: ## Measure the budgets, each beside the usual way (root; ROWS=apart,nfs measures these alone)
	@scripts/setup.sh test
	@node bench/main.ts

bench-cluster: ## Measure claims in a real Kubernetes, beside static hostPath volumes (root, Go)
	@scripts/setup.sh cluster
	@node bench/cluster.ts

check: ## Check types, lint, formatting and generated files
	@scripts/setup.sh run
	@node scripts/test.ts types lint format generated

build: ## Bundle for production into dist/
	@scripts/setup.sh run
	@node scripts/build.ts

image: ## Make the container image in dist/image, without a container engine (root)
	@scripts/setup.sh image
	@node scripts/image.ts

generate: ## Write the generated files again
	@scripts/setup.sh run
	@node scripts/generate.ts

manifests: ## Write the manifests in deploy/ again, from the chart (Go)
	@scripts/setup.sh run
	@node scripts/manifests.ts

format: ## Format the sources
	@scripts/setup.sh run
	@biome format --write .

setup: ## Install what the tests need, and stop
	@scripts/setup.sh test

clean: ## Remove what can be made again
	@rm -rf dist coverage .cache
