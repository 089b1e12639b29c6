package clients_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

const rate = 44_100

// glide makes stereo in which no two moments are alike, and which begins and ends at full level: tones that
// rise, others on each side.
func glide(frames int) []float32 {
	out := make([]float32, 0, 2*frames)
	for i := range frames {
		at := float64(i) / rate
		for c := range 2 {
			f := 220 * (1 + 0.5*float64(c))
			v := math.Cos(2*math.Pi*(f+40*at)*at) + 0.5*math.Cos(2*math.Pi*(3.3*f+90*at)*at) + 0.25*math.Cos(2*math.Pi*(2500+170*at)*at)
			out = append(out, float32(v*0.35*(0.6+0.4*math.Cos(2*math.Pi*5*at))))
		}
	}
	return out
}

// heard is how what came out of a player differs from what went in, in frames.
type heard struct {
	early int // sound before the music's first frame; negative where its beginning is missing
	late  int // sound behind its last frame; negative where its end is missing
	gaps  []string
}

func (h heard) String() string {
	s := fmt.Sprintf("begins %+d, ends %+d", h.early, h.late)
	if len(h.gaps) > 0 {
		s += fmt.Sprintf(", %d gaps (%s)", len(h.gaps), h.gaps[0])
	}
	return s
}

// ok: nothing is missing, nothing comes twice, and the encoder's delay and padding at most are too much.
func (h heard) ok() bool {
	const decoder = 128 // of a start or end, that a player may fade or filter
	return h.early >= -decoder && h.early <= 2048+decoder && h.late >= -decoder && h.late <= 2048+decoder && len(h.gaps) == 0
}

const (
	window = 2048
	// alike is the likeness from which on a window counts as the same music: what 48 kbps does to tones is
	// far better, and a window that is shifted by ten frames, or half missing, worse.
	alike = 0.93
	quiet = 2e-3
)

// compare finds the music in what was heard. The error says that it isn't there at all.
func compare(music, got []float32) (heard, error) {
	var h heard
	first, last := sounding(got)
	if first < 0 {
		return h, fmt.Errorf("%d frames of silence", len(got)/2)
	}
	// A quarter of a second on, the music has certainly begun, and lies no further off than an encoder puts it.
	at := first + rate/4
	place, like := find(music, got, at, rate/4-4000, rate/4+4000)
	if like < alike {
		return h, fmt.Errorf("other sound than the music, of likeness %.2f", like)
	}
	shift := at - place // music's frame i is heard at i + shift
	h.early = shift - first
	for i := max(0, -shift); i+window <= len(music)/2; i += window {
		if i+shift+window > len(got)/2 {
			h.gaps = append(h.gaps, fmt.Sprintf("nothing from %.3f s on", float64(i)/rate))
			break
		}
		if like := likeness(music, got, i, i+shift); like < alike {
			h.gaps = append(h.gaps, fmt.Sprintf("likeness %.2f at %.3f s", like, float64(i)/rate))
			if p, l := find(music, got, i+shift+window, i-8000, i+window+8000); l >= alike { // it goes on elsewhere
				shift = i + shift + window - p
			}
		}
	}
	h.late = last + 1 - (len(music)/2 + shift)
	return h, nil
}

// landed is the moment of the music, in seconds, with which what was heard begins; near is where to look.
func landed(music, got []float32, near float64) (float64, error) {
	first, _ := sounding(got)
	if first < 0 {
		return 0, fmt.Errorf("%d frames of silence", len(got)/2)
	}
	at := first + window // behind what a player may fade in
	place, like := find(music, got, at, int((near-0.25)*rate), int((near+0.25)*rate))
	if like < alike {
		return 0, fmt.Errorf("other sound than the music there, of likeness %.2f", like)
	}
	return float64(place-window) / rate, nil
}

// sounding gives the first and the last frame that isn't silent; −1 where there is none.
func sounding(got []float32) (first, last int) {
	first = -1
	for i := 0; i+1 < len(got); i += 2 {
		if math.Abs(float64(got[i])) > quiet || math.Abs(float64(got[i+1])) > quiet {
			if first < 0 {
				first = i / 2
			}
			last = i / 2
		}
	}
	return first, last
}

// find gives the frame of the music between from and to that the window at frame `at` of got is most like.
func find(music, got []float32, at, from, to int) (place int, like float64) {
	like = -1
	for p := max(0, from); p <= to && p+window <= len(music)/2; p++ {
		if l := likeness(music, got, p, at); l > like {
			place, like = p, l
		}
	}
	return place, like
}

// likeness is the correlation of two windows, 1 for the same but for the level.
func likeness(music, got []float32, m, g int) float64 {
	if g < 0 || g+window > len(got)/2 {
		return -1
	}
	var dot, a, b float64
	for i := 0; i < 2*window; i += 3 { // of both sides in turn: enough to tell by
		x, y := float64(music[2*m+i]), float64(got[2*g+i])
		dot, a, b = dot+x*y, a+x*x, b+y*y
	}
	return dot / math.Sqrt(a*b+1e-20)
}

// TestCompareCanFail: the judge sees what is lost, doubled, shifted, silent or other music.
func TestCompareCanFail(t *testing.T) {
	music := glide(3 * rate)
	with := func(parts ...[]float32) (all []float32) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	silence := make([]float32, 2*5000)
	hiss := make([]float32, 2*1024)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range hiss {
		hiss[i] = float32(rng.NormFloat64() * 0.05)
	}
	cut := 2 * 70_000
	for name, c := range map[string]struct {
		got         []float32
		early, late int
		gaps        bool
	}{
		"as it is":   {music, 0, 0, false},
		"in silence": {with(silence, music, silence), 0, 0, false},
		"priming":    {with(silence, hiss, music, hiss), 1024, 1024, false},
		"a hole":     {with(music[:cut], silence[:2*100], music[cut:]), 0, 0, true},
		"a loss":     {with(music[:cut], music[cut+2*1024:]), 0, 0, true},
		"twice":      {with(music[:cut], music[cut-2*1024:]), 0, 0, true},
		"beginning":  {music[2*1024:], -1024, 0, false},
		"end":        {music[:len(music)-2*3000], 0, -3000, true},
	} {
		h, err := compare(music, c.got)
		if err != nil || h.early < c.early-30 || h.early > c.early+30 || h.late < c.late-30 || h.late > c.late+30 || (len(h.gaps) > 0) != c.gaps {
			t.Errorf("%s: %v, %v; want %+d, %+d, gaps %v", name, h, err, c.early, c.late, c.gaps)
		}
	}
	for name, got := range map[string][]float32{"silence": silence, "other music": hiss, "another place": music[2*rate:]} {
		if h, err := compare(music, got); err == nil && h.ok() {
			t.Errorf("%s was taken for the music: %v", name, h)
		}
	}
	if at, err := landed(music, with(silence, music[2*50_000:]), 1.2); err != nil || math.Abs(at-50_000.0/rate) > 1e-3 {
		t.Errorf("landed at %.4f s, %v", at, err)
	}
	if _, err := landed(music, music[2*2*rate:], 0.5); err == nil {
		t.Error("a landing two seconds off was taken for one")
	}
}
