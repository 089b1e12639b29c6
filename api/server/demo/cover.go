package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"runtime"
	"sync"
)

// coverSize is the cover's width and height in pixels.
const coverSize = 900

// rgb is a colour in linear light, 1 being white.
type rgb struct{ r, g, b float64 }

// hex reads a colour as the web writes it.
func hex(v uint32) rgb {
	linear := func(c uint32) float64 { return math.Pow(float64(c&255)/255, 2.2) }
	return rgb{linear(v >> 16), linear(v >> 8), linear(v)}
}

func (c rgb) mix(to rgb, x float64) rgb {
	x = max(0, min(1, x))
	return rgb{c.r + (to.r-c.r)*x, c.g + (to.g-c.g)*x, c.b + (to.b-c.b)*x}
}

func (c rgb) add(to rgb, x float64) rgb { return rgb{c.r + to.r*x, c.g + to.g*x, c.b + to.b*x} }

// gradient runs through colours at places from 0 to 1.
type gradient []struct {
	at float64
	c  rgb
}

func (g gradient) colour(x float64) rgb {
	for i := 1; i < len(g); i++ {
		if x < g[i].at {
			return g[i-1].c.mix(g[i].c, smooth((x-g[i-1].at)/(g[i].at-g[i-1].at)))
		}
	}
	return g[len(g)-1].c
}

const (
	horizon = 0.60 // of the height, from the top
	sunX    = 0.63
	sunY    = 0.455
	sunR    = 0.112
	ridges  = 4
	samples = 3 // a side, for smooth edges
)

// ridge is a range of hills: the loudness of one movement, seen from afar.
type ridge struct {
	height []float64 // of the cover's height over base, by column
	base   float64
	top    rgb
	foot   rgb
}

// drawCover paints an evening at sea from the loudness of the piece by step,
// size pixels square, and gives it as
// PNG.
func drawCover(envelope []float64, size int) ([]byte, error) {
	scene := newScene(envelope, size)
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	levels := newLevels()
	var painters sync.WaitGroup
	hands := runtime.GOMAXPROCS(0)
	for hand := range hands {
		painters.Go(func() {
			for y := hand; y < size; y += hands {
				scene.paint(img, levels, y)
			}
		})
	}
	painters.Wait()
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}

// paint fills a row.
func (s *scene) paint(img *image.RGBA, l levels, y int) {
	for x := range s.size {
		var sum rgb
		for part := range samples * samples {
			u := (float64(x) + (float64(part%samples)+0.5)/samples) / float64(s.size)
			v := (float64(y) + (float64(part/samples)+0.5)/samples) / float64(s.size)
			sum = sum.add(s.at(u, v), 1.0/(samples*samples))
		}
		img.SetRGBA(x, y, l.pixel(sum, x, y))
	}
}

// levels turns linear light to the 8 bits of a picture, by table.
type levels []float64

const levelSteps = 4096

func newLevels() levels {
	l := make(levels, levelSteps+1)
	for i := range l {
		l[i] = 255 * math.Pow(float64(i)/levelSteps, 1/2.2)
	}
	return l
}

// pixel rounds to 8 bits with an ordered dither, which keeps the sky free of bands and, unlike noise,
// compresses.
func (l levels) pixel(c rgb, x, y int) color.RGBA {
	bayer := [4][4]float64{{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}}
	d := (bayer[y&3][x&3] + 0.5) / 16
	level := func(v float64) uint8 {
		at := max(0, min(1, v)) * levelSteps
		i := min(int(at), levelSteps-1)
		return uint8(min(255, l[i]+(l[i+1]-l[i])*(at-float64(i))+d))
	}
	return color.RGBA{level(c.r), level(c.g), level(c.b), 255}
}

// scene is what the cover shows.
type scene struct {
	size       int // pixels
	sky, water gradient
	hills      [ridges]ridge
	near, far  rgb       // the sun's glow
	sun        [2]rgb    // its top and foot
	lamp, boat rgb       // light on the water; what stands against it
	stars      []float32 // light by pixel, rows from the top
	glints     []float32 // the same, of the water
}

