package mp4

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/segue-audio/segue/player/media"
)

// muxer writes whole files in the ways that others do.
type muxer struct {
	format    media.Format
	timescale uint32
	movie     uint32
	packets   []media.Packet
	perChunk  []int // samples of each chunk, the last one for all that follow
	moovFirst bool
	wide      bool // co64
	sizes     int  // bits in stz2; zero for stsz
	fixed     bool // one size for all
	edits     [][2]int64
	smpb      string
	quicktime bool // meta without a version
	roll      int16
	tracks    []string // handlers of tracks in front: "vide", "off " (a disabled sound track)
	cover     int      // bytes
	grows     bool     // fragments follow
}

type out struct{ b []byte }

func (o *out) u8(v ...byte) { o.b = append(o.b, v...) }
func (o *out) u16(v uint16) { o.b = binary.BigEndian.AppendUint16(o.b, v) }
func (o *out) u32(v uint32) { o.b = binary.BigEndian.AppendUint32(o.b, v) }
func (o *out) str(s string) { o.b = append(o.b, s...) }
func (o *out) zeros(n int)  { o.b = append(o.b, make([]byte, n)...) }
func (o *out) box(kind string, body func()) {
	at := len(o.b)
	o.u32(0)
	o.str(kind)
	body()
	binary.BigEndian.PutUint32(o.b[at:], uint32(len(o.b)-at))
}

// bytes gives the file.
func (m muxer) bytes() []byte {
	o := &out{}
	o.box("ftyp", func() { o.str("M4A \x00\x00\x00\x00M4A mp42") })
	if m.moovFirst {
		size := len(m.moov(nil, 0))
		o.b = m.moov(o.b, len(o.b)+size+8)
		o.box("mdat", func() { m.media(o) })
		return o.b
	}
	o.box("free", func() { o.zeros(3) })
	at := len(o.b) + 8
	o.box("mdat", func() { m.media(o) })
	return m.moov(o.b, at)
}

// media puts a gap before each chunk, so that offsets count.
func (m muxer) media(o *out) {
	n := 0
	for _, c := range m.chunks() {
		o.str("gap")
		for range c {
			o.b = append(o.b, m.packets[n].Data...)
			n++
		}
	}
}

func (m muxer) chunks() (all []int) {
	for left := len(m.packets); left > 0; {
		n := m.perChunk[min(len(all), len(m.perChunk)-1)]
		all = append(all, min(n, left))
		left -= n
	}
	return all
}

func (m muxer) moov(b []byte, at int) []byte {
	o := &out{b}
	o.box("moov", func() {
		o.box("mvhd", func() {
			o.zeros(12)
			o.u32(m.movie)
			o.zeros(84)
		})
		for _, kind := range m.tracks {
			flags, handler := uint32(1), kind
			if kind == "off " {
				flags, handler = 0, "soun"
			}
			m.track(o, flags, handler, at)
		}
		m.track(o, 1, "soun", at)
		if m.grows {
			o.box("mvex", func() { o.box("trex", func() { o.u32(0); o.u32(1); o.u32(1); o.zeros(12) }) })
		}
		o.box("udta", func() {
			o.box("meta", func() {
				if !m.quicktime {
					o.u32(0)
				}
				o.box("hdlr", func() { o.zeros(8); o.str("mdir"); o.zeros(13) })
				o.box("ilst", func() {
					if m.cover > 0 {
						o.box("covr", func() { o.box("data", func() { o.zeros(m.cover) }) })
					}
					if m.smpb != "" {
						m.item(o, "encoding params", "bplist")
						m.item(o, "iTunSMPB", m.smpb)
					}
				})
			})
			o.u32(0)
		})
	})
	return o.b
}

func (m muxer) item(o *out, name, text string) {
	o.box("----", func() {
		o.box("mean", func() { o.u32(0); o.str("com.apple.iTunes") })
		o.box("name", func() { o.u32(0); o.str(name) })
		o.box("data", func() { o.u32(1); o.u32(0); o.str(text) })
	})
}

func (m muxer) track(o *out, flags uint32, handler string, at int) {
	o.box("trak", func() {
		o.box("tkhd", func() {
			o.u32(flags)
			o.zeros(8)
			o.u32(1)
			o.zeros(68)
		})
		if len(m.edits) > 0 {
			o.box("edts", func() {
				o.box("elst", func() {
					o.u32(0)
					o.u32(uint32(len(m.edits)))
					for _, e := range m.edits {
						o.u32(uint32(e[1]))
						o.u32(uint32(e[0]))
						o.u32(0x1_0000)
					}
				})
			})
		}
		o.box("mdia", func() {
			o.box("mdhd", func() { o.zeros(12); o.u32(m.timescale); o.zeros(8) })
			o.box("hdlr", func() { o.zeros(8); o.str(handler); o.zeros(13) })
			o.box("minf", func() { o.box("stbl", func() { m.table(o, at, flags == 1) }) })
		})
	})
}

