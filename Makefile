# Every target works on a machine that has nothing but Go, make and the right to install packages.
# Written for GNU make 3.81, the one that macOS brings.

# Go's own installer puts it where no login shell of a fresh machine looks.
export PATH := $(PATH):/usr/local/go/bin

export GO ?= go
# Flags for the player: make play ARGS="--volume 0.5"
ARGS ?=
# Which packages: make test PKG=./abr/...
PKG ?= ./...
# Which benchmarks, and how often each is run.
BENCH ?= .
COUNT ?= 1
# How long each fuzz target runs.
FUZZTIME ?= 20s

.PHONY: help play test test-clients sweep abr lint bench fuzz deps build clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 22

play: deps-play build ## start the backend with its demo album and play it (ARGS=… goes to the player)
	@.make/play.sh $(ARGS)

# The race detector watches every package in which goroutines meet. The decoders, the rules of adaptation and the
# server's encoder, each used by one goroutine at a time or never changed, are compiled without it: there it makes
# the tests four times as slow.
PURE := $(addprefix player/codec/,aac/... alac flac gomp3 mp3 opus/... pcm/... vorbis/... internal/...) abr
RACE := -race $(foreach p,$(addprefix github.com/segue-audio/segue/,$(PURE)) github.com/tphakala/go-aac/...,-gcflags=$(p)=-race=false)

# vet is given -race too: it then needs the same compiled packages as the tests, and a fresh machine
# compiles the dependencies once instead of twice.
test: deps-test ## vet, then every test under the race detector
	$(GO) vet $(RACE) $(PKG)
	$(GO) test $(RACE) -timeout 15m $(PKG)

test-clients: deps-clients ## our HLS and DASH in hls.js, Shaka, dash.js, ffmpeg, mpv and GStreamer: what is heard, compared
	@.make/clients.sh

# What make test does with a few files, with all; it takes about half an hour.
sweep: deps-test ## the codecs beside ffmpeg, mpg123 and flac on hundreds of files, and the signal processing, with the figures
	SEGUE_SWEEP=1 $(GO) test -v -timeout 2h ./player/codec/... ./player/container/... ./player/dsp/...

abr: deps-build ## docs/ABR.md: our rules and other players' on recorded links (SEGUE_ABR=folder), with the bounds; minutes
	$(GO) run ./examples/abrlab table --workers 0 --write docs/ABR.md

lint: deps-build ## gofmt, vet and staticcheck
	@.make/lint.sh $(PKG)

bench: deps-build ## every benchmark (BENCH=regexp COUNT=n PKG=./…)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKG)

fuzz: deps-build ## every fuzz target in turn (FUZZTIME=20s PKG=./…)
	@.make/fuzz.sh $(FUZZTIME) $(PKG)

deps: deps-test ## install what is missing of the system packages, and say what and why

.PHONY: deps-build deps-play deps-test deps-clients
deps-build deps-play deps-test deps-clients:
	@.make/deps.sh $(@:deps-%=%)

# Stamping the version control's state is off: it fails in a checkout that belongs to another user.
build: deps-build ## bin/play and bin/backend
	@echo 'building bin/play and bin/backend' >&2 # standard output is the player's
	@$(GO) build -buildvcs=false -o bin/ ./examples/play ./examples/backend

clean: ## remove what was built and the demo's data
	rm -rf bin .data
