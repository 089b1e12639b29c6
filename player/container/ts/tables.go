package ts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/segue-audio/segue/player/container"
)

// Limits on what the tables claim, and on how long they are waited for.
const (
	maxPrograms  = 256
	maxStreams   = 1024 // in all programs; a section of 1021 bytes has room for 201
	maxScanBytes = 4 << 20
	sectionBytes = 4096
)

// Stream is one elementary stream of a program.
type Stream struct {
	PID      int
	Kind     string // for people: "AAC", "MPEG audio", "AC-3", "H.264"
	Language string // ISO 639-2; "" where the tables don't say
	Program  int

	coding coding
}

type coding int

const (
	other coding = iota
	aacADTS
	aacLATM
	mpegAudio
	timedID3
	foreignSound // sound that we name and refuse
	protected    // encrypted sound
)

// Stream types (ISO 13818-1, table 2-34; ATSC A/53; Apple's MPEG-2 Stream Encryption Format for HLS).
func classify(kind byte, descriptors []byte) (coding, string) {
	switch kind {
	case 0x03, 0x04:
		return mpegAudio, "MPEG audio"
	case 0x0f:
		return aacADTS, "AAC"
	case 0x11:
		return aacLATM, "AAC in LATM"
	case 0x15:
		if isID3(descriptors) {
			return timedID3, "ID3"
		}
		return other, "metadata"
	case 0x06:
		return private(descriptors)
	case 0x81:
		return foreignSound, "AC-3"
	case 0x87, 0x84:
		return foreignSound, "E-AC-3"
	case 0x80:
		return foreignSound, "LPCM"
	case 0x82, 0x85, 0x86, 0x8a:
		return foreignSound, "DTS"
	case 0x83:
		return foreignSound, "TrueHD"
	case 0x2d, 0x2e:
		return foreignSound, "MPEG-H"
	case 0xcf:
		return protected, "AAC encrypted with SAMPLE-AES"
	case 0xc1:
		return protected, "AC-3 encrypted with SAMPLE-AES"
	case 0xc2:
		return protected, "E-AC-3 encrypted with SAMPLE-AES"
	case 0x01, 0x02:
		return other, "MPEG video"
	case 0x10:
		return other, "MPEG-4 video"
	case 0x1b:
		return other, "H.264"
	case 0x24:
		return other, "H.265"
	case 0xdb:
		return other, "H.264 encrypted with SAMPLE-AES"
	}
	return other, fmt.Sprintf("stream type %#x", kind)
}

// private tells what a stream of private data is, by its descriptors (ETSI EN 300 468, annex D and 6.2).
func private(descriptors []byte) (coding, string) {
	kind, name := other, "private data"
	eachDescriptor(descriptors, func(tag byte, body []byte) {
		switch {
		case tag == 0x6a, tag == 0x05 && string(body[:min(4, len(body))]) == "AC-3":
			kind, name = foreignSound, "AC-3"
		case tag == 0x7a, tag == 0x05 && string(body[:min(4, len(body))]) == "EAC3":
			kind, name = foreignSound, "E-AC-3"
		case tag == 0x7b, tag == 0x05 && strings.HasPrefix(string(body), "DTS"):
			kind, name = foreignSound, "DTS"
		case tag == 0x05 && strings.HasPrefix(string(body), "Opus"):
			kind, name = foreignSound, "Opus"
		case tag == 0x05 && strings.HasPrefix(string(body), "BSSD"):
			kind, name = foreignSound, "SMPTE 302M"
		}
	})
	return kind, name
}

// isID3 looks for the metadata descriptor of "Timed Metadata for HTTP Live Streaming", section 2.3.
func isID3(descriptors []byte) (found bool) {
	eachDescriptor(descriptors, func(tag byte, body []byte) {
		found = found || tag == 0x26 && strings.Contains(string(body), "ID3 ")
	})
	return found
}

