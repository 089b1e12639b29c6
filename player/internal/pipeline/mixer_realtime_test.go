package pipeline

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// circle feeds an entry for ever, from a block that comes back.
type circle struct {
	e    *Entry
	pcm  []float32
	at   media.Frames
	rate int
	b    [decodedBlocks + 2]*Block
	n    int
}

func newCircle(pcm []float32, rate int, length time.Duration) *circle {
	c := &circle{e: fake(0, rate), pcm: pcm, rate: rate}
	c.e.SetLength(length)
	for i := range c.b {
		c.b[i] = &Block{PCM: pcm, Rate: rate}
	}
	return c
}

// wind is the decoder's side, without allocations of its own.
func (c *circle) wind() {
	for c.e.blocks.full.Room() > 0 {
		b := c.e.blocks.reuse()
		if b == nil {
			if c.n == len(c.b) {
				return
			}
			b = c.b[c.n]
			c.n++
		}
		b.PCM, b.At, b.Rate = c.pcm, c.at, c.rate
		c.at += media.Frames(len(c.pcm) / Channels)
		if !c.e.blocks.full.Push(b) {
			return
		}
	}
}

// TestMixingAllocatesNothing: seconds of music, mixed and pulled, in every way.
func TestMixingAllocatesNothing(t *testing.T) {
	type stage struct {
		name     string
		rate     int
		speed    float64
		fade     bool
		limit    bool
		skip     bool
		convert  bool
		chain    []dsp.Processor
		gain     float64
		listener float64
	}
	for _, tt := range []stage{
		{name: "plain"},
		{name: "resampled", rate: 44_100},
		{name: "from double the rate", rate: 96_000},
		{name: "stretched", speed: 1.3},
		{name: "limited", limit: true, gain: 3},
		{name: "skipping silence", skip: true},
		{name: "processed", chain: []dsp.Processor{&halving{}, &halving{}}},
		{name: "in a crossfade", fade: true},
		{name: "in a crossfade of rates", fade: true, rate: 44_100},
		{name: "for another device", convert: true},
		{name: "turned down", listener: 0.3},
		{name: "all at once", rate: 44_100, speed: 0.7, fade: true, limit: true, skip: true, convert: true, chain: []dsp.Processor{&halving{}}, gain: 2, listener: 0.5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, MixerOptions{SampleRate: testRate, Limit: tt.limit, Crossfade: time.Hour})
			rate := max(tt.rate, 0)
			if rate == 0 {
				rate = testRate
			}
			music := join(noise(1, 3000), level(blockFrames-3000, 0, 0))
			a, b := newCircle(music, rate, 0), newCircle(music, testRate, 0)
			if tt.gain > 0 {
				a.e.Spec.Gain = tt.gain
			}
			if tt.fade {
				a.e.SetLength(time.Hour)
			}
			d.m.SetProcessors(tt.chain)
			d.m.SetSkipSilence(tt.skip)
			if tt.speed > 0 {
				d.m.SetSpeed(tt.speed)
			}
			d.m.Cut(a.e)
			if tt.fade {
				d.m.Follow(a.e, b.e, Join{Fade: time.Hour})
			}
			buf := make([]float32, 480*Channels)
			turn := func() {
				a.wind()
				b.wind()
				d.m.obey()
				for d.m.step() == 0 {
					a.wind()
					b.wind()
				}
				d.m.relieve()
				if n := d.out.src.Pull(buf); n != 480 {
					t.Fatalf("%d frames, %d underruns", n, d.m.Underruns())
				}
				for _, ok := d.m.Note(); ok; _, ok = d.m.Note() {
				}
				d.m.Due()
			}
			turn()
			if tt.convert {
				d.out.rate = 44_100
				d.m.Reopen()
				turn()
			}
			for range 200 {
				turn()
			}
			if tt.listener > 0 {
				d.m.SetGain(tt.listener, time.Minute)
			}
			if n := testing.AllocsPerRun(300, turn); n != 0 {
				t.Errorf("%v allocations in 10 ms of music", n)
			}
			if tt.fade != (d.m.in != nil) || tt.convert != (d.m.convert != nil) || (tt.speed > 0) != d.m.through {
				t.Error("what was to be measured did not run")
			}
		})
	}
}

// realTime is where no lock is taken: what a sink's thread runs, and what the mixer runs between the
// decoder's queue and the ring.
var realTime = []string{
	"ring.Pull", "pipeline.Pull", "pipeline.step", "pipeline.deliver", "pipeline.read", "pipeline.push", "pipeline.mark", "pipeline.note",
}

