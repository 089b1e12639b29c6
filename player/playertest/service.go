package playertest

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest/hls"
	"github.com/segue-audio/segue/player/media"
)

// SegmentLength of the tracks of a Service that says no other.
const SegmentLength = 4 * time.Second

// Bits are the sample widths of the ladder's renditions, lowest first: 706, 1,058 and 1,411 kbps.
// Each holds the same music, rounded.
var Bits = [...]int{8, 12, 16}

// Service serves tracks as HLS: /NAME/master.m3u8. It is an http.Handler; put a Link before it.
type Service struct {
	// Segment is the length of the segments that Track makes; zero means SegmentLength.
	Segment time.Duration

	mu     sync.Mutex
	files  map[string][]byte
	faults []Fault
	served map[string]int
}

// Fault changes how a request is answered. Of the faults of a service the first that wants a request
// has it.
type Fault struct {
	Match func(path string, nth int) bool // nth: how often this path has been asked for, from 1
	Serve Serve
}

// On matches paths that contain part, as often as they come.
func On(part string) func(string, int) bool {
	return func(p string, _ int) bool { return strings.Contains(p, part) }
}

// First matches the first n requests of each path that contains part.
func First(n int, part string) func(string, int) bool {
	return func(p string, nth int) bool { return nth <= n && strings.Contains(p, part) }
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

// Clone gives a service with the same tracks and no faults.
func (s *Service) Clone() *Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Service{files: maps.Clone(s.files), served: map[string]int{}}
}

// Served counts the requests for a path.
func (s *Service) Served(p string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served[p]
}

// Size is the length of what lies under a path, in bytes.
func (s *Service) Size(p string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files[p])
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
		format, packets := storedFLAC(pcm, bits)
		if err := s.rendition("/"+name+"/"+dir, format, packets, key); err != nil {
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

// rendition puts packets into encrypted fMP4 segments.
func (s *Service) rendition(dir string, format media.Format, packets []media.Packet, key []byte) error {
	s.Put(dir+"/init.mp4", fmp4.AppendInit(nil, format, media.Trim{}))
	length := s.Segment
	if length <= 0 {
		length = SegmentLength
	}
	list := hls.MediaSpec{Init: "init.mp4", Key: &hls.KeySpec{URI: "../key.bin"}}
	for first := 0; first < len(packets); {
		from, last := packets[first].Time, first
		for last+1 < len(packets) && packets[last+1].Time-from < media.FramesIn(length, Rate) {
			last++
		}
		n := len(list.Segments)
		clear := fmp4.AppendFragment(nil, uint32(n+1), from, packets[first:last+1])
		sealed, err := aes128.Encrypt(nil, clear, key, hls.SequenceIV(int64(n)))
		if err != nil {
			return err
		}
		uri := fmt.Sprintf("%d.m4s", n)
		s.Put(path.Join(dir, uri), sealed)
		frames := packets[last].Time + packets[last].Duration - from
		list.Segments = append(list.Segments, hls.SegmentSpec{URI: uri, Duration: frames.Duration(Rate)})
		first = last + 1
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
	content(w, r, body)
}

// content serves a body, ranges and a strong validator included.
func content(w http.ResponseWriter, r *http.Request, body []byte) {
	h := fnv.New64a()
	h.Write(body)
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, h.Sum64()))
	http.ServeContent(w, r, path.Base(r.URL.Path), time.Time{}, bytes.NewReader(body))
}
