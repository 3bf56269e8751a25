# Everything a person runs: deps build test test-long demo bench deb lint clean.

SWIFT := $(shell command -v swift || echo /opt/swift/usr/bin/swift)
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' packaging/debian/changelog)
RELEASE := .build/release
PROGRAMS := hopshiftd hopshift hopshift-lab

# The appliance has no Swift, so the runtime is inside; no RUNPATH, nothing bound late.
RELEASE_FLAGS := -c release --static-swift-stdlib --disable-local-rpath \
	-Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now -Xlinker --as-needed

export SWIFT VERSION

.PHONY: deps build release test test-long demo bench deb lint clean

deps:
	@packaging/deps

build: deps
	$(SWIFT) build

release: deps
	$(SWIFT) build $(RELEASE_FLAGS)

lint: deps
	$(SWIFT) format lint -r --strict Package.swift Sources Tests

test: build release
	@Tests/run short

test-long: build release
	@Tests/run long

demo: deb
	$(RELEASE)/hopshift-lab demo --deb dist/hopshift_$(VERSION)_amd64.deb

bench: release
	@Tests/Benchmarks/run
	@Tests/Benchmarks/run scale

deb: release
	@packaging/deb

clean:
	rm -rf .build dist