// exempt are functions that step calls and that are no mixing: each says why.
var exempt = map[string]string{
	"pipeline.start": "opens the sink, once, before there is any music",
}

// packages are those that real-time code is made of, and which of them each may call into.
var packages = map[string]struct {
	dir   string
	below []string
}{
	"pipeline": {".", []string{"loader", "ring", "dsp", "media"}},
	"loader":   {"../loader", nil},
	"ring":     {"../ring", []string{"media"}},
	"dsp":      {"../../dsp", []string{"media"}},
	"media":    {"../../media", nil},
}

// TestRealTimeCodeTakesNoLock follows all calls from the real-time functions through the source of the
// packages that they are made of. A method is followed by its name: into every method and function of
// that name that the caller's package can reach. So more is looked at than can run, never less.
func TestRealTimeCodeTakesNoLock(t *testing.T) {
	g := graph{calls: map[string][]string{}, breaches: map[string][]string{}}
	for name := range packages {
		g.read(t, name)
	}
	by := map[string]string{} // function → one that calls it
	var visit func(name, caller string)
	visit = func(name, caller string) {
		if _, seen := by[name]; seen || exempt[name] != "" {
			return
		}
		calls, ours := g.calls[name]
		if !ours {
			return
		}
		by[name] = caller
		for _, b := range g.breaches[name] {
			path := name
			for n := caller; n != ""; n = by[n] {
				path = n + " → " + path
			}
			t.Errorf("%s: %s", path, b)
		}
		for _, c := range calls {
			visit(c, name)
		}
	}
	for _, name := range realTime {
		if _, ok := g.calls[name]; !ok {
			t.Errorf("there is no %s", name)
		}
		visit(name, "")
	}
	for _, name := range []string{"pipeline.mixFade", "pipeline.taper", "ring.take", "dsp.dot2", "ring.Push", "dsp.choose", "loader.SetPlayed"} {
		if _, ok := by[name]; !ok {
			t.Errorf("%s was not looked at: calls get lost", name)
		}
	}
}

// graph is which functions a function calls, and what it does that real-time code may not, both by
// "package.name".
type graph struct{ calls, breaches map[string][]string }

func (g graph) read(t *testing.T, pkg string) {
	t.Helper()
	dir := packages[pkg].dir
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	for _, path := range paths {
		name := filepath.Base(path)
		// Of this package, the mixer's half: a decoder may do what it likes, and shares names with it. Of
		// loader, what the two sides share.
		decoders := dir == "." && !strings.HasPrefix(name, "mixer") && name != "voice.go" && name != "entry.go"
		loaders := dir == "../loader" && name != "progress.go"
		if strings.HasSuffix(name, "_test.go") || decoders || loaders {
			continue
		}
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				g.add(files, pkg, fn)
			}
		}
	}
}

// locks are calls that real-time code doesn't make, of sync and what is built on it.
var locks = []string{
	"Lock", "RLock", "Unlock", "RUnlock", "TryLock", "Put", "Get", "Wait", "Do", "LoadOrStore", "Sleep", "Println",
	"Printf", "Debug", "Info", "Warn", "Error",
}

func (g graph) add(files *token.FileSet, pkg string, fn *ast.FuncDecl) {
	name := pkg + "." + fn.Name.Name
	g.calls[name] = append(g.calls[name], "")
	breach := func(n ast.Node, what string) {
		g.breaches[name] = append(g.breaches[name], files.Position(n.Pos()).String()+" "+what)
	}
	call := func(callee string) {
		g.calls[name] = append(g.calls[name], pkg+"."+callee)
		for _, below := range packages[pkg].below {
			g.calls[name] = append(g.calls[name], below+"."+callee)
		}
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SendStmt:
			breach(n, "sends on a channel")
		case *ast.SelectStmt:
			breach(n, "selects")
		case *ast.GoStmt:
			breach(n, "starts a goroutine")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				breach(n, "receives from a channel")
			}
		case *ast.CallExpr:
			switch f := n.Fun.(type) {
			case *ast.Ident:
				call(f.Name)
			case *ast.SelectorExpr:
				call(f.Sel.Name)
				if slices.Contains(locks, f.Sel.Name) {
					breach(n, "calls "+f.Sel.Name)
				}
			}
		}
		return true
	})
}