// eachDescriptor walks over descriptors (2.6).
func eachDescriptor(b []byte, fn func(tag byte, body []byte)) {
	for len(b) >= 2 && 2+int(b[1]) <= len(b) {
		fn(b[0], b[2:2+int(b[1])])
		b = b[2+int(b[1]):]
	}
}

// program is a line of the association table, and what its map table says.
type program struct {
	number, pid int
	known       bool
	streams     []Stream
}

// tables collects a transport stream's tables until all are there.
type tables struct {
	programs []program
	complete bool // the association table is
	parts    int  // of it that were seen, from the first on
	streams  int
	sections map[int]*sections // by PID
}

// readTables reads from the beginning until all tables are there, or no more is to be had.
func readTables(p *packets) (*tables, error) {
	t := &tables{sections: map[int]*sections{patPID: {}}}
	start := int64(-1)
	for !t.done() {
		pk, err := p.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if start < 0 {
			start = pk.at
		}
		if pk.at-start > maxScanBytes {
			break
		}
		if s := t.sections[pk.pid]; s != nil && !pk.bad {
			if err := s.feed(pk, func(b []byte) error { return t.section(pk.pid, b) }); err != nil {
				return nil, err
			}
		}
	}
	if start < 0 {
		return nil, fmt.Errorf("ts: no transport packets: %w", container.ErrFormat)
	}
	return t, nil
}

func (t *tables) done() bool {
	return t.complete && !slices.ContainsFunc(t.programs, func(p program) bool { return !p.known })
}

// section takes in a whole section of a table.
func (t *tables) section(pid int, b []byte) error {
	const head = 8 // up to the last section's number
	if len(b) < head+4 || b[5]&1 == 0 || crc(b) != 0 {
		return nil // damaged, or not in force yet
	}
	body := b[head : len(b)-4]
	switch {
	case b[0] == 0 && pid == patPID:
		return t.association(body, int(b[6]), int(b[7]))
	case b[0] == 2:
		return t.program(pid, int(binary.BigEndian.Uint16(b[3:])), body)
	}
	return nil
}

// association reads a part of the program association table (2.4.4.3).
func (t *tables) association(b []byte, number, last int) error {
	if number != t.parts {
		return nil // seen, or its turn comes when the table is repeated
	}
	t.parts, t.complete = number+1, number == last
	for ; len(b) >= 4; b = b[4:] {
		n, pid := int(binary.BigEndian.Uint16(b)), int(binary.BigEndian.Uint16(b[2:])&0x1fff)
		if n == 0 {
			continue // the network's own
		}
		if len(t.programs) == maxPrograms {
			return fmt.Errorf("ts: more than %d programs: %w", maxPrograms, container.ErrLimit)
		}
		t.programs = append(t.programs, program{number: n, pid: pid})
		if t.sections[pid] == nil {
			t.sections[pid] = &sections{}
		}
	}
	return nil
}

// program reads a program map table (2.4.4.9).
func (t *tables) program(pid, number int, b []byte) error {
	i := slices.IndexFunc(t.programs, func(p program) bool { return p.pid == pid && p.number == number && !p.known })
	if i < 0 || len(b) < 4 {
		return nil
	}
	p := &t.programs[i]
	p.known = true
	skip := 4 + int(binary.BigEndian.Uint16(b[2:])&0xfff)
	for b = b[min(skip, len(b)):]; len(b) >= 5; {
		s := Stream{PID: int(binary.BigEndian.Uint16(b[1:]) & 0x1fff), Program: number}
		n := min(int(binary.BigEndian.Uint16(b[3:])&0xfff), len(b)-5)
		s.coding, s.Kind = classify(b[0], b[5:5+n])
		eachDescriptor(b[5:5+n], func(tag byte, body []byte) {
			if tag == 0x0a && len(body) >= 3 && s.Language == "" {
				s.Language = string(body[:3])
			}
		})
		if t.streams++; t.streams > maxStreams {
			return fmt.Errorf("ts: more than %d streams: %w", maxStreams, container.ErrLimit)
		}
		p.streams = append(p.streams, s)
		b = b[5+n:]
	}
	return nil
}

