package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/segue-audio/segue/abr/abrtest"
)

// lab runs the program and gives its exit status and what it wrote.
func lab(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, bad bytes.Buffer
	status = run(program{t.Context(), &out, &bad}, args)
	return status, out.String(), bad.String()
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := lab(t, args...)
	if status != exitOK {
		t.Fatalf("%v: status %d\n%s", args, status, stderr)
	}
	return stdout
}

// recordedLinks writes links into a folder as recorded ones lie there.
func recordedLinks(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	made, err := abrtest.Made()
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range made {
		folder := filepath.Join(dir, trace.Network)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := trace.Write(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, trace.Name+".csv"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTable(t *testing.T) {
	cache := t.TempDir()
	args := []string{"--stride", "4", "--cells", "3g:1:30:10", "--rules", "lowest,throughput-*", "--cache", cache}
	made := must(t, append([]string{"table", "--made"}, args...)...)
	for _, want := range []string{
		`(?m)^3g b30  \(2 sessions\)$`,
		`(?m)^lowest +-?[0-9.]+ +-?[0-9.]+ +0\.0 +24\.0 `,
		`(?m)^optimum +-?[0-9.]+ +-?[0-9.]+ +100\.0 `,
		`(?m)^throughput-buffer +[0-9.]+ +[0-9.]+$`, // its gain in the group and in all
	} {
		if !regexp.MustCompile(want).MatchString(made) {
			t.Errorf("no %s in\n%s", want, made)
		}
	}
	if files, err := os.ReadDir(cache); err != nil || len(files) != 2 {
		t.Errorf("%d optima are kept, %v", len(files), err)
	}
	// The same links from a folder, by two workers, and with the optima from the cache.
	folder := recordedLinks(t)
	read := must(t, append([]string{"table", "--traces", folder, "--workers", "2"}, args...)...)
	if strings.ReplaceAll(read, "recorded links", "links of our own making") != made {
		t.Errorf("from a folder:\n%s\nmade:\n%s", read, made)
	}
	one := must(t, append([]string{"table", "--traces", filepath.Join(folder, "3g"), "--detail", "--no-optimum"}, args...)...)
	if !strings.Contains(one, "3g:1:30:10") || strings.Contains(one, "optimum") || strings.Contains(one, "share") {
		t.Errorf("%s", one)
	}
}

func TestPage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "PAGE.md")
	must(t, "table", "--made", "--stride", "8", "--cells", "3g:1:60:30", "--rules", "lowest,hls.js,"+defaultRule, "--cache", t.TempDir(),
		"--bounds", "1", "--brief", "--write", page)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"The default rule, " + defaultRule + ", gets ", "| 3g b60 | × 1 (1) |", "\n- hls.js: ", "(PAGE.svg)", "in 1 sessions", "3 links of our own making",
		"**", "| optimum | 100.0 |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if strings.Contains(string(text), "<no value>") || strings.Contains(string(text), "NaN") || strings.Contains(string(text), "%!") {
		t.Errorf("%s", text)
	}
	drawn(t, strings.TrimSuffix(page, ".md")+".svg")
}

// TestManners: what a player does around its rule is measured as it is meant.
func TestManners(t *testing.T) {
	made, _, err := (&linkFlags{Made: true, Stride: 3}).load()
	if err != nil {
		t.Fatal(err)
	}
	rule, err := choose([]string{"throughput-buffer"})
	if err != nil {
		t.Fatal(err)
	}
	var text page
	if text.manners, err = tryManners(&program{t.Context(), io.Discard, io.Discard}, abrtest.Lab{Traces: made}, rule); err != nil {
		t.Fatal(err)
	}
	radio := func(m manners) float64 {
		return text.mean(m, false, func(s abrtest.Score) float64 { return s.RadioPercent })
	}
	for i, m := range rests()[1:] {
		if radio(m) >= radio(rests()[i]) {
			t.Errorf("the radio is up for %v %% with rests of %v s, and for %v %% with %v s", radio(m), m.rest, radio(rests()[i]), rests()[i].rest)
		}
	}
	waited := func(m manners) float64 {
		return text.mean(m, true, func(s abrtest.Score) float64 { return s.StartSeconds })
	}
	for i, m := range skipping() {
		if m.heads && waited(m) > waited(skipping()[i-1]) {
			t.Errorf("a session waits %v s with heads and %v s without, with room for %v s", waited(m), waited(skipping()[i-1]), m.room)
		}
	}
	if n := strings.Count(text.Rests()+text.Skips(), "\n"); n != 4+2+6+2 || text.MannersLinks() != "3g × 1, 4g × 0.1, fixed × 0.5" {
		t.Errorf("%s%s%s", text.MannersLinks(), text.Rests(), text.Skips())
	}
}

