package docs_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// policy says who may import whom. A line is "package: what it may import"; the first line that
// matches a package counts. "x/..." is x and all below it; "none" is nothing of ours.
//
// The direction is examples → mobile → player → {abr, drm, cache}, and all may use player/media. What
// follows from it: a stage can be understood, tested and replaced without the others; an app links
// only what it uses; a player without a speaker compiles without cgo; and the server can't reach into
// the player, so the two meet in the manifests and media that any other player gets as well.
const policy = `
	# The shared words. They import nothing, so everyone may import them.
	player/media: none

	# What music says of itself: containers find it, the player shows it.
	player/metadata: player/media
	player/waveform: player/media

	# The leaves: rules, decryption and the cache know of no player.
	abr:          player/media
	abr/abrtest:  abr player/media
	abr/abrtest/peers: abr/abrtest
	abr/abrtest/learn: abr abr/abrtest
	drm/...:      player/media
	cache/...:    player/media

	# The stages. Each is a seam, its implementations are the children, its suite is the child …test.
	player/manifest:      player/media
	player/manifest/...:  player/media player/manifest player/manifest/internal/...
	player/fetch:         player/media
	player/container:     player/media player/metadata
	player/container/containertest: player/media player/container
	# flac, mp3 and adts frames turn up in other containers as well, hence siblings.
	player/container/...: player/media player/metadata player/container/...
	player/codec:         player/media
	player/codec/codectest: player/media player/codec
	# decoders lists them all, as container/detect lists the containers.
	player/codec/decoders: player/media player/codec/...
	player/codec/...:     player/media player/codec player/codec/internal/... player/codec/aac/internal/...
	player/dsp/...:       player/media
	player/sink:          player/media
	player/sink/sinktest: player/media player/sink
	# dsp has the dither and the sample formats that a file sink writes.
	player/sink/...:      player/media player/sink player/sink/internal/... player/dsp

	# What is told to a CDN. Words only, so that the player itself may use it.
	player/telemetry/cmcd: player/media

	# The joins. What runs below the player may know every stage but no way out of its own choosing.
	# What to fetch, and from where: a loader decodes nothing and knows nobody who plays.
	player/internal/radio:  player/media player/metadata player/container/...
	player/internal/loader: player/media player/metadata player/manifest/... player/fetch player/container/... player/codec/decoders player/codec/flac player/internal/radio abr drm/... cache
	player/internal/...: player/media player/metadata player/waveform player/manifest/... player/fetch/... player/container/... player/codec/... player/dsp player/sink player/internal/... abr drm/... cache
	player/playertest:   player/... api/... abr drm/... cache
	player:              player/media player/metadata player/waveform player/manifest/... player/fetch/... player/container/... player/codec/... player/dsp player/sink player/internal/... abr drm/... cache player/telemetry/cmcd

	# Events become measures. The player knows nothing of it.
	player/telemetry:    player/media player

	# The contract and its client. A client needs no player.
	api:            player/media
	# The server packages what the player plays, so it shares the formats; never the player.
	# What it transcodes it decodes and resamples by the very stages that the player has: they know no player either.
	api/server/...: api api/server/... player/media player/container/... player/manifest/... player/codec/... player/dsp drm/aes128

	# Here all of it comes together.
	examples/...:   ...

	docs: none
`

// testPolicy says what test files may import beyond their own package's line.
const testPolicy = `
	player/sink/...: player/sink/...
	player/codec/...: player/codec/... player/container/...
	player/container/...: player/container/... player/codec/...
	player/metadata: player/container/containertest
	player/internal/...: player/... abr/... drm/... cache
	player:         player/... abr/... drm/... cache api/...
	player/telemetry: player/... abr/... drm/... cache
	abr/...:        abr/...
	cache/...:      cache/...
	drm/...:        drm/...
	api/...:        api/... player/... abr drm/... cache
	...:            none
`