func (m muxer) table(o *out, at int, real bool) {
	o.box("stsd", func() {
		o.u32(0)
		o.u32(1)
		m.entry(o)
	})
	if !real {
		return
	}
	if m.roll != 0 {
		o.box("sgpd", func() { o.u32(1 << 24); o.str("roll"); o.u32(2); o.u32(1); o.u16(uint16(m.roll)) })
	}
	o.box("stts", func() {
		o.u32(0)
		count := len(o.b)
		o.u32(0)
		runs := uint32(0)
		for i := 0; i < len(m.packets); {
			d := m.packets[i].Duration
			n := uint32(0)
			for ; i < len(m.packets) && m.packets[i].Duration == d; i++ {
				n++
			}
			o.u32(n)
			o.u32(uint32(d))
			runs++
		}
		binary.BigEndian.PutUint32(o.b[count:], runs)
	})
	chunks := m.chunks()
	o.box("stsc", func() {
		o.u32(0)
		count, runs := len(o.b), uint32(0)
		o.u32(0)
		for i, n := range chunks {
			if i == 0 || n != chunks[i-1] {
				o.u32(uint32(i + 1))
				o.u32(uint32(n))
				o.u32(1)
				runs++
			}
		}
		binary.BigEndian.PutUint32(o.b[count:], runs)
	})
	m.sizeTable(o)
	kind := "stco"
	if m.wide {
		kind = "co64"
	}
	o.box(kind, func() {
		o.u32(0)
		o.u32(uint32(len(chunks)))
		n := 0
		for _, c := range chunks {
			at += 3
			if m.wide {
				o.u32(0)
			}
			o.u32(uint32(at))
			for range c {
				at += len(m.packets[n].Data)
				n++
			}
		}
	})
}

func (m muxer) sizeTable(o *out) {
	n := uint32(len(m.packets))
	switch {
	case m.fixed:
		o.box("stsz", func() { o.u32(0); o.u32(uint32(len(m.packets[0].Data))); o.u32(n) })
	case m.sizes == 0:
		o.box("stsz", func() {
			o.zeros(8)
			o.u32(n)
			for _, p := range m.packets {
				o.u32(uint32(len(p.Data)))
			}
		})
	default:
		o.box("stz2", func() {
			o.u32(0)
			o.u32(uint32(m.sizes))
			o.u32(n)
			for i, p := range m.packets {
				switch {
				case m.sizes == 16:
					o.u16(uint16(len(p.Data)))
				case m.sizes == 8:
					o.u8(byte(len(p.Data)))
				case i%2 == 0:
					o.u8(byte(len(p.Data)) << 4)
				default:
					o.b[len(o.b)-1] |= byte(len(p.Data))
				}
			}
		})
	}
}

func (m muxer) entry(o *out) {
	kind := map[media.Codec]string{media.CodecALAC: "alac", media.CodecAAC: "mp4a", media.CodecPCM: "sowt"}[m.format.Codec]
	o.box(kind, func() {
		o.zeros(16)
		o.u16(uint16(m.format.Channels))
		o.u16(uint16(m.format.BitDepth))
		o.u32(0)
		o.u32(uint32(m.format.SampleRate) << 16)
		switch kind {
		case "alac":
			o.box("alac", func() { o.u32(0); o.b = append(o.b, m.format.Config...) })
		case "mp4a":
			o.box("esds", func() {
				o.u32(0)
				o.u8(3, byte(18+len(m.format.Config)), 0, 1, 0, 4, byte(15+len(m.format.Config)), 0x40, 0x15)
				o.zeros(11)
				o.u8(5, byte(len(m.format.Config)))
				o.b = append(o.b, m.format.Config...)
			})
		}
	})
}

// aac is a stream of n packets that no one has to decode, the last one short.
func aac(n int) muxer {
	rng := rand.New(rand.NewPCG(3, 4))
	m := muxer{
		format:    media.Format{Codec: media.CodecAAC, SampleRate: 44_100, Channels: 2, BitDepth: 16, Config: []byte{0x12, 0x10}},
		timescale: 44_100, movie: 1000, perChunk: []int{4, 4, 1, 3, 7},
	}
	at := media.Frames(0)
	for i := range n {
		data := make([]byte, 1+rng.IntN(15))
		for k := range data {
			data[k] = byte(rng.Uint32())
		}
		m.packets = append(m.packets, media.Packet{Data: data, Time: at, Duration: 1024})
		if i == n-1 {
			m.packets[i].Duration = 500
		}
		at += m.packets[i].Duration
	}
	return m
}
