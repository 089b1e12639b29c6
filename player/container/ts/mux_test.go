package ts

import (
	"encoding/binary"

	"github.com/segue-audio/segue/player/media"
)

// Where the writer below puts things.
const (
	pmtPID   = 0x1000
	soundPID = 0x100
	id3PID   = 0x102
)

// muxer writes a transport stream. Its fields are what tests turn.
type muxer struct {
	b       []byte
	counter map[int]byte
	kind    byte // stream type of the sound
	more    []byte
	layout  layout
	jump    bool // set the discontinuity indicator of the next packet
}

func newMuxer(kind byte) *muxer {
	return &muxer{counter: map[int]byte{}, kind: kind, layout: layouts[0]}
}

// packet writes one transport packet with as much of data as fits, and gives the rest.
func (m *muxer) packet(pid int, start bool, data []byte) []byte {
	m.b = append(m.b, make([]byte, m.layout.lead)...)
	b := make([]byte, 4, packetBytes)
	b[0], b[1], b[2], b[3] = syncByte, byte(pid>>8), byte(pid), 0x10|m.counter[pid]
	if start {
		b[1] |= 0x40
	}
	m.counter[pid] = (m.counter[pid] + 1) & 0x0f
	room := packetBytes - 4
	if m.jump {
		room -= 2
	}
	if stuff := room - len(data); stuff > 0 || m.jump {
		b[3] |= 0x20
		field := []byte{}
		if m.jump {
			field = append(field, 0x80)
		} else if stuff > 1 {
			field = append(field, 0)
		}
		for 4+1+len(field)+len(data) < packetBytes {
			field = append(field, 0xff)
		}
		b = append(append(b, byte(len(field))), field...)
		m.jump = false
	}
	n := min(len(data), packetBytes-len(b))
	m.b = append(append(m.b, b...), data[:n]...)
	m.b = append(m.b, make([]byte, m.layout.stride-m.layout.lead-packetBytes)...)
	return data[n:]
}

// section writes a section with its CRC.
func (m *muxer) section(pid int, table byte, number int, body []byte) {
	b := []byte{table, 0xb0, byte(len(body) + 9), byte(number >> 8), byte(number), 0xc1, 0, 0}
	b = append(b, body...)
	b = binary.BigEndian.AppendUint32(b, crc(b))
	rest := m.packet(pid, true, append([]byte{0}, append(b, 0xff)...))
	for len(rest) > 0 {
		rest = m.packet(pid, false, rest)
	}
}

// tables writes the tables of one program.
func (m *muxer) tables() {
	m.section(patPID, 0, 1, []byte{0, 1, 0xe0 | pmtPID>>8, pmtPID & 0xff})
	m.section(pmtPID, 2, 1, append([]byte{0xe0 | soundPID>>8, soundPID & 0xff, 0xf0, 0}, append(esInfo(m.kind, soundPID), m.more...)...))
}

// esInfo is a line of the program map table.
func esInfo(kind byte, pid int, descriptors ...byte) []byte {
	return append([]byte{kind, 0xe0 | byte(pid>>8), byte(pid), 0xf0, byte(len(descriptors))}, descriptors...)
}

// pes writes a PES packet; pts below zero for none.
func (m *muxer) pes(pid int, pts int64, data []byte) {
	h := []byte{0, 0, 1, 0xc0, 0, 0, 0x84, 0, 0}
	if pts >= 0 {
		h[7], h[8] = 0x80, 5
		h = append(h, 0x21|byte(pts>>29&0x0e), byte(pts>>22), byte(pts>>14)|1, byte(pts>>7), byte(pts<<1)|1)
	}
	if n := len(h) - 6 + len(data); n < 1<<16 {
		binary.BigEndian.PutUint16(h[4:], uint16(n))
	}
	rest := m.packet(pid, true, append(h, data...))
	for len(rest) > 0 {
		rest = m.packet(pid, false, rest)
	}
}

// adtsFrame is a frame at 44.1 kHz in stereo whose block is of n bytes told by seed; no byte looks like a header's.
func adtsFrame(seed, n int) []byte {
	size := 7 + n
	b := []byte{0xff, 0xf1, 0x50, 0x80 | byte(size>>11), byte(size >> 3), byte(size<<5) | 0x1f, 0xfc}
	for i := range n {
		b = append(b, byte((seed*31+i*7)%251))
	}
	return b
}

// ticks is the time stamp of frame n, rounded as a packager does.
func ticks(n, long int, from int64) int64 {
	return (from + media.Rescale(int64(n*long), 44_100, clock)) & ticksMask
}

// frames are n of them, of sizes that differ.
func frames(n int) (all [][]byte) {
	for i := range n {
		all = append(all, adtsFrame(i, 60+i*37%150))
	}
	return all
}

// simple writes frames, so many to a PES packet, from a time stamp on.
func simple(all [][]byte, each int, from int64) []byte {
	m := newMuxer(0x0f)
	m.tables()
	for i := 0; i < len(all); i += each {
		var data []byte
		for _, f := range all[i:min(len(all), i+each)] {
			data = append(data, f...)
		}
		m.pes(soundPID, ticks(i, 1024, from), data)
	}
	return m.b
}