// homes says which package may import which module of others. One home each: behind our own seam a
// module can be replaced, and what an app links stays plain to see.
const homes = `
	github.com/ebitengine/oto/v3:         player/sink/speaker
	github.com/hajimehoshi/go-mp3:        player/codec/gomp3
	github.com/mewkiz/flac:               api/server/...
	github.com/thesyncim/gopus:           player/codec/opus
	github.com/jfreymuth/vorbis:          player/codec/vorbis
	modernc.org/sqlite:                   cache api/server/...
	golang.org/x/sync:                    player/... api/... cache examples/...
	github.com/dhowden/tag:               api/server/... examples/play
	# Under the LGPL, so in a server alone: docs/licences_test.go.
	github.com/tphakala/go-aac:           api/server/encoder/goaac
	golang.org/x/text:                    api/server/...
	golang.org/x/sys:                     examples/play
	github.com/muesli/termenv:            examples/play
	github.com/alecthomas/kong:           examples/...
	github.com/charmbracelet/bubbletea:   examples/play/...
	github.com/charmbracelet/bubbles:     examples/play/...
	github.com/charmbracelet/lipgloss:    examples/play/...
	github.com/charmbracelet/x/ansi:      examples/play/...
	golang.org/x/term:                    examples/...
`

// testHomes are modules that only test files import, or that they import beyond their home.
const testHomes = `
	pgregory.net/rapid:        ...
	github.com/mewkiz/flac:    player/... api/...
	github.com/getkin/kin-openapi: api/...
	github.com/Eyevinn/hls-m3u8: player/manifest/hls
`

// rule is one line of a policy.
type rule struct {
	pattern string
	allowed []string
}

func parsePolicy(text string) ([]rule, error) {
	var rules []rule
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, allowed, ok := strings.Cut(line, ":")
		if !ok || len(strings.Fields(allowed)) == 0 {
			return nil, fmt.Errorf("policy line %q is not \"package: imports\"", line)
		}
		rules = append(rules, rule{strings.TrimSpace(pattern), strings.Fields(allowed)})
	}
	return rules, nil
}

// matches tells whether the package p falls under the pattern.
func matches(pattern, p string) bool {
	if pattern == "..." {
		return true
	}
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == prefix || strings.HasPrefix(p, prefix+"/")
	}
	return pattern == p
}

func anyMatches(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, p) })
}

func lineFor(rules []rule, p string) *rule {
	for i := range rules {
		if matches(rules[i].pattern, p) {
			return &rules[i]
		}
	}
	return nil
}

// policies are the four texts, parsed.
type policies struct{ ours, oursInTests, others, othersInTests []rule }

func parsePolicies(t *testing.T) policies {
	t.Helper()
	var p policies
	for _, part := range []struct {
		text string
		to   *[]rule
	}{{policy, &p.ours}, {testPolicy, &p.oursInTests}, {homes, &p.others}, {testHomes, &p.othersInTests}} {
		rules, err := parsePolicy(part.text)
		if err != nil {
			t.Fatal(err)
		}
		*part.to = rules
	}
	return p
}

// check returns the violations of one file.
func (p policies) check(s *source) []string {
	var violations []string
	for _, imported := range s.imports() {
		var why string
		if inner, ok := strings.CutPrefix(imported, module+"/"); ok {
			why = p.refuseOurs(s, inner)
		} else if strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
			why = p.refuseOthers(s, imported)
		}
		if why != "" {
			violations = append(violations, s.path+": "+why)
		}
	}
	return violations
}

