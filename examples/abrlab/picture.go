package main

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"github.com/segue-audio/segue/abr/abrtest"
)

// picture draws sessions over one link: the first is the one to look at, the others stand beside it.
type picture struct {
	title  string
	cell   abrtest.Cell
	client abrtest.Client
	acts   []*act

	b      strings.Builder
	length float64 // milliseconds that the time axis has
	most   float64 // kbps at the top of the first panel
}

// The drawing's measures, in its own units.
const (
	width    = 1200
	left     = 64
	right    = 1128
	rates    = 126 // the panel of rates begins
	ratesEnd = 406 // and ends
	asked    = 446 // of requests
	askedEnd = 526
	buffers  = 566
	ends     = 746
	height   = 786

	leastRate = 10.0 // kbps at the bottom of the first panel
)

// style is for light and dark surroundings. A picture that stands in a page by <img> follows them as well.
const style = `
svg{--paper:#fff;--ink:#1f2530;--soft:#5c6675;--line:#dfe3ea;--link:#cdd8ea;--rule:#0a66c2;--best:#b4530a;--stall:#d3263a;--wait:#b98900;--good:#1d8a4a}
@media(prefers-color-scheme:dark){svg{--paper:#14181f;--ink:#e8ebf1;--soft:#9aa5b5;--line:#2c333f;--link:#2b3d5c;--rule:#5eb1ff;--best:#ffa95c;--stall:#ff6473;--wait:#e6c04d;--good:#57cf8a}}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
.h{font-size:19px;font-weight:600;fill:var(--ink)}.e{text-anchor:end}.m{text-anchor:middle}.b{fill:var(--ink);font-weight:600}
.paper{fill:var(--paper)}.line{stroke:var(--line);fill:none}.link{fill:var(--link)}
.rule{stroke:var(--rule);fill:none;stroke-width:2.5;stroke-linejoin:round}.best{stroke:var(--best);fill:none;stroke-width:1.6;stroke-dasharray:5 3}
.in{fill:var(--rule)}.off{fill:var(--stall)}.up{fill:var(--good)}.stall{fill:var(--stall);opacity:.22}.wait{fill:var(--wait);opacity:.35}
.trule{fill:var(--rule);font-weight:600}.tbest{fill:var(--best);font-weight:600}
`

