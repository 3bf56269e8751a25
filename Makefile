# Everything a person runs: deps build try test test-long mutants soak demo demos bench bench-smoke
# deb lint clean.

SWIFT := $(shell command -v swift || echo /opt/swift/usr/bin/swift)
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)
RELEASE := .build/release
ARCHITECTURE := $(shell dpkg --print-architecture)
PROGRAMS := hopshiftd hopshift hopshift-courier hopshift-lab

# The appliance has no Swift, so the runtime is inside; no RUNPATH, nothing bound late. Of the C++
# library the runtime needs a little: linked in, it takes 0.7 MiB of memory less than the whole. The
# linker takes it from the folder that holds nothing else. Nobody links to a program: the names that
# it would export take as much again.
STATIC := $(CURDIR)/.build/static
RELEASE_FLAGS := -c release --static-swift-stdlib --disable-local-rpath \
	-Xlinker -L$(STATIC) \
	-Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now -Xlinker --as-needed \
	-Xlinker --no-export-dynamic

export SWIFT VERSION

.PHONY: deps build release try test test-long mutants soak demo demos bench bench-smoke deb lint clean

deps:
	@packaging/deps

build: deps
	$(SWIFT) build

release: deps
	@mkdir -p $(STATIC) && ln -sf "$$(cc -print-file-name=libstdc++.a)" $(STATIC)/libstdc++.a
	$(SWIFT) build $(RELEASE_FLAGS)

lint: deps
	$(SWIFT) format lint -r --strict Package.swift Sources Tests

test: build release
	@Tests/run short

test-long: build release
	@Tests/run long

mutants: deps
	@Tests/Mutants/run

# One play of hopshift-lab, with its page: $(call play,LAYOUT)
play = $(RELEASE)/hopshift-lab demo $(1) --deb dist/hopshift_$(VERSION)_$(ARCHITECTURE).deb \
	--html dist/demo-$(1).html

# The shortest way to a running watcher. Only what it needs is built, and nothing is optimised: that
# takes less than half as long as the programs that are shipped.
try: deps
	$(SWIFT) build --product hopshiftd
	$(SWIFT) build --product hopshift
	$(SWIFT) build --product hopshift-lab
	.build/debug/hopshift-lab demo watcher

# The main job: the pair's frozen owner, and the watcher beside the article's own.
demo: deb
	$(call play,pair)
	$(call play,watcher)

# The route tables and the kernel's routes besides.
demos: demo
	$(call play,udr)
	$(call play,redistribute)

# Any length: make soak SECONDS=86400.
SECONDS ?= 600
soak: release
	@HOPSHIFT_SOAK=$(SECONDS) Tests/Checks/soak-check

bench: release
	@Tests/Benchmarks/run
	@mkdir -p dist
	@bash -o pipefail -c 'Tests/Benchmarks/run scale | tee dist/scale.txt'
	@Tests/Benchmarks/plot dist/scale.txt dist/scale.svg
	@Tests/Benchmarks/probing
	@Tests/Benchmarks/instructions

# The same in small: that everything is measured, and that no event computes more than it did.
bench-smoke: release
	@Tests/Checks/bench-check

deb: release
	@packaging/deb

clean:
	rm -rf .build dist
