# The two commands of this project are `make run` and `make test`; both set up what is missing and say what they do.
PREFIX ?= /usr/local
DESTDIR ?=
SHELL := /bin/bash

.PHONY: run test build install bench fuzz torture sanitize clean

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
	@bin=$$(swift build -c release --show-bin-path) && \
	install -D -m 0755 "$$bin/cofferd" "$(DESTDIR)$(PREFIX)/bin/cofferd" && \
	install -D -m 0755 "$$bin/coffer" "$(DESTDIR)$(PREFIX)/bin/coffer" && \
	install -D -m 0644 LICENSE "$(DESTDIR)$(PREFIX)/share/doc/coffer/LICENSE" && \
	install -D -m 0644 README.md "$(DESTDIR)$(PREFIX)/share/doc/coffer/README.md" && \
	install -D -m 0644 protocol.md "$(DESTDIR)$(PREFIX)/share/doc/coffer/protocol.md" && \
	echo "install: cofferd and coffer lie in $(DESTDIR)$(PREFIX)/bin"

bench: build
	@scripts/setup.sh bench
	@swift build -c release --product coffer-bench
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
	rm -rf .build .build-fuzz .build-address .build-thread run