func (p *picture) write(w io.Writer) error {
	for _, a := range p.acts {
		p.length = max(p.length, a.metrics.Wall)
	}
	ladder := p.client.Playlist.Ladder
	p.most = 1.5 * ladder[len(ladder)-1]
	for x := left; x < right; x += 2 {
		p.most = max(p.most, min(p.rateAt(x), 8*ladder[len(ladder)-1]))
	}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s"><style>%s</style>`,
		width, height, width, height, html.EscapeString(p.title), style)
	p.printf(`<rect class="paper" width="%d" height="%d"/>`, width, height)
	p.heading()
	p.link()
	p.axis()
	p.rungs()
	p.silences(p.acts[0])
	p.renditions()
	p.requests(p.acts[0])
	p.bufferLines()
	p.printf("</svg>\n")
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (p *picture) printf(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// x is where a moment lies.
func (p *picture) x(ms float64) float64 { return left + (right-left)*ms/p.length }

// rateAt is the link's mean rate within two units of width.
func (p *picture) rateAt(x int) float64 {
	from, to := p.length*float64(x-left)/(right-left), p.length*float64(x+2-left)/(right-left)
	return (p.client.Trace.Bits(to) - p.client.Trace.Bits(from)) / (to - from)
}

// rate is where a rate lies, on a scale of its logarithm.
func (p *picture) rate(kbps float64) float64 {
	f := math.Log(max(kbps, leastRate)/leastRate) / math.Log(p.most/leastRate)
	return ratesEnd - (ratesEnd-rates)*min(f, 1)
}

func (p *picture) heading() {
	p.printf(`<text class="h" x="%d" y="34">%s</text>`, left, html.EscapeString(p.title))
	about := fmt.Sprintf("rates × %g, room for %g s, segments of %g s", p.cell.Scale, p.cell.Buffer, p.cell.Segment)
	if p.cell.Tunnels {
		about += ", tunnels"
	}
	p.printf(`<text class="e" x="%d" y="34">%s</text>`, right, about)
	for i, a := range p.acts {
		m := &a.metrics
		p.printf(`<text x="%d" y="%d"><tspan class="t%s">%s</tspan></text><text x="%d" y="%d">QoE %s · %.0f kbps · %s · start %.1f s · %s · %s broken off · %s</text>`,
			left, 62+20*i, class(i), html.EscapeString(a.name), left+150, 62+20*i, minus(m.QoE), m.Kbps, stalls(m), m.Waited/1000,
			count(m.Switches, "switch", "switches"), count(m.Abandons, "request", "requests"), count(m.Replacements, "upgrade", "upgrades"))
	}
}

// minus writes a number with the sign that belongs to text, and none before a zero.
func minus(v float64) string {
	text := fmt.Sprintf("%.1f", v)
	if text == "-0.0" {
		return "0.0"
	}
	return strings.Replace(text, "-", "−", 1)
}

func stalls(m *abrtest.Metrics) string {
	if m.Stalls == 0 {
		return "no stall"
	}
	return fmt.Sprintf("%s of %.1f s", count(m.Stalls, "stall", "stalls"), m.Stalled/1000)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// class is how the i-th session is drawn.
func class(i int) string {
	if i == 0 {
		return "rule"
	}
	return "best"
}

// silences shows through all panels when nothing was heard.
func (p *picture) silences(a *act) {
	points := a.trail.Points
	for i := 0; i < len(points); {
		phase, k := points[i].Phase, i+1
		for k < len(points)-1 && points[k].Phase == phase {
			k++
		}
		name := map[abrtest.Phase]string{abrtest.Waiting: "wait", abrtest.Stalled: "stall"}[phase]
		from, to := p.x(points[i].At), p.x(points[min(k, len(points)-1)].At)
		i = k
		if name == "" || to <= from {
			continue
		}
		for _, panel := range [][2]int{{rates, ratesEnd}, {asked, askedEnd}, {buffers, ends}} {
			p.printf(`<rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d"/>`, name, from, panel[0], max(to-from, 0.8), panel[1]-panel[0])
		}
	}
}

func (p *picture) link() {
	var path strings.Builder
	fmt.Fprintf(&path, "M%d %d", left, ratesEnd)
	for x := left; x < right; x += 2 {
		y := p.rate(p.rateAt(x))
		fmt.Fprintf(&path, "L%d %.1fL%d %.1f", x, y, x+2, y)
	}
	p.printf(`<path class="link" d="%sL%d %dZ"/>`, path.String(), right, ratesEnd)
}

// rungs draws the ladder into the two panels that have renditions.
func (p *picture) rungs() {
	ladder := p.client.Playlist.Ladder
	p.printf(`<text x="%d" y="%d">kbps: the link, and what was heard</text>`, left, rates-8)
	p.printf(`<text x="%d" y="%d">requests</text>`, left, asked-8)
	for i, kbps := range ladder {
		for _, y := range []float64{p.rate(kbps), p.row(i) + p.rowHeight()/2} {
			p.printf(`<path class="line" d="M%d %.1fH%d"/><text class="e" x="%d" y="%.1f">%g</text>`, left, y, right, left-8, y+4.5, kbps)
		}
	}
}

func (p *picture) rowHeight() float64 {
	return (askedEnd - asked) / float64(len(p.client.Playlist.Ladder))
}

func (p *picture) row(i int) float64 { return askedEnd - p.rowHeight()*float64(i+1) }

// renditions draws what was heard when.
func (p *picture) renditions() {
	for i := len(p.acts) - 1; i >= 0; i-- {
		var path strings.Builder
		last := -1.0
		for _, h := range p.acts[i].trail.Heard {
			y := p.rate(p.client.Playlist.Ladder[h.Index]) + float64(i)*2.5 // beside the other where both are the same
			move := "L"
			if h.From-last > 1 {
				move = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1fH%.1f", move, p.x(h.From), y, p.x(h.To))
			last = h.To
		}
		p.printf(`<path class="%s" d="%s"/>`, class(i), path.String())
	}
}

func (p *picture) requests(a *act) {
	h := min(p.rowHeight()-4, 9)
	for _, r := range a.trail.Requests {
		name := "in"
		switch {
		case r.Outcome != abrtest.Complete:
			name = "off"
		case r.Replacing:
			name = "up"
		}
		y := p.row(r.Index) + (p.rowHeight()-h)/2
		p.printf(`<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, name, p.x(r.Began), y, max(p.x(r.Began+r.Elapsed)-p.x(r.Began)-0.5, 0.7), h)
	}
	x := left + 76
	for _, k := range []struct{ class, text string }{{"in", "arrived"}, {"up", "an upgrade"}, {"off", "broken off"}} {
		p.printf(`<rect class="%s" x="%d" y="%d" width="9" height="9"/><text x="%d" y="%d">%s</text>`, k.class, x, asked-16, x+14, asked-8, k.text)
		x += 112
	}
	for _, k := range []struct{ class, text string }{{"wait", "waiting for the first sound"}, {"stall", "stalled"}} {
		p.printf(`<rect class="%s" x="%d" y="%d" width="9" height="9"/><text x="%d" y="%d">%s</text>`, k.class, x, asked-16, x+14, asked-8, k.text)
		x += 190
	}
}

// bufferLines draws how much was there.
func (p *picture) bufferLines() {
	room := p.client.Buffer
	p.printf(`<text x="%d" y="%d">buffer, seconds</text>`, left, buffers-8)
	y := func(ms float64) float64 { return ends - (ends-buffers)*min(ms/room, 1) }
	for i := range 4 {
		s := room / 1000 * float64(i) / 3
		p.printf(`<path class="line" d="M%d %.1fH%d"/><text class="e" x="%d" y="%.1f">%.0f</text>`, left, y(s*1000), right, left-8, y(s*1000)+4.5, s)
	}
	for i := len(p.acts) - 1; i >= 0; i-- {
		var path strings.Builder
		for k, point := range p.acts[i].trail.Points {
			path.WriteString("ML"[min(k, 1) : min(k, 1)+1])
			fmt.Fprintf(&path, "%.1f %.1f", p.x(point.At), y(point.Buffer))
		}
		p.printf(`<path class="%s" d="%s"/>`, class(i), path.String())
	}
}

// axis draws the time.
func (p *picture) axis() {
	step := 60e3
	for p.length/step > 14 {
		step *= 2
	}
	for at := 0.0; at <= p.length; at += step {
		x := p.x(at)
		p.printf(`<path class="line" d="M%.1f %dV%dM%.1f %dV%dM%.1f %dV%d"/>`, x, rates, ratesEnd, x, asked, askedEnd, x, buffers, ends)
		p.printf(`<text class="m" x="%.1f" y="%d">%d:%02d</text>`, x, ends+20, int(at/60e3), int(at/1e3)%60)
	}
}
