package server_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/segue-audio/segue/api"
	"github.com/segue-audio/segue/api/server"
	"github.com/segue-audio/segue/api/server/ingest"
)

// signal makes n frames of something that no shift of itself resembles: smoothed noise, other in
// each channel, the same for the same seed. Samples are whole numbers of the given width.
func signal(n, channels, bits int, seed uint64) []int32 {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := make([]int32, 0, n*channels)
	state := make([]float64, channels)
	full := math.Exp2(float64(bits - 1))
	for range n {
		for c := range state {
			state[c] += 0.2 * (rnd.NormFloat64() - state[c])
			out = append(out, int32(math.Round(math.Max(-0.9, math.Min(0.9, state[c]*0.5))*full)))
		}
	}
	return out
}

// wavFile is a WAV of the samples, with an INFO list in front of them.
func wavFile(samples []int32, rate, channels, bits int, info map[string]string) []byte {
	var list, b bytes.Buffer
	for id, text := range info {
		list.WriteString(id)
		text += "\x00"
		_ = binary.Write(&list, binary.LittleEndian, uint32(len(text)))
		list.WriteString(text)
		if len(text)%2 == 1 {
			list.WriteByte(0)
		}
	}
	width := bits / 8
	var chunks bytes.Buffer
	chunks.WriteString("WAVEfmt ")
	for _, v := range []any{uint32(16), uint16(1), uint16(channels), uint32(rate), uint32(rate * channels * width), uint16(channels * width), uint16(bits)} {
		_ = binary.Write(&chunks, binary.LittleEndian, v)
	}
	if list.Len() > 0 {
		chunks.WriteString("LIST")
		_ = binary.Write(&chunks, binary.LittleEndian, uint32(4+list.Len()))
		chunks.WriteString("INFO")
		chunks.Write(list.Bytes())
	}
	chunks.WriteString("data")
	_ = binary.Write(&chunks, binary.LittleEndian, uint32(len(samples)*width))
	for _, s := range samples {
		if bits == 8 {
			s += 128
		}
		for i := range width {
			chunks.WriteByte(byte(s >> (8 * i)))
		}
	}
	b.WriteString("RIFF")
	_ = binary.Write(&b, binary.LittleEndian, uint32(chunks.Len()))
	b.Write(chunks.Bytes())
	return b.Bytes()
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func tool(t testing.TB, names ...string) {
	t.Helper()
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			t.Skipf("%s is not installed", n)
		}
	}
}

// run runs a program and gives what it wrote to stdout.
func run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, errs.Bytes())
	}
	return out.Bytes()
}

func cover(t testing.TB) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	img.Set(3, 3, color.RGBA{200, 100, 50, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// backend is a server on loopback with a client of it.
type backend struct {
	*server.Server
	client *api.Client
	url    string
	steps  []ingest.Progress // of the last ingest
}

func start(t testing.TB, cfg server.Config) *backend {
	t.Helper()
	if cfg.DataDir == "" {
		cfg.DataDir = t.TempDir()
	}
	s, err := server.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		h.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := api.New(h.URL, api.Options{Token: cfg.Token, Retry: api.Retry{Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return &backend{Server: s, client: c, url: h.URL}
}

func (b *backend) ingest(t testing.TB) {
	t.Helper()
	b.steps = nil
	if err := b.Ingest(context.Background(), func(p ingest.Progress) { b.steps = append(b.steps, p) }); err != nil {
		t.Fatal(err)
	}
}

// ended counts the files that ended in a stage.
func (b *backend) ended(stage ingest.Stage) (n int) {
	for _, p := range b.steps {
		if p.Stage == stage {
			n++
		}
	}
	return n
}

// byTitle gives the catalogue by title.
func (b *backend) byTitle(t testing.TB) map[string]api.Track {
	t.Helper()
	all := map[string]api.Track{}
	for tr, err := range b.client.Tracks(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all[tr.Title] = tr
	}
	return all
}