// choose gives the first stream of sound that we take apart, of the first program that has one, and the
// stream of ID3 that goes with it. The error wraps container.ErrProtected, container.ErrCoding or
// container.ErrNoAudio and names what is there instead, or container.ErrFormat where there is nothing.
func (t *tables) choose() (sound Stream, meta int, err error) {
	var refused []string
	reason := container.ErrCoding
	for _, p := range t.programs {
		i := slices.IndexFunc(p.streams, func(s Stream) bool { return s.coding >= aacADTS && s.coding <= mpegAudio })
		if i >= 0 {
			meta = noPID
			if k := slices.IndexFunc(p.streams, func(s Stream) bool { return s.coding == timedID3 }); k >= 0 {
				meta = p.streams[k].PID
			}
			return p.streams[i], meta, nil
		}
		for _, s := range p.streams {
			if s.coding == protected {
				reason = container.ErrProtected
			}
			if s.coding >= foreignSound {
				refused = append(refused, s.Kind)
			}
		}
	}
	switch {
	case len(refused) > 0:
		return sound, noPID, fmt.Errorf("ts: the sound is %s: %w", strings.Join(refused, ", "), reason)
	case t.streams > 0:
		return sound, noPID, fmt.Errorf("ts: no sound among %d streams: %w", t.streams, container.ErrNoAudio)
	}
	return sound, noPID, fmt.Errorf("ts: no program tables: %w", container.ErrFormat)
}

// list gives all streams in the order of the tables.
func (t *tables) list() (all []Stream) {
	for _, p := range t.programs {
		all = append(all, p.streams...)
	}
	return all
}

// sections puts the sections of one PID together (2.4.4).
type sections struct {
	buf     []byte
	counter int8
	open    bool
}

// feed takes in a packet and gives each section that is whole with it.
func (s *sections) feed(p packet, whole func([]byte) error) error {
	if p.counter < 0 || s.open && p.counter == s.counter { // a repeated packet
		return nil
	}
	if s.open && p.counter != (s.counter+1)&0x0f {
		s.open, s.buf = false, s.buf[:0]
	}
	b := p.payload
	s.counter = p.counter
	if p.start {
		if len(b) == 0 || 1+int(b[0]) > len(b) {
			s.open = false
			return nil
		}
		if s.open { // the end of the section before stands in front
			s.buf = append(s.buf, b[1:1+int(b[0])]...)
			if err := s.take(whole); err != nil {
				return err
			}
		}
		s.open, s.buf = true, s.buf[:0]
		b = b[1+int(b[0]):]
	}
	if !s.open {
		return nil
	}
	s.buf = append(s.buf, b...)
	return s.take(whole)
}

// take gives the whole sections at the front of the buffer.
func (s *sections) take(whole func([]byte) error) error {
	for len(s.buf) >= 3 && s.buf[0] != 0xff { // what follows is stuffing
		n := 3 + int(binary.BigEndian.Uint16(s.buf[1:])&0xfff)
		if n > sectionBytes {
			break
		}
		if len(s.buf) < n {
			return nil
		}
		if err := whole(s.buf[:n]); err != nil {
			return err
		}
		s.buf = append(s.buf[:0], s.buf[n:]...)
	}
	if len(s.buf) >= 3 {
		s.open, s.buf = false, s.buf[:0]
	}
	return nil
}

// crc is that of sections (annex A); zero where they are sound.
func crc(b []byte) uint32 {
	const polynomial = 0x04c11db7
	v := ^uint32(0)
	for _, c := range b {
		v ^= uint32(c) << 24
		for range 8 {
			top := v >> 31
			v <<= 1
			if top != 0 {
				v ^= polynomial
			}
		}
	}
	return v
}
