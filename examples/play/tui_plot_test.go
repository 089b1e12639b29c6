package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/muesli/termenv"

	"github.com/segue-audio/segue/player"
)

func TestPlots(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name string
		got  []string
		want string
	}{
		{"area rises", area([]float64{1, 2, 3, 4}, 2, 1, 4), "⣠⣾"},
		{"the last value is rightmost", area([]float64{4}, 3, 1, 4), "⠀⠀⢸"},
		{"only the last that fit", area([]float64{4, 4, 0, 4}, 1, 1, 4), "⢸"},
		{"two rows", area([]float64{8, 4}, 1, 2, 8), "⡇\n⣿"},
		{"little is not nothing", area([]float64{0.001, 0}, 1, 1, 8), "⡀"},
		{"a gap", area([]float64{nan, 4, 4, nan}, 2, 1, 4), "⢸⡇"},
		{"too much is full", area([]float64{9, math.Inf(1)}, 1, 1, 4), "⣿"},
		{"no scale", area([]float64{1, 1}, 1, 1, 0), "⠀"},
		{"steps", steps([]float64{1, 1, 4, 4}, 2, 1, 4), "⣀⠉"},
		{"steps over rows", steps([]float64{8, 1}, 1, 2, 8), "⠁\n⢀"},
		{"no room", area([]float64{1}, 0, 0, 4), ""},
	}
	for _, test := range tests {
		if got := strings.Join(test.got, "\n"); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func TestHistoryColumns(t *testing.T) {
	var h history
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	for i := range 400 { // 100 s, looked at four times a second
		h.add(at(float64(i)/4), player.State{Buffered: time.Duration(i/4) * time.Second, Rendition: -1})
	}
	if n := len(h.samples); n != 200 {
		t.Fatalf("%d samples of 100 s", n)
	}
	buffered := func(s sample) float64 { return s.buffered }
	got := h.columns(at(99.9), 6, buffered) // 20 s each, the first before the start
	want := []float64{math.NaN(), 9.5, 29.5, 49.5, 69.5, 89.5}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 0.6 || math.IsNaN(got[i]) != math.IsNaN(want[i]) {
			t.Errorf("%v, want about %v", got, want)
		}
	}
	// More columns than samples: each sample reaches to the next.
	fine := h.columns(at(99.9), 960, buffered)
	if i := slices.IndexFunc(fine[161:], math.IsNaN); i >= 0 {
		t.Errorf("a hole at column %d", 161+i)
	}
	if !math.IsNaN(h.columns(at(100), 6, func(s sample) float64 { return s.rendition })[5]) {
		t.Error("a rendition where there was none")
	}
	for i := range 1000 {
		h.add(at(100+float64(i)), player.State{})
	}
	if n := len(h.samples); n > 122 {
		t.Errorf("%d samples are kept", n)
	}
}

func TestListWindow(t *testing.T) {
	var l list
	for _, test := range []struct{ move, n, height, from, to, cursor int }{
		{0, 10, 4, 0, 4, 0}, {3, 10, 4, 0, 4, 3}, {1, 10, 4, 1, 5, 4}, {100, 10, 4, 6, 10, 9}, {-3, 10, 4, 6, 10, 6},
		{-1, 10, 4, 5, 9, 5}, {0, 3, 4, 0, 3, 2}, {0, 0, 4, 0, 0, 0}, {0, 5, 0, 0, 0, 0},
	} {
		l.move(test.move, test.n)
		if from, to := l.window(test.n, test.height); from != test.from || to != test.to || l.cursor != test.cursor {
			t.Errorf("%+v: %d–%d, cursor %d", test, from, to, l.cursor)
		}
	}
}

func TestCover(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 40, 20)) // wider than high: the middle counts
	for y := range 20 {
		for x := range 40 {
			c := color.RGBA{0, 0, 255, 255}
			if y < 10 {
				c = color.RGBA{255, 0, 0, 255}
			}
			if x < 10 || x >= 30 {
				c = color.RGBA{0, 255, 0, 255}
			}
			img.Set(x, y, c)
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	decoded, err := decodeCover(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	lines := halfBlocks(decoded, 1, testTheme(termenv.TrueColor))
	if want := strings.Repeat("\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[0m", 2); len(lines) != 1 || lines[0] != want {
		t.Errorf("%q, want %q", lines, want)
	}
}

func TestCoverOfOutrageousSize(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	data := file.Bytes()
	copy(data[16:24], "\x00\x7f\xff\xff\x00\x7f\xff\xff") // width and height; the sum of the chunk no longer fits
	if _, err := decodeCover(data); err == nil {
		t.Error("taken")
	}
}

func FuzzDecodeCover(f *testing.F) {
	img := image.NewGray(image.Rect(0, 0, 3, 2))
	var a, b bytes.Buffer
	if err := png.Encode(&a, img); err != nil {
		f.Fatal(err)
	}
	if err := jpeg.Encode(&b, img, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(a.Bytes())
	f.Add(b.Bytes())
	f.Add([]byte("GIF89a"))
	theme := testTheme(termenv.TrueColor)
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := decodeCover(data)
		if err != nil || img.Bounds().Dx() > 1000 || img.Bounds().Dy() > 1000 { // big ones are slow, not wrong
			return
		}
		if lines := halfBlocks(img, 3, theme); len(lines) != 3 {
			t.Fatal(len(lines))
		}
	})
}
