package fmp4

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/segue-audio/segue/player/media"
)

const (
	trackID = 1

	tfhdFlags      = 0x20 // what tfhd and trun are written with (8.8.7, 8.8.8)
	trunDataOffset = 0x001
	trunDuration   = 0x100
	trunSize       = 0x200

	// audioSampleFlags: every sample stands alone (sample_depends_on 2, not "non-sync").
	audioSampleFlags = 0x0200_0000
)

// writer appends nested boxes to a buffer; a box's length is filled in when it ends.
type writer struct{ b []byte }

func (w *writer) box(kind string, body func()) {
	at := len(w.b)
	w.u32(0)
	w.str(kind)
	body()
	binary.BigEndian.PutUint32(w.b[at:], uint32(len(w.b)-at))
}

func (w *writer) full(kind string, version uint8, flags uint32, body func()) {
	w.box(kind, func() {
		w.u32(uint32(version)<<24 | flags)
		body()
	})
}

func (w *writer) str(s string)   { w.b = append(w.b, s...) }
func (w *writer) bytes(b []byte) { w.b = append(w.b, b...) }
func (w *writer) zeros(n int)    { w.b = append(w.b, make([]byte, n)...) }
func (w *writer) u16(v uint16)   { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *writer) u32(v uint32)   { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64)   { w.b = binary.BigEndian.AppendUint64(w.b, v) }

// matrix is the identity of tkhd and mvhd.
func (w *writer) matrix() {
	for _, v := range [9]uint32{0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000} {
		w.u32(v)
	}
}

// AppendInit appends the init segment of a FLAC or AAC stream: ftyp and moov, with the sample rate as
// time scale, so that times are frames. f.Config must be what media.Format says. A trim becomes an edit
// list. It writes CMAF's structural brand and what players of plain MP4 look for.
func AppendInit(dst []byte, f media.Format, trim media.Trim) []byte {
	return appendInit(dst, f, trim, func(*writer) {})
}

// AppendInitHLS is AppendInit with AAC's trim written in iTunes's way as well. In fragmented files ffmpeg and
// what is built on it leave the priming out by that alone, and play it where there is but an edit list. It
// is for HLS only: in DASH they begin anew with each segment, and leave 1024 frames out of each.
func AppendInitHLS(dst []byte, f media.Format, trim media.Trim) []byte {
	return appendInit(dst, f, trim, func(w *writer) {
		if f.Codec == media.CodecAAC && trim.Length > 0 {
			w.gapless(trim)
		}
	})
}

// appendInit appends an init segment; more writes what follows the track.
func appendInit(dst []byte, f media.Format, trim media.Trim, more func(*writer)) []byte {
	w := &writer{b: dst}
	w.box("ftyp", func() {
		w.str("iso6")
		w.u32(0)
		w.str("iso6cmfcmp41")
	})
	w.box("moov", func() {
		w.full("mvhd", 0, 0, func() {
			w.zeros(8) // times
			w.u32(uint32(f.SampleRate))
			w.u32(0)        // duration: in the fragments
			w.u32(0x1_0000) // rate
			w.u16(0x100)    // volume
			w.zeros(10)
			w.matrix()
			w.zeros(24)
			w.u32(trackID + 1)
		})
		w.box("trak", func() { w.track(f, trim) })
		more(w)
		w.box("mvex", func() {
			w.full("trex", 0, 0, func() {
				w.u32(trackID)
				w.u32(1) // sample description
				w.u32(0)
				w.u32(0)
				w.u32(audioSampleFlags)
			})
		})
	})
	return w.b
}

// gapless writes an iTunSMPB, which speaks of the track before it.
func (w *writer) gapless(trim media.Trim) {
	const unit = 1024
	padding := (unit - (trim.Start+trim.Length)%unit) % unit
	w.box("udta", func() {
		w.full("meta", 0, 0, func() {
			w.full("hdlr", 0, 0, func() {
				w.u32(0)
				w.str("mdirappl")
				w.zeros(9)
			})
			w.box("ilst", func() {
				w.box("----", func() {
					w.full("mean", 0, 0, func() { w.str("com.apple.iTunes") })
					w.full("name", 0, 0, func() { w.str("iTunSMPB") })
					w.full("data", 0, 1 /* text */, func() {
						w.u32(0) // locale
						w.str(fmt.Sprintf(" 00000000 %08X %08X %016X", trim.Start, padding, trim.Length))
						w.str(strings.Repeat(" 00000000", 8))
					})
				})
			})
		})
	})
}