func newScene(envelope []float64, size int) *scene {
	s := &scene{
		size: size,
		near: hex(0xffb070), far: hex(0xff8a70), sun: [2]rgb{hex(0xfff3cf), hex(0xffb36b)},
		lamp: hex(0xffd9a0), boat: hex(0x171538),
		sky: gradient{
			{0, hex(0x141a3c)}, {0.2, hex(0x2f2a63)}, {0.36, hex(0x7a3f7c)}, {0.47, hex(0xd9677a)}, {0.545, hex(0xf6a87a)}, {horizon, hex(0xfbd8a0)},
		},
		water: gradient{
			{horizon, hex(0xf0a880)}, {0.64, hex(0xb8627c)}, {0.74, hex(0x5b3a74)}, {0.88, hex(0x23255a)}, {1, hex(0x0f1536)},
		},
	}
	s.raise(envelope)
	s.scatter()
	return s
}

// at is the colour of a point, both coordinates from 0 to 1, y downwards.
func (s *scene) at(x, y float64) rgb {
	if aboard(x, y) {
		return s.boat
	}
	if y >= horizon {
		return s.sea(x, y)
	}
	return s.land(x, y, true)
}

// heaven is the sky; disc tells whether the sun itself stands in it or only its glow.
func (s *scene) heaven(x, y float64, disc bool) rgb {
	c := s.sky.colour(y)
	d := math.Sqrt((x-sunX)*(x-sunX) + (y-sunY)*(y-sunY))
	c = c.add(s.near, 0.55*math.Exp(-d*d/0.035)).add(s.far, 0.22*math.Exp(-d/0.22))
	c = c.add(rgb{0.9, 0.92, 1}, s.light(s.stars, x, y))
	if disc && d < sunR {
		low := (y - sunY + sunR) / (2 * sunR)
		c = s.sun[0].mix(s.sun[1], low*low)
	}
	return c
}

// land is the sky with the hills before it, the farthest first.
func (s *scene) land(x, y float64, disc bool) rgb {
	for i := ridges - 1; i >= 0; i-- {
		h := &s.hills[i]
		if up := h.base - y; up >= 0 && up < h.over(x) {
			return h.foot.mix(h.top, up/0.16)
		}
	}
	return s.heaven(x, y, disc)
}

func (h *ridge) over(x float64) float64 {
	at := x * float64(len(h.height)-1)
	i := min(int(at), len(h.height)-2)
	return h.height[i] + (h.height[i+1]-h.height[i])*(at-float64(i))
}

// sea mirrors the land, the image broken up by waves that are larger near the viewer.
func (s *scene) sea(x, y float64) rgb {
	depth := (y - horizon) / (1 - horizon)
	row := math.Log(depth+0.03) * 30
	sway := (0.004 + 0.03*depth) * (math.Sin(row*2.1+x*9) + 0.6*math.Sin(row*3.7-x*13+1))
	mirrorY := horizon - (y-horizon)*0.92 - 0.6*sway*depth
	mirror := s.land(max(0, min(1, x+0.5*sway)), max(0, min(horizon-1e-6, mirrorY)), false)
	c := s.water.colour(y).mix(mirror, 0.5-0.34*depth)
	// The sun's own image is a road of light, wider and fainter towards the viewer.
	road := (x - sunX + 0.8*sway) / (0.055 + 0.09*depth)
	ripple := 0.62 + 0.38*math.Sin(row*2.7+3*math.Sin(row*0.9+x*6))
	c = c.add(s.lamp, 0.42*math.Exp(-road*road)*ripple*(1-0.85*depth)*smooth(depth*25))
	return c.add(s.lamp, s.light(s.glints, x, y))
}

// aboard tells whether a point belongs to the boat: a hull, a mast and two sails before the wind.
func aboard(x, y float64) bool {
	const size = 0.085
	dx, dy := (x-0.3)/size, (0.722-y)/size // from the waterline amidships, upwards
	switch {
	case dy < 0:
		return false
	case dy < 0.13:
		half := 0.34 + 0.9*dy - 2.2*dy*dy
		return dx > -half && dx < half+0.12
	case dy < 1.2 && math.Abs(dx-0.02) < 0.009:
		return true
	case dy < 0.18:
		return false
	}
	main := 0.38 * (1 - (dy-0.18)/1.02)
	if x := dx - 0.045; dy < 1.2 && x > 0 && x < main*(1+0.25*math.Sin(math.Pi*(dy-0.18)/1.02)) {
		return true
	}
	fore := 0.27 * (1 - (dy-0.18)/0.8)
	x = -0.01 - dx
	return dy < 0.98 && x > 0 && x < fore*(1+0.2*math.Sin(math.Pi*(dy-0.18)/0.8))
}