func (p policies) refuseOurs(s *source, imported string) string {
	from := s.dir()
	if from == imported {
		return "" // a test package of the same folder
	}
	line := lineFor(p.ours, from)
	if line == nil {
		return fmt.Sprintf("the policy has no line for %s; add one to docs/imports_test.go that says what it may import", from)
	}
	if anyMatches(line.allowed, imported) {
		return ""
	}
	if s.isTest() {
		if extra := lineFor(p.oursInTests, from); extra != nil && anyMatches(extra.allowed, imported) {
			return ""
		}
		return fmt.Sprintf("a test in %s may not import %s; test it from a package that may, or change testPolicy in docs/imports_test.go with a reason",
			from, imported)
	}
	return fmt.Sprintf("%s may not import %s, only %s; move the code to where both may be known (usually player/internal, player or an example), or change the policy in docs/imports_test.go with a reason",
		from, imported, strings.Join(line.allowed, ", "))
}

func (p policies) refuseOthers(s *source, imported string) string {
	var allowed []string
	collect := func(rules []rule) {
		for _, r := range rules {
			if matches(r.pattern+"/...", imported) {
				allowed = append(allowed, r.allowed...)
			}
		}
	}
	collect(p.others)
	if s.isTest() || s.inSuite() {
		collect(p.othersInTests)
	}
	switch {
	case anyMatches(allowed, s.dir()):
		return ""
	case len(allowed) == 0:
		return fmt.Sprintf("%s has no home; add it to homes in docs/imports_test.go and its licence to docs/licences_test.go", imported)
	}
	return fmt.Sprintf("%s may be imported by %s only; reach it through that package's seam", imported, strings.Join(allowed, ", "))
}

func TestImportsFollowThePolicy(t *testing.T) {
	p := parsePolicies(t)
	for _, s := range mustSources(t) {
		report(t, p.check(s))
	}
}

// TestSpeakerIsOptional keeps cgo and the one-per-process audio context out of programs that have no
// speaker: oto is reached through player/sink/speaker alone, and nothing but a program chooses that.
func TestSpeakerIsOptional(t *testing.T) {
	graph := importGraph(mustSources(t))
	for from := range graph {
		for _, top := range []string{"examples/...", "mobile/..."} {
			if matches(top, from) {
				delete(graph, from)
			}
		}
	}
	report(t, whoReaches(graph, "player/sink/speaker"))
}

// importGraph maps each package to what its own files, tests left out, import of ours.
func importGraph(list []*source) map[string][]string {
	graph := map[string][]string{}
	for _, s := range list {
		if s.isTest() {
			continue
		}
		for _, imported := range s.imports() {
			if inner, ok := strings.CutPrefix(imported, module+"/"); ok {
				graph[s.dir()] = append(graph[s.dir()], inner)
			}
		}
	}
	return graph
}

// whoReaches lists the packages that import target, directly or through others.
func whoReaches(graph map[string][]string, target string) []string {
	var found []string
	for _, from := range slices.Sorted(maps.Keys(graph)) {
		seen := map[string]bool{}
		var visit func(string) bool
		visit = func(p string) bool {
			if p == target {
				return true
			}
			if seen[p] {
				return false
			}
			seen[p] = true
			return slices.ContainsFunc(graph[p], visit)
		}
		if from != target && visit(from) {
			found = append(found, fmt.Sprintf("%s reaches %s; let the program choose the sink and hand it to player.New", from, target))
		}
	}
	return found
}

// TestPolicyHasNoStaleLine keeps the policy readable: a line that nothing falls under says nothing.
func TestPolicyHasNoStaleLine(t *testing.T) {
	p := parsePolicies(t)
	dirs := packages(mustSources(t))
	var stale []string
	used := map[string]bool{}
	for dir := range dirs {
		if line := lineFor(p.ours, dir); line != nil {
			used[line.pattern] = true
		}
	}
	for _, r := range p.ours {
		if !used[r.pattern] {
			stale = append(stale, fmt.Sprintf("no package falls under the policy's line %q; remove it from docs/imports_test.go", r.pattern))
		}
	}
	imported := map[string]bool{}
	for _, s := range mustSources(t) {
		for _, i := range s.imports() {
			imported[i] = true
		}
	}
	for _, r := range slices.Concat(p.others, p.othersInTests) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(imported)), func(i string) bool { return matches(r.pattern+"/...", i) }) {
			stale = append(stale, fmt.Sprintf("nobody imports %s; remove its line from docs/imports_test.go", r.pattern))
		}
	}
	report(t, stale)
}