func (w *writer) track(f media.Format, trim media.Trim) {
	w.full("tkhd", 0, 3 /* enabled, in movie */, func() {
		w.zeros(8)
		w.u32(trackID)
		w.zeros(4 + 4 + 8 + 2)
		w.u16(0)     // alternate group
		w.u16(0x100) // volume
		w.u16(0)
		w.matrix()
		w.zeros(8) // width, height
	})
	if trim.Start > 0 || trim.Length > 0 {
		w.box("edts", func() {
			w.full("elst", 1, 0, func() {
				w.u32(1)
				w.u64(uint64(max(0, trim.Length)))
				w.u64(uint64(trim.Start))
				w.u32(0x1_0000)
			})
		})
	}
	w.box("mdia", func() {
		w.full("mdhd", 0, 0, func() {
			w.zeros(8)
			w.u32(uint32(f.SampleRate))
			w.u32(0)
			w.u16(0x55c4) // language "und"
			w.u16(0)
		})
		w.full("hdlr", 0, 0, func() {
			w.u32(0)
			w.str("soun")
			w.zeros(12)
			w.str("Sound\x00")
		})
		w.box("minf", func() {
			w.full("smhd", 0, 0, func() { w.zeros(4) })
			w.box("dinf", func() {
				w.full("dref", 0, 0, func() {
					w.u32(1)
					w.full("url ", 0, 1 /* in this file */, func() {})
				})
			})
			w.box("stbl", func() { w.sampleTable(f) })
		})
	})
}

func (w *writer) sampleTable(f media.Format) {
	w.full("stsd", 0, 0, func() {
		w.u32(1)
		if f.Codec == media.CodecAAC {
			w.box("mp4a", func() {
				w.sampleEntry(f, 16) // bits that nobody goes by
				w.full("esds", 0, 0, func() { w.elementaryStream(f.Config) })
			})
			return
		}
		w.box("fLaC", func() {
			w.sampleEntry(f, f.BitDepth)
			w.full("dfLa", 0, 0, func() {
				w.u32(0x8000_0000 | uint32(len(f.Config))) // last block, STREAMINFO
				w.bytes(f.Config)
			})
		})
	})
	for _, empty := range []string{"stts", "stsc", "stco"} {
		w.full(empty, 0, 0, func() { w.u32(0) })
	}
	w.full("stsz", 0, 0, func() { w.zeros(8) })
}

// sampleEntry writes what all AudioSampleEntries begin with (ISO 14496-12, 12.2.3).
func (w *writer) sampleEntry(f media.Format, bits int) {
	w.zeros(6)
	w.u16(1) // data reference
	w.zeros(8)
	w.u16(uint16(f.Channels))
	w.u16(uint16(bits))
	w.u32(0)
	rate := uint32(f.SampleRate)
	if rate > 0xffff {
		rate = 0 // doesn't fit the field; STREAMINFO tells
	}
	w.u32(rate << 16)
}

// elementaryStream writes the descriptors of esds (ISO 14496-1, 7.2.6.5) around an AudioSpecificConfig.
func (w *writer) elementaryStream(config []byte) {
	const decoder, stream = 13, 3 // bytes before what they enclose
	inner := 2 + len(config)
	w.descriptor(3, stream+2+decoder+inner+2+1)
	w.zeros(stream) // no number of its own, no flags
	w.descriptor(4, decoder+inner)
	w.b = append(w.b, objectAAC, streamAudio)
	w.zeros(3 + 4 + 4) // size of the buffer, bitrates: unknown
	w.descriptor(5, len(config))
	w.bytes(config)
	w.descriptor(6, 1)
	w.b = append(w.b, 2) // times are MP4's
}

// Values of DecoderConfigDescriptor: MPEG-4 audio, in an audio stream (with the bit that is always set).
const (
	objectAAC   = 0x40
	streamAudio = 5<<2 | 1
)

func (w *writer) descriptor(tag, length int) { w.b = append(w.b, byte(tag), byte(length)) }

// AppendFragment appends one media segment: styp, moof and mdat with the packets, each a sample whose
// Duration must be set; Times are not looked at. sequence counts from 1 in a stream; baseTime is the
// raw time of the first packet. Segments of one init join at baseTime + the sum of the durations.
func AppendFragment(dst []byte, sequence uint32, baseTime media.Frames, packets []media.Packet) []byte {
	w := &writer{b: dst}
	w.box("styp", func() {
		w.str("msdh")
		w.u32(0)
		w.str("msdhmsixcmfciso6")
	})
	moof, offset := len(w.b), 0
	w.box("moof", func() {
		w.full("mfhd", 0, 0, func() { w.u32(sequence) })
		w.box("traf", func() {
			w.full("tfhd", 0, 0x02_0000 /* default-base-is-moof */ |tfhdFlags, func() {
				w.u32(trackID)
				w.u32(audioSampleFlags)
			})
			w.full("tfdt", 1, 0, func() { w.u64(uint64(baseTime)) })
			w.full("trun", 0, trunDataOffset|trunDuration|trunSize, func() {
				w.u32(uint32(len(packets)))
				offset = len(w.b)
				w.u32(0)
				for _, p := range packets {
					w.u32(uint32(p.Duration))
					w.u32(uint32(len(p.Data)))
				}
			})
		})
	})
	const mdatHead = 8
	binary.BigEndian.PutUint32(w.b[offset:], uint32(len(w.b)-moof+mdatHead))
	w.box("mdat", func() {
		for _, p := range packets {
			w.bytes(p.Data)
		}
	})
	return w.b
}
