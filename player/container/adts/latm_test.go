package adts

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
)

// latm says how write lays packets out in LOAS.
type latm struct {
	version   int
	subframes int // packets in an element
	every     int // elements to a configuration; zero for one in each
	asc       []int
	edit      func(w *writer) // writes another configuration
	other     bool            // something else behind the packets
}

// ascBits is AudioSpecificConfig of LC, 44.1 kHz, stereo.
var ascBits = []int{2, 5, 4, 4, 2, 4, 0, 3} // values and their lengths by turns

func fields(w *writer, f []int) (n int) {
	for i := 0; i < len(f); i += 2 {
		w.write(f[i], f[i+1])
		n += f[i+1]
	}
	return n
}

// value writes what readValue reads.
func value(w *writer, v int) {
	w.write(1, 2)
	w.write(v, 16)
}

func (l latm) config(w *writer) {
	w.write(l.version, 1)
	if l.version == 1 {
		w.write(0, 1)
		value(w, 77)
	}
	w.write(1, 1)
	w.write(l.subframes-1, 6)
	w.write(0, 7) // one program, one layer
	asc := l.asc
	if asc == nil {
		asc = ascBits
	}
	if l.version == 1 {
		value(w, fields(&writer{}, asc)+5)
	}
	fields(w, asc)
	if l.version == 1 {
		w.write(0, 5) // fill bits, which nothing tells from the configuration's own
	}
	w.write(0, 3)
	w.write(0xff, 8)
	w.write(map[bool]int{true: 1}[l.other], 1)
	if l.other && l.version == 1 {
		value(w, 300)
	} else if l.other {
		w.write(1, 1)
		w.write(1, 8) // × 256
		w.write(0, 1)
		w.write(44, 8)
	}
	w.write(1, 1) // a checksum
	w.write(0x3c, 8)
}

func (l latm) write(blocks [][]byte) (out []byte) {
	for i := 0; i < len(blocks); i += l.subframes {
		w := writer{}
		if l.every > 0 && i/l.subframes%l.every != 0 {
			w.write(1, 1)
		} else if w.write(0, 1); l.edit != nil {
			l.edit(&w)
		} else {
			l.config(&w)
		}
		for k := range l.subframes {
			var b []byte
			if i+k < len(blocks) {
				b = blocks[i+k]
			}
			n := len(b)
			for ; n >= 255; n -= 255 {
				w.write(255, 8)
			}
			w.write(n, 8)
			for _, c := range b {
				w.write(int(c), 8)
			}
		}
		if l.other {
			for range 300 {
				w.write(1, 1)
			}
		}
		out = append(out, 0x56, 0xe0|byte(len(w.b)>>8), byte(len(w.b)))
		out = append(out, w.b...)
	}
	return out
}

// TestLATM has one stream's packets in all that AudioMuxElement knows of one program and layer.
func TestLATM(t *testing.T) {
	blocks := dataOf(packets(t, file(t, "tone.aac")))[:12]
	for version := range 2 {
		for _, subframes := range []int{1, 2, 3, 4} {
			for _, every := range []int{0, 1, 3} {
				for _, other := range []bool{false, true} {
					l := latm{version: version, subframes: subframes, every: every, other: other}
					d := openBytes(t, l.write(blocks))
					got, err := containertest.Drain(d)
					if err != io.EOF {
						t.Fatalf("%+v: %v", l, err)
					}
					checkData(t, got, blocks)
					want := []byte{0x12, 0x10}
					if version == 1 {
						want = append(want, 0) // the fill bits
					}
					if f := d.Info().Format; !bytes.Equal(f.Config, want) || f.SampleRate != 44_100 || f.Channels != 2 {
						t.Fatalf("%+v: %+v", l, f)
					}
				}
			}
		}
	}
}

