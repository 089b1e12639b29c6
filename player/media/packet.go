package media

import (
	"bytes"
	"time"
)

// Codec names a coding of audio.
type Codec string

// The codecs that streams are labelled with. A name here does not say that a decoder is built in.
const (
	CodecMP3    Codec = "mp3"    // MPEG-1, 2 or 2.5 Layer III
	CodecFLAC   Codec = "flac"   // RFC 9639
	CodecPCM    Codec = "pcm"    // uncompressed; Format.Config names the sample encoding
	CodecAAC    Codec = "aac"    // MPEG-4 AAC in any profile
	CodecOpus   Codec = "opus"   // RFC 6716
	CodecVorbis Codec = "vorbis" // Vorbis I
	CodecALAC   Codec = "alac"   // Apple Lossless
)

// Format describes a coded stream.
type Format struct {
	Codec      Codec
	SampleRate int // frames a second
	Channels   int
	BitDepth   int // bits of a source sample; zero where the codec has none (MP3)

	// Config is what the decoder needs beside the packets; nil where the codec needs nothing.
	//
	//	FLAC    the 34 bytes of STREAMINFO (RFC 9639, 8.2)
	//	AAC     AudioSpecificConfig (ISO 14496-3, 1.6.2.1)
	//	Opus    the identification header, "OpusHead" and all (RFC 7845, 5.1)
	//	Vorbis  the three headers, laced as in Matroska (Xiph lacing, a count of 2 first)
	//	ALAC    ALACSpecificConfig, the 24 bytes of the magic cookie
	//	PCM     the sample encoding: "u8", "s8", "s16", "s24", "s32", "f32" or "f64" followed, where
	//	        there is more than a byte, by "le" or "be"; or "alaw", "ulaw" (ITU-T G.711)
	Config []byte
}

// Lossless tells whether the codec keeps every bit of the source.
func (f Format) Lossless() bool {
	return f.Codec == CodecFLAC || f.Codec == CodecPCM || f.Codec == CodecALAC
}

// SameDecoder tells whether one decoder can go on from a stream of format f to one of format g.
// FLAC's Config says more of the stream than its decoder needs.
func (f Format) SameDecoder(g Format) bool {
	return f.Codec == g.Codec && f.SampleRate == g.SampleRate && f.Channels == g.Channels &&
		f.BitDepth == g.BitDepth && (f.Codec == CodecFLAC || bytes.Equal(f.Config, g.Config))
}

// Packet is one coded unit (an MP3 frame, a FLAC frame, a run of PCM) on its way to a decoder.
type Packet struct {
	Data []byte // owned by the demuxer until its next call

	// Time is where the packet's first decoded frame lies on the stream's own raw timeline, in
	// frames at the stream's sample rate. Encoder delay is still in it: see Trim.
	Time     Frames
	Duration Frames // decoded frames; zero where only decoding can tell

	// Encryption is set on a packet whose samples are still protected.
	Encryption *Encryption
}

// Encryption says how a packet's bytes are protected (ISO 23001-7).
type Encryption struct {
	KeyID      [16]byte
	IV         []byte // 8 or 16 bytes
	Subsamples []Subsample
}

// Subsample is a run of clear bytes followed by a run of protected ones.
type Subsample struct{ Clear, Protected int }

// Trim says which part of a stream's raw timeline is to be heard.
type Trim struct {
	// Start is the raw time of the first frame to be heard: encoder delay plus what the decoder
	// itself adds (LAME's 576 and the 529 of an MP3 decoder).
	Start Frames
	// Length counts the frames to be heard; zero or less where it isn't known, and then all is.
	Length Frames
}

// Tags are what a file says of itself.
type Tags struct {
	Title, Artist, Album, AlbumArtist, Composer, Genre string
	Track, Disc, Year                                  int
	Tracks, Discs                                      int // how many there are of each on the disc and in the set
	Duration                                           time.Duration
	TrackGain, AlbumGain                               *Decibels // ReplayGain 2.0 (or R128 moved to −18 LUFS); nil where absent
	TrackPeak, AlbumPeak                               float64   // 1 is full scale; zero where absent
}