func TestImportPolicyCanFail(t *testing.T) {
	p := parsePolicies(t)
	ours := func(p string) string { return module + "/" + p }
	cases := []struct {
		file, imports string
		want          string // part of the one violation; empty for none
	}{
		{"player/media/a.go", ours("abr"), "player/media may not import abr"},
		{"abr/a.go", ours("player"), "abr may not import player"},
		{"abr/a.go", ours("player/media"), ""},
		{"cache/a.go", ours("drm/aes128"), "cache may not import drm/aes128"},
		{"drm/aes128/a.go", ours("player/container"), "may not import player/container"},
		{"player/codec/flac/a.go", ours("player/container/flac"), "may not import player/container/flac"},
		{"player/codec/flac/a_test.go", ours("player/container/flac"), ""},
		{"player/container/fmp4/a.go", ours("player/codec"), "may not import player/codec"},
		{"player/container/fmp4/a.go", ours("player/container/flac"), ""},
		{"player/fetch/a.go", ours("cache"), "player/fetch may not import cache"},
		{"player/a.go", ours("api"), "player may not import api"},
		{"player/a.go", ours("player/sink/speaker"), "player may not import player/sink/speaker"},
		{"player/internal/pipeline/a.go", ours("player"), "may not import player,"},
		{"player/internal/loader/a.go", ours("player/internal/pipeline"), "may not import player/internal/pipeline"},
		{"player/internal/pipeline/a.go", ours("player/internal/loader"), ""},
		{"api/a.go", ours("player"), "api may not import player"},
		{"api/server/store/a.go", ours("player"), "api/server/store may not import player"},
		{"api/server/store/a.go", ours("player/container/fmp4"), ""},
		{"mobile/a.go", ours("api/server"), "no line for mobile"},
		{"examples/play/a.go", ours("api/server"), ""},
		{"newroom/a.go", ours("player/media"), "no line for newroom"},
		{"abr/a_test.go", ours("player"), "a test in abr may not import player"},
		{"player/a.go", "github.com/ebitengine/oto/v3", "may be imported by player/sink/speaker only"},
		{"player/sink/speaker/a.go", "github.com/ebitengine/oto/v3", ""},
		{"api/server/a.go", "github.com/ebitengine/oto/v3/internal/mux", "may be imported by player/sink/speaker only"},
		{"player/a.go", "example.org/new", "example.org/new has no home"},
		{"player/a.go", "pgregory.net/rapid", "has no home"},
		{"player/a_test.go", "pgregory.net/rapid", ""},
		{"player/a.go", "net/http", ""},
	}
	for _, c := range cases {
		s, err := parse(c.file, fmt.Sprintf("package p\nimport %q\n", c.imports))
		if err != nil {
			t.Fatal(err)
		}
		wantViolation(t, c.file+" importing "+c.imports, p.check(s), c.want)
	}
	reached := whoReaches(map[string][]string{"player": {"player/sink"}, "player/sink": {"player/sink/speaker"}, "abr": nil}, "player/sink/speaker")
	if len(reached) != 2 {
		t.Errorf("two packages reach the speaker, got %q", reached)
	}
	if _, err := parsePolicy("player/media\n"); err == nil {
		t.Error("a policy line without a colon was taken")
	}
}

// wantViolation fails unless the violations are none for an empty want, else one that contains it.
func wantViolation(t *testing.T, name string, violations []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(violations) != 0:
		t.Errorf("%s: wrongly refused: %q", name, violations)
	case want != "" && (len(violations) != 1 || !strings.Contains(violations[0], want)):
		t.Errorf("%s: want one violation with %q, got %q", name, want, violations)
	}
}