// TestSpecificConfigs has each kind of AudioSpecificConfig in a configuration that doesn't tell its length.
func TestSpecificConfigs(t *testing.T) {
	blocks := dataOf(packets(t, file(t, "tone.aac")))[:8]
	for name, c := range map[string]struct {
		asc                   []int
		rate, channels, block int
		err                   error
	}{
		"960":                {asc: []int{2, 5, 4, 4, 1, 4, 4, 3}, rate: 44_100, channels: 1, block: 960},
		"escaped rate":       {asc: []int{2, 5, 15, 4, 44_000, 24, 7, 4, 0, 3}, rate: 44_000, channels: 8, block: 1024},
		"SBR":                {asc: []int{5, 5, 7, 4, 2, 4, 4, 4, 2, 5, 0, 3}, rate: 22_050, channels: 2, block: 1024},
		"PS":                 {asc: []int{29, 5, 7, 4, 1, 4, 15, 4, 44_100, 24, 2, 5, 0, 3}, rate: 22_050, channels: 1, block: 1024},
		"core delay":         {asc: []int{4, 5, 3, 4, 2, 4, 0, 1, 1, 1, 99, 14, 0, 1}, rate: 48_000, channels: 2, block: 1024},
		"scalable":           {asc: []int{6, 5, 3, 4, 2, 4, 1, 3, 5, 3, 0, 1}, rate: 48_000, channels: 2, block: 1024},
		"ER LC":              {asc: []int{17, 5, 3, 4, 2, 4, 1, 3, 7, 3, 0, 1, 0, 2}, rate: 48_000, channels: 2, block: 1024},
		"LD":                 {asc: []int{23, 5, 3, 4, 2, 4, 0, 3, 0, 2}, rate: 48_000, channels: 2, block: 512},
		"LD of 480":          {asc: []int{23, 5, 3, 4, 2, 4, 4, 3, 1, 2}, rate: 48_000, channels: 2, block: 480},
		"BSAC":               {asc: []int{22, 5, 3, 4, 2, 4, 1, 3, 9, 5, 11, 11, 0, 1, 0, 2}, rate: 48_000, channels: 2, block: 1024},
		"ELD":                {asc: []int{31, 5, 7, 6, 3, 4, 2, 4, 0, 20}, err: container.ErrUnsupported},
		"error protection":   {asc: []int{17, 5, 3, 4, 2, 4, 0, 3, 3, 2}, err: container.ErrUnsupported},
		"reserved rate":      {asc: []int{2, 5, 13, 4, 2, 4, 0, 3}, err: container.ErrUnsupported},
		"reserved channels":  {asc: []int{2, 5, 4, 4, 9, 4, 0, 3}, err: container.ErrUnsupported},
		"list of no channel": {asc: []int{2, 5, 4, 4, 0, 4, 0, 3, 0, 10, 0, 12, 0, 9, 0, 3, 0, 6, 0, 8}, err: container.ErrUnsupported},
		"list of three":      {asc: []int{2, 5, 4, 4, 0, 4, 0, 3, 0, 10, 2, 4, 0, 8, 0, 9, 0, 3, 0, 5, 16, 5, 0, 4, 0, 8}, rate: 44_100, channels: 3, block: 1024},
	} {
		t.Run(name, func(t *testing.T) {
			data := latm{subframes: 1, asc: c.asc}.write(blocks)
			d, err := Open(bytes.NewReader(data), int64(len(data)))
			if !errors.Is(err, c.err) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if c.err != nil {
				return
			}
			w := writer{}
			fields(&w, c.asc)
			got, _ := containertest.Drain(d)
			checkData(t, got, blocks)
			f := d.Info().Format
			if !bytes.Equal(f.Config, w.b) || f.SampleRate != c.rate || f.Channels != c.channels || int(got[0].Duration) != c.block {
				t.Errorf("%+v, blocks of %d; configuration % x, want % x", f, got[0].Duration, f.Config, w.b)
			}
		})
	}
	// Where the length is told, kinds whose end nobody here finds are taken too.
	d := openBytes(t, latm{version: 1, subframes: 1, asc: []int{31, 5, 7, 6, 3, 4, 2, 4, 0xabcde, 20}}.write(blocks))
	if f := d.Info().Format; f.Channels != 2 || f.SampleRate != 48_000 {
		t.Errorf("%+v", f)
	}
}