// raise makes the ridges: each is one movement's envelope, smoothed, over a slow swell.
func (s *scene) raise(envelope []float64) {
	tops := [ridges]rgb{hex(0xc4698a), hex(0x87477f), hex(0x4a2f6b), hex(0x1c1a44)}
	feet := [ridges]rgb{hex(0xf0a183), hex(0xb8627f), hex(0x6d4078), hex(0x2a2454)}
	heights := [ridges]float64{0.17, 0.145, 0.11, 0.085}
	list := movements()
	for i := range s.hills {
		first := list[i].first * stepsPerBar
		part := envelope[min(first, len(envelope)):min(first+list[i].bars*stepsPerBar, len(envelope))]
		s.hills[i] = ridge{height: outline(part, heights[i], float64(i)), base: horizon + 1e-9, top: tops[i], foot: feet[i]}
	}
}

// outline turns an envelope of power into the line of a ridge.
func outline(power []float64, height, shape float64) []float64 {
	const columns = 600
	out := make([]float64, columns)
	for i := range out {
		x := float64(i) / (columns - 1)
		broad := around(power, x, 0.06)
		fine := around(power, x, 0.009)
		swell := 0.55 + 0.45*math.Sin(2*math.Pi*(x*(0.8+0.25*shape)+0.31*shape*shape+0.1))
		out[i] = height * max(0, swell*(0.25+0.6*broad)+1.1*(fine-broad)*(0.3+swell))
	}
	return out
}

// around is the level near a place of an envelope, -36 dB being 0 and -9 dB 1.
func around(power []float64, x, width float64) float64 {
	var sum, weight float64
	for i, p := range power {
		d := (float64(i)/float64(len(power)) - x) / width
		if d*d > 9 {
			continue
		}
		w := math.Exp(-d * d)
		sum += w * p
		weight += w
	}
	if weight == 0 || sum == 0 {
		return 0
	}
	return max(0, min(1, (10*math.Log10(sum/weight)+36)/27))
}

// scatter places the stars and the lights on the water.
func (s *scene) scatter() {
	random := noise(0x57a45)
	s.stars = make([]float32, s.size*s.size)
	for range 130 {
		x, y := random.unit(), random.unit()*random.unit()*0.36
		bright := random.unit()
		size := 0.0008 + 0.0011*bright*bright
		s.shine(s.stars, x, y, size, size, (0.15+0.85*bright*bright)*(1-y/0.4))
	}
	s.glints = make([]float32, s.size*s.size)
	for range 190 {
		depth := math.Pow(random.unit(), 1.4)
		spread := 0.05 + 0.16*depth
		off := (random.unit() + random.unit() - 1) * spread
		s.shine(s.glints, sunX+off, horizon+0.008+depth*0.37,
			0.7*(0.006+0.03*depth)*(0.5+random.unit()), 0.7*(0.0011+0.0035*depth),
			(0.75-0.55*depth)*(1-0.6*math.Abs(off)/spread))
	}
}

// shine adds a soft spot of light, w wide and h high at 1/e, to a layer.
func (s *scene) shine(layer []float32, x, y, w, h, strength float64) {
	n, last := float64(s.size), s.size-1
	for py := max(0, int((y-2.5*h)*n)-1); py <= min(last, int((y+2.5*h)*n)+1); py++ {
		for px := max(0, int((x-2.5*w)*n)-1); px <= min(last, int((x+2.5*w)*n)+1); px++ {
			dx, dy := ((float64(px)+0.5)/n-x)/w, ((float64(py)+0.5)/n-y)/h
			layer[py*s.size+px] += float32(strength * math.Exp(-dx*dx-dy*dy))
		}
	}
}

func (s *scene) light(layer []float32, x, y float64) float64 {
	n, last := float64(s.size), s.size-1
	return float64(layer[min(last, int(y*n))*s.size+min(last, int(x*n))])
}
