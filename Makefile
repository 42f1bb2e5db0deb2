# The two commands of this project are `make run` and `make test`; both set up what is missing and say what they do.
PREFIX ?= /usr/local
DESTDIR ?=
SHELL := /bin/bash

.PHONY: run test build install deb bench fuzz torture sanitize clean

run: build
	@ONCE=$(ONCE) scripts/run.sh

test:
	@scripts/setup.sh test
	@scripts/test.sh

build:
	@scripts/setup.sh build
	@echo "build: release (the first time takes some minutes)"
	@swift build -c release --product cofferd
	@swift build -c release --product coffer

install: build
	@scripts/setup.sh install
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install.sh "$$(swift build -c release --show-bin-path)"

# A Debian package in dist/, with the Swift runtime inside of the programs: a build of its own.
deb:
	@scripts/setup.sh deb
	@swift build -c release --scratch-path .build-static --static-swift-stdlib --product cofferd
	@swift build -c release --scratch-path .build-static --static-swift-stdlib --product coffer
	@scripts/deb.sh "$$(swift build -c release --scratch-path .build-static --static-swift-stdlib --show-bin-path)" dist

bench: build
	@scripts/setup.sh bench
	@swift build -c release --product coffer-bench
	@swift build -c release --product coffer-bench-client
	@scripts/bench.sh

# Outside of `make test`: its own build with sanitizers, then FUZZ_SECONDS (600) for each harness of Tests/Fuzz.
fuzz:
	@scripts/setup.sh test
	@scripts/fuzz.sh

# The long campaigns of docs/reliability.md: an hour and more. `make torture CAMPAIGNS="faults full"` runs some of them.
torture:
	@scripts/setup.sh test
	@scripts/torture.sh $(CAMPAIGNS)

# The tests, and a daemon, built with the address and the thread sanitizer.
sanitize:
	@scripts/setup.sh test
	@scripts/sanitize.sh

clean:
	rm -rf .build .build-static dist .build-fuzz .build-address .build-thread run
