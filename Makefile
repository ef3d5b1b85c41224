# The project's commands. `make help` lists them; each installs the Debian packages it needs and is missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Tags. The window driver speaks X11, for Fyne's Wayland has no input method. Tests use Fyne's software driver and no
# fonts but ours (ci). Only what is released leaves out Fyne's thread checks (migrated_fynedo); only what is watched by
# make e2e tells a test what its window shows (e2e).
RELEASE := x11,migrated_fynedo
WATCHED := x11,e2e
TEST    := ci

# Debian packages, by what they are needed for.
COMPILER := ca-certificates gcc libc6-dev
WINDOWS  := $(COMPILER) pkg-config libgl-dev libx11-dev libxcursor-dev libxi-dev libxinerama-dev libxrandr-dev libxxf86vm-dev
DATABASE := postgresql
PAPER    := poppler-utils libreoffice-writer-nogui libreoffice-calc-nogui
SCREEN   := xvfb xauth x11-utils openbox xdotool imagemagick libgl1-mesa-dri dbus dbus-x11 locales fcitx5 fcitx5-pinyin

need := scripts/need.sh

.PHONY: help
help: ## list the commands
	@awk -F ': .*## ' '/^[a-z0-9-]+: .*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## build everything and open the app on a made-up township (ROLE=township opens its workbench); without a display, play one visit and keep the pictures
	@scripts/run.sh $(ROLE)

.PHONY: build
build: need-window ## build zoucun, zoucund and zouctl into bin/
	go build -trimpath -tags $(RELEASE) -o bin/zoucun .
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/zoucund ./cmd/zouctl

# The programs as a test or a demo drives them.
.PHONY: watched
watched: need-window
	go build -tags $(WATCHED) -o bin/e2e/zoucun .
	CGO_ENABLED=0 go build -o bin/e2e/ ./cmd/zoucund ./cmd/zouctl

.PHONY: test
test: vet unit android-check e2e ## everything that must hold: vet, race-checked tests, Android types, the whole way in a real window

.PHONY: vet
vet: need-compiler ## run go vet on all packages
	go vet -tags $(TEST) ./...
	go vet -tags $(TEST),e2e ./internal/testkit/...

# What is tried over and over, power cuts, kills, faults and seeds, is tried in full without the race detector, under
# which everything takes ten times as long and a few of each are enough.
.PHONY: unit
unit: need-compiler need-database need-paper ## run all tests but e2e under the race detector, and those that try something over and over without
	go test -race -timeout 40m -tags $(TEST) ./...
	go test -count=1 -tags $(TEST) ./internal/testkit/sim
	go test -count=1 -tags $(TEST) -run SameTwice ./internal/testkit/link
	go test -count=1 -tags $(TEST) -run 'PowerCut|Fault|Killed|EveryPage|Order|Agree|Converge|Pruned' ./store

.PHONY: e2e
e2e: watched need-screen ## one visit through a real window and a real server, killed and cut off on the way
	ZOUCUN_BIN=$(CURDIR)/bin/e2e go test -count=1 -parallel 4 -timeout 30m -tags e2e ./internal/testkit/e2e

.PHONY: bench
bench: build watched need-screen ## print the figures that matter, as "name value unit"
	@ZOUCUN_BIN=$(CURDIR)/bin go run ./internal/testkit/bench

.PHONY: day
day: watched need-screen ## live through a township's week with ten tablets and decide at the workbench; pictures of it in var/day
	ZOUCUN_BIN=$(CURDIR)/bin/e2e go test -count=1 -timeout 90m -tags $(TEST) -run TestWeek -v ./internal/testkit/day -day.full -day.pictures=$(CURDIR)/var/day

.PHONY: soak
soak: watched need-screen ## power cuts, kills and damage in full, 2,000 of each kind: of the store, its second copy, and the real app; over an hour
	ZOUCUN_SOAK=2000 go test -timeout 90m -run 'PowerCut|Killed|Flipped|Salvaging' -v ./store
	ZOUCUN_SOAK=2000 go test -timeout 60m -run 'Power|Killed|Fault' -v ./sync/spare
	ZOUCUN_SOAK=2000 ZOUCUN_BIN=$(CURDIR)/bin/e2e go test -count=1 -parallel 4 -timeout 120m -tags e2e -run Killed -v ./internal/testkit/e2e

SEEDS ?= 2000
START ?= 1

.PHONY: sim
sim: need-compiler ## live through SEEDS townships from seed START: a failing one is shrunk to a script and printed
	go test -count=1 -timeout 24h -tags $(TEST) -run 'TestSeeds' -v ./internal/testkit/sim -sim.seeds=$(SEEDS) -sim.start=$(START)

CUTS ?= 1

.PHONY: sim-cuts
sim-cuts: need-compiler ## cut two real programs apart after every CUTS bytes of a push, both directions; 1 takes a day and a half
	ZOUCUN_CUTS=$(CUTS) go test -count=1 -timeout 24h -tags $(TEST) -run 'TestCutsBetweenPrograms' -v ./internal/testkit/cuts

.PHONY: golden
golden: need-compiler ## write the expected files of tests anew; read the difference before committing it
	ZOUCUN_GOLDEN=write go test -count=1 -tags $(TEST) ./...
	@git status --short -- '*testdata*'

.PHONY: check
check: format lint floors vulnerabilities scripts ## format, lint, law of the floors, known vulnerabilities, scripts (make -k check shows all at once)

.PHONY: format
format:
	@unformatted=$$($$(scripts/tool.sh gofumpt) -l .); \
		test -z "$$unformatted" || { echo "not formatted (gofumpt -w):"; echo "$$unformatted"; exit 1; }

.PHONY: lint
lint: need-compiler
	$$(scripts/tool.sh golangci-lint) run ./...

.PHONY: floors
floors:
	go test -count=1 ./internal/floors

.PHONY: vulnerabilities
vulnerabilities: need-compiler
	scripts/vuln.sh -tags $(TEST) ./...

.PHONY: scripts
scripts:
	@$(need) shellcheck
	shellcheck scripts/*.sh .ci/run

.PHONY: android-check
android-check: ## check the types of every package as Android builds it, without an NDK
	go run ./internal/androidcheck -tags migrated_fynedo ./...

.PHONY: apk
apk: ## build a signed APK for arm64 tablets; ANDROID_NDK_HOME names the NDK
	scripts/apk.sh

.PHONY: clean
clean: ## remove what was built and what demos and trials left
	rm -rf bin dist var

.PHONY: need-compiler need-window need-screen need-database need-paper
need-compiler:
	@$(need) $(COMPILER)
need-window:
	@$(need) $(WINDOWS)
need-database:
	@$(need) $(DATABASE)
need-paper:
	@$(need) $(PAPER)
need-screen:
	@$(need) $(SCREEN)
	@scripts/locale.sh