// drawn checks that a picture is well-formed and that all of it lies on the paper.
func drawn(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	count := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "class":
				count[a.Value]++
			case "d", "x", "y", "width", "height":
				for _, number := range regexp.MustCompile(`[-0-9.]+|NaN|Inf`).FindAllString(a.Value, -1) {
					if len(number) > 7 || strings.HasPrefix(number, "-") || strings.ContainsAny(number, "NI") {
						t.Fatalf("%s of a %s: %s", a.Name.Local, e.Name.Local, number)
					}
				}
			}
		}
	}
	if count["rule"] != 2 || count["best"] != 2 || count["link"] != 1 || count["in"] < 15 {
		t.Errorf("%v", count)
	}
}

func TestRunRecordReplay(t *testing.T) {
	dir := t.TempDir()
	recording, picture := filepath.Join(dir, "session.jsonl"), filepath.Join(dir, "session.svg")
	out := must(t, "run", "--made", "--link", "made-3g-0", "--rule", "throughput-buffer", "--cell", "1:40:20:tunnels", "--requests",
		"--record", recording, "--svg", picture, "--cache", dir)
	for _, want := range []string{"start-up", "abandon", "broken off with", "optimum"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	drawn(t, picture)

	out = must(t, "replay", recording, "--rule", "throughput-buffer")
	if !strings.Contains(out, " 0 answered in another way") || strings.Contains(out, "another throughput") {
		t.Errorf("%s", out)
	}
	again := filepath.Join(dir, "again.svg")
	out = must(t, "replay", recording, "--rule", "lowest", "--all", "--svg", again)
	if !strings.Contains(out, " *\n") || !strings.Contains(out, "goes on with") {
		t.Errorf("%s", out)
	}
	drawn(t, again)

	list := must(t, "rules")
	if !strings.Contains(list, "throughput-buffer") || !strings.Contains(list, "hls.js") {
		t.Errorf("%s", list)
	}
	// A listener who skips has no optimum.
	out = must(t, "run", "--made", "--link", "made-3g-7", "--rule", "hls.js", "--cell", "1:30:10:skips", "--svg", picture, "--cache", dir)
	if strings.Contains(out, "optimum") {
		t.Errorf("%s", out)
	}
}

func TestMistakes(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.jsonl")
	if err := os.WriteFile(bad, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		want int
		says string
	}{
		{"", exitUsage, "expected one of"},
		{"--help", exitOK, ""},
		{"table --rules nobody", exitUsage, "no rule is called"},
		{"table --rules [", exitUsage, "syntax error"},
		{"table --made --cells 5g", exitUsage, "network:scale:buffer:segment"},
		{"table --made --cells 5g:1:30:4 --no-optimum", exitUsage, "no link"},
		{"table --made --stride 0", exitUsage, "stride"},
		{"table --traces " + filepath.Dir(bad), exitFailed, "no .csv files"},
		{"table --traces nowhere", exitFailed, "nowhere"},
		{"table --made --write nowhere/PAGE.md", exitFailed, "nowhere"},
		{"run --made --link made-3g-0 --cell 1:2", exitUsage, "cell"},
		{"run --made --link nobody", exitUsage, "no link is called"},
		{"run --made --link made-3g-0 --rule hls.js --record " + bad, exitUsage, "not a rule of package abr"},
		{"replay " + bad, exitFailed, "recording"},
		{"replay nowhere", exitFailed, "nowhere"},
		{"replay " + bad + " --rule hls.js", exitUsage, "not a rule of package abr"},
	} {
		status, _, stderr := lab(t, strings.Fields(c.args)...)
		if status != c.want || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, %s", c.args, status, stderr)
		}
	}
}