func TestLATMRefused(t *testing.T) {
	blocks := dataOf(packets(t, file(t, "tone.aac")))[:8]
	for name, f := range map[string][]int{
		"audioMuxVersionA":  {1, 1, 1, 1},
		"time framing":      {0, 1, 0, 1},
		"two programs":      {0, 1, 1, 1, 0, 6, 1, 4, 0, 3},
		"two layers":        {0, 1, 1, 1, 0, 6, 0, 4, 1, 3},
		"frameLengthType 1": append(append([]int{0, 1, 1, 1, 0, 6, 0, 7}, ascBits...), 1, 3),
	} {
		data := latm{subframes: 1, edit: func(w *writer) { fields(w, f) }}.write(blocks)
		if _, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, container.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	never := latm{subframes: 1, every: 1 << 30}.write(blocks)
	never = never[3+int(never[2]):] // the element with the configuration
	if _, err := Open(bytes.NewReader(never), int64(len(never))); !errors.Is(err, container.ErrFormat) {
		t.Errorf("no configuration: %v", err)
	}
	changed := append(latm{subframes: 1}.write(blocks), latm{subframes: 1, asc: []int{2, 5, 3, 4, 2, 4, 0, 3}}.write(blocks)...)
	got, err := containertest.Drain(openBytes(t, changed))
	if len(got) != len(blocks) || !errors.Is(err, container.ErrUnsupported) {
		t.Errorf("changed configuration: %v after %d packets", err, len(got))
	}
}

// TestLATMDamage has elements that don't hold what they say: the packets that are lost are without data.
func TestLATMDamage(t *testing.T) {
	blocks := dataOf(packets(t, file(t, "tone.aac")))[:9]
	l := latm{subframes: 3, every: 1 << 30}
	data := l.write(blocks)
	second := 3 + int(data[1]&0x1f)<<8 + int(data[2])
	data[second+3] |= 0x7f // the first length becomes too large by far
	data[second+4] |= 0x80
	got := packets(t, data)
	if len(got) != 9 || len(got[3].Data) != 0 || len(got[5].Data) != 0 || !bytes.Equal(got[6].Data, blocks[6]) {
		t.Errorf("%d packets, the fourth of %d bytes", len(got), len(got[3].Data))
	}
	containertest.Run(t, containertest.Opener(Open), l.write(append(blocks, blocks...)))
}

func TestBits(t *testing.T) {
	data := []byte{0xa5, 0x3c, 0x7e, 0x81, 0xff, 0x00, 0x12}
	for from := range 20 {
		for n := range 4 {
			r := bits{b: data, pos: from}
			got := r.appendBytes(nil, n)
			slow := bits{b: data, pos: from}
			for i := range n {
				if want := slow.read(8); int(got[i]) != want {
					t.Fatalf("byte %d from bit %d is %x, want %x", i, from, got[i], want)
				}
			}
			if r.pos != slow.pos || r.over {
				t.Fatalf("at %d, want %d", r.pos, slow.pos)
			}
		}
	}
	r := bits{b: data, pos: 3}
	if got := r.appendBytes(nil, 7); got != nil || !r.over {
		t.Errorf("past the end: % x", got)
	}
	if r = (bits{b: data}); r.read(32) != 0xa53c7e81 || r.read(24) != 0xff0012 || r.read(1) != 0 || !r.over {
		t.Error("fields are read wrongly")
	}
	if got := r.cut(4, 17); !bytes.Equal(got, []byte{0x53, 0xc0}) {
		t.Errorf("cut gives % x", got)
	}
}
