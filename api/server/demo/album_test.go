package demo

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dhowden/tag"

	"github.com/segue-audio/segue/player/media"
)

var update = flag.Bool("update", false, "write testdata/levels.golden anew")

// TestAlbum makes the album once and looks at it from every side; the race detector makes synthesis
// so slow that only TestWriteCancelled and TestRenderRepeats run the same goroutines under it.
func TestAlbum(t *testing.T) {
	if raceDetector {
		t.Skip("whole album skipped: far too slow under the race detector")
	}
	if testing.Short() {
		t.Skip("whole album skipped: -short")
	}
	dir := filepath.Join(t.TempDir(), "music")
	piece := NewPiece()
	var last Progress
	err := Write(t.Context(), dir, func(p Progress) {
		if p.Frames < last.Frames || p.Track < last.Track || p.Total != piece.Frames() {
			t.Errorf("progress went from %+v to %+v", last, p)
		}
		last = p
	})
	if err != nil {
		t.Fatal(err)
	}
	if last.Frames != piece.Frames() || last.Track != 4 || last.Title != "Landfall" {
		t.Errorf("last progress was %+v", last)
	}
	var whole []float32
	err = piece.Render(t.Context(), func(block []float32) error {
		whole = append(whole, block...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("tracks joined are the piece", func(t *testing.T) { joinedIsWhole(t, dir, piece, whole) })
	t.Run("levels", func(t *testing.T) { levelsAreGolden(t, whole) })
	t.Run("bounds", func(t *testing.T) { boundsHold(t, whole) })
	t.Run("music crosses the cuts", func(t *testing.T) { musicCrosses(t, piece, whole) })
	t.Run("tags", func(t *testing.T) { tagsReadBack(t, dir) })
	t.Run("reference decoder", func(t *testing.T) { referenceAgrees(t, dir) })
	t.Run("second write", func(t *testing.T) { secondWriteRests(t, dir) })
}

func joinedIsWhole(t *testing.T, dir string, piece *Piece, whole []float32) {
	want := newQuantiser().quantise(whole)
	if len(want) != 2*int(piece.Frames()) {
		t.Fatalf("rendered %d samples, want %d", len(want), 2*piece.Frames())
	}
	cuts := append(piece.Cuts(), piece.Frames())
	var coded int64
	for i := range cuts[1:] {
		path := filepath.Join(dir, trackName(i))
		got := decode(t, path)
		part := want[2*cuts[i] : 2*cuts[i+1]]
		if len(got) != len(part) {
			t.Fatalf("track %d holds %d samples, want %d", i+1, len(got), len(part))
		}
		for j := range part {
			if got[j] != part[j] {
				t.Fatalf("track %d, frame %d: %d, the piece has %d", i+1, j/2, got[j], part[j])
			}
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		coded += info.Size()
	}
	ratio := float64(coded) / float64(2*len(want))
	t.Logf("coded size is %.3f of PCM", ratio)
	if ratio > 0.72 {
		t.Errorf("coded size is %.3f of PCM, want at most 0.72", ratio)
	}
}

// decode reads a FLAC file whole and checks its MD5 and lengths against its STREAMINFO.
func decode(t *testing.T, path string) []int16 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return decodeFrom(t, f)
}

func levelsAreGolden(t *testing.T, whole []float32) {
	const path = "testdata/levels.golden"
	var text strings.Builder
	var levels []float64
	for bar := 0; bar*2*framesPerBar < len(whole); bar++ {
		var power float64
		for _, x := range whole[bar*2*framesPerBar : (bar+1)*2*framesPerBar] {
			power += float64(x) * float64(x)
		}
		levels = append(levels, 10*math.Log10(power/(2*framesPerBar)))
		fmt.Fprintf(&text, "%.3f\n", levels[bar])
	}
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(golden))
	if len(lines) != len(levels) {
		t.Fatalf("%d bars, golden has %d", len(levels), len(lines))
	}
	for bar, line := range lines {
		want, err := strconv.ParseFloat(line, 64)
		if err != nil {
			t.Fatal(err)
		}
		// Other processors round products and sums differently; music would differ by far more.
		if math.Abs(levels[bar]-want) > 0.02 {
			t.Errorf("bar %d has %.3f dBFS, golden %.3f", bar, levels[bar], want)
		}
	}
}

func boundsHold(t *testing.T, whole []float32) {
	limit := decibels(-1)
	meter := newLoudness()
	var sum, jump [2]float64
	for i := 0; i < len(whole); i += 2 {
		for side := range 2 {
			x := float64(whole[i+side])
			if math.IsNaN(x) || math.Abs(x) > limit {
				t.Fatalf("frame %d is %v", i/2, x)
			}
			sum[side] += x
			if i > 0 {
				jump[side] = max(jump[side], math.Abs(x-float64(whole[i-2+side])))
			}
		}
		meter.frame(float64(whole[i]), float64(whole[i+1]))
	}
	loud := meter.integrated()
	t.Logf("%.2f LUFS, peak %.2f dBFS, steepest step %.2f", loud, 20*math.Log10(meter.peak), max(jump[0], jump[1]))
	if loud < -14.5 || loud > -13.5 {
		t.Errorf("%.2f LUFS, want -14", loud)
	}
	if meter.peak < decibels(-3) {
		t.Errorf("peak %.2f dBFS: there is room above", 20*math.Log10(meter.peak))
	}
	for side := range 2 {
		if dc := sum[side] / float64(len(whole)/2); math.Abs(dc) > 1e-4 {
			t.Errorf("channel %d has an offset of %v", side, dc)
		}
		if jump[side] > 0.7 {
			t.Errorf("channel %d steps by %v between two frames", side, jump[side])
		}
	}
	if n := len(whole); whole[n-1] != 0 && math.Abs(float64(whole[n-1])) > 1e-3 {
		t.Errorf("the piece ends at %v", whole[n-1])
	}
}

func musicCrosses(t *testing.T, piece *Piece, whole []float32) {
	for i, cut := range piece.Cuts()[1:] {
		for _, block := range []media.Frames{192, 576, 960, 1024, 1152, 2048, 4096} {
			if cut%block == 0 {
				t.Errorf("cut %d at %d lies on a block of %d", i+1, cut, block)
			}
		}
		// A twentieth of a second on either side is loud, and no louder than its other half.
		side := func(from media.Frames) float64 {
			var power float64
			const frames = SampleRate / 20
			for _, x := range whole[2*from : 2*(from+frames)] {
				power += float64(x) * float64(x) / (2 * frames)
			}
			return 10 * math.Log10(power)
		}
		before, after := side(cut-SampleRate/20), side(cut)
		if before < -30 || after < -30 {
			t.Errorf("cut %d: %.1f dBFS before, %.1f after; want music", i+1, before, after)
		}
	}
}

func tagsReadBack(t *testing.T, dir string) {
	cover, err := os.ReadFile(filepath.Join(dir, coverName))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(cover))
	if err != nil {
		t.Fatal(err)
	}
	if len(cover) > 512<<10 {
		t.Errorf("the cover takes %d bytes in each track", len(cover))
	}
	if b := img.Bounds(); b.Dx() != coverSize || b.Dy() != coverSize {
		t.Errorf("cover is %v", b)
	}
	titles := []string{"Harbour Light", "Open Water", "Night Ferry", "Landfall"}
	for i, title := range titles {
		f, err := os.Open(filepath.Join(dir, fmt.Sprintf("%02d %s.flac", i+1, title)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := tag.ReadFrom(f)
		if err != nil {
			t.Fatal(err)
		}
		track, _ := m.Track()
		if m.Title() != title || m.Artist() != "Segue" || m.Album() != "The Crossing" || track != i+1 || m.Year() != 2026 || m.Genre() == "" {
			t.Errorf("track %d reads %q by %q on %q, number %d, year %d, genre %q", i+1, m.Title(), m.Artist(), m.Album(), track, m.Year(), m.Genre())
		}
		if p := m.Picture(); p == nil || !bytes.Equal(p.Data, cover) || p.MIMEType != "image/png" {
			t.Errorf("track %d lacks the cover", i+1)
		}
		var gain float64
		if _, err := fmt.Sscanf(fmt.Sprint(m.Raw()["replaygain_track_gain"]), "%f dB", &gain); err != nil || gain > 0 || gain < -8 {
			t.Errorf("track %d has replay gain %v (%v)", i+1, m.Raw()["replaygain_track_gain"], err)
		}
	}
}

func referenceAgrees(t *testing.T, dir string) {
	if _, err := exec.LookPath("flac"); err != nil {
		t.Skip("no flac here to test the files with")
	}
	for i := range movements() {
		out, err := exec.Command("flac", "-t", "-s", "-w", filepath.Join(dir, trackName(i))).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("flac -t of track %d: %v\n%s", i+1, err, out)
		}
	}
}

func secondWriteRests(t *testing.T, dir string) {
	again := func() (rendered bool) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		err := Write(ctx, dir, func(Progress) { rendered = true; cancel() })
		if rendered != (err != nil) {
			t.Errorf("rendered: %v, error: %v", rendered, err)
		}
		return rendered
	}
	if again() {
		t.Error("the complete album was rendered again")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 6 {
		t.Errorf("the folder holds %v", entries)
	}
	track := filepath.Join(dir, trackName(2))
	if err := os.Truncate(track, 100_000); err != nil {
		t.Fatal(err)
	}
	if !again() {
		t.Error("a truncated track went unnoticed")
	}
	if err := os.Remove(track); err != nil {
		t.Fatal(err)
	}
	if !again() {
		t.Error("a missing track went unnoticed")
	}
	if err := os.WriteFile(filepath.Join(dir, markerName), []byte(`{"version":0}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if !again() {
		t.Error("an older version went unnoticed")
	}
}

func TestWriteCancelled(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	err := Write(ctx, dir, func(p Progress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
}

func TestWriteNowhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), file, nil); err == nil {
		t.Error("wrote an album into a file")
	}
}

func TestRenderEndsWithEmit(t *testing.T) {
	stop := errors.New("enough")
	calls := 0
	err := NewPiece().Render(t.Context(), func([]float32) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

// TestRenderRepeats compares the first bars of two renderings bit for bit; TestAlbum compares the rest.
func TestRenderRepeats(t *testing.T) {
	enough := errors.New("enough")
	first := func() []float32 {
		var out []float32
		err := NewPiece().Render(t.Context(), func(block []float32) error {
			if out = append(out, block...); len(out) > 2*5*framesPerBar {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Fatal(err)
		}
		return out
	}
	a, b := first(), first()
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			t.Fatalf("frame %d: %v and %v", i/2, a[i], b[i])
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for b.Loop() {
		if err := Write(b.Context(), b.TempDir(), nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	piece := NewPiece()
	for b.Loop() {
		if err := piece.Render(b.Context(), func([]float32) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(piece.Frames())*float64(b.N)/SampleRate/b.Elapsed().Seconds(), "×real-time")
}
