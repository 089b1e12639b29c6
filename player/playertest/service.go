package playertest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// SegmentLength of all tracks here.
const SegmentLength = 4 * time.Second

// Bits are the sample widths of the ladder's renditions, lowest first: about 176, 353, 706 and 1,411
// kbps. Each holds the same music, rounded.
var Bits = [...]int{2, 4, 8, 16}

// Service serves tracks as HLS: /NAME/master.m3u8. It is an http.Handler; put a Link before it.
type Service struct {
	mu     sync.Mutex
	files  map[string][]byte
	faults []Fault
	served map[string]int
}

// Fault changes how a request is answered. Of the faults of a service the first that wants a request
// has it.
type Fault struct {
	Match func(path string, nth int) bool // nth: how often this path has been asked for, from 1
	Serve func(w http.ResponseWriter, r *http.Request, body []byte)
}

// On matches paths that contain part, as often as they come.
func On(part string) func(string, int) bool {
	return func(p string, _ int) bool { return strings.Contains(p, part) }
}

// First matches the first n requests of each path that contains part.
func First(n int, part string) func(string, int) bool {
	return func(p string, nth int) bool { return nth <= n && strings.Contains(p, part) }
}

// Status answers with an HTTP status.
func Status(code int) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(code) }
}

// Refused answers as a server that isn't there.
func Refused(http.ResponseWriter, *http.Request, []byte) { panic(Broken("connection refused")) }

// Corrupt inverts 64 bytes in the middle of the body.
func Corrupt(w http.ResponseWriter, _ *http.Request, body []byte) {
	bad := bytes.Clone(body)
	for i := len(bad) / 2; i < min(len(bad), len(bad)/2+64); i++ {
		bad[i] ^= 0xff
	}
	w.Write(bad)
}

// Instead answers with another body.
func Instead(other []byte) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.Write(other) }
}

// NewService makes an empty service.
func NewService() *Service {
	return &Service{files: map[string][]byte{}, served: map[string]int{}}
}

// Fail adds a fault.
func (s *Service) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// Heal takes all faults away.
func (s *Service) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Served counts the requests for a path.
func (s *Service) Served(p string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served[p]
}

// Put makes body available under a path.
func (s *Service) Put(p string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[p] = body
}

// Track packages music as a ladder under name, encrypted, and returns its master playlist's path.
func (s *Service) Track(t testing.TB, name string, pcm []int16) string {
	t.Helper()
	key := []byte("0123456789abcdef")
	s.Put("/"+name+"/key.bin", key)
	var variants []hls.VariantSpec
	for _, bits := range Bits {
		dir := fmt.Sprintf("flac%d", bits)
		file, err := EncodeFLAC(Coarse(pcm, bits), bits)
		if err == nil {
			err = s.rendition("/"+name+"/"+dir, file, key)
		}
		if err != nil {
			t.Fatal(err)
		}
		rate := media.Bitrate(bits * 2 * Rate)
		variants = append(variants, hls.VariantSpec{URI: dir + "/index.m3u8", Peak: rate, Codecs: "fLaC", Name: dir})
	}
	master, err := hls.AppendMaster(nil, variants)
	if err != nil {
		t.Fatal(err)
	}
	s.Put("/"+name+"/master.m3u8", master)
	return "/" + name + "/master.m3u8"
}

// rendition cuts a FLAC file into encrypted fMP4 segments.
func (s *Service) rendition(dir string, file, key []byte) error {
	demux, err := flac.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	s.Put(dir+"/init.mp4", fmp4.AppendInit(nil, demux.Info().Format, media.Trim{}))
	list := hls.MediaSpec{Init: "init.mp4", Key: &hls.KeySpec{URI: "../key.bin"}}
	var packets []media.Packet
	var from media.Frames
	cut := func(to media.Frames) error {
		n := len(list.Segments)
		clear := fmp4.AppendFragment(nil, uint32(n+1), from, packets)
		sealed, err := aes128.Encrypt(nil, clear, key, hls.SequenceIV(int64(n)))
		if err != nil {
			return err
		}
		uri := fmt.Sprintf("%d.m4s", n)
		s.Put(path.Join(dir, uri), sealed)
		list.Segments = append(list.Segments, hls.SegmentSpec{URI: uri, Duration: (to - from).Duration(Rate)})
		packets, from = nil, to
		return nil
	}
	for {
		var p media.Packet
		err := demux.Next(&p)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if p.Time > from && p.Time-from >= media.FramesIn(SegmentLength, Rate) {
			if err := cut(p.Time); err != nil {
				return err
			}
		}
		p.Data = bytes.Clone(p.Data)
		packets = append(packets, p)
	}
	last := packets[len(packets)-1]
	if err := cut(last.Time + last.Duration); err != nil {
		return err
	}
	body, err := hls.AppendMedia(nil, &list)
	s.Put(dir+"/index.m3u8", body)
	return err
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	body, ok := s.files[r.URL.Path]
	s.served[r.URL.Path]++
	nth := s.served[r.URL.Path]
	faults := s.faults
	s.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, ".bin") {
		w.Header().Set("Cache-Control", "private, max-age=3600")
	}
	for _, f := range faults {
		if f.Match(r.URL.Path, nth) {
			f.Serve(w, r, body)
			return
		}
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, bytes.NewReader(body))
}
