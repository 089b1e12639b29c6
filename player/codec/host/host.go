// Package host lets an app lend the decoder of its platform: MediaCodec on Android, AudioToolbox on
// Apple's systems, or any other. The app implements Opener and Codec, whose types gobind can bind, and
// puts New into player.Config's Decoders:
//
//	Decoders: map[media.Codec]func(media.Format) (codec.Decoder, error){
//		media.CodecAAC: func(f media.Format) (codec.Decoder, error) { return host.New(f, opener) },
//	}
//
// What the platform refuses with an error falls to the decoder that is built in.
package host

// Opener makes decoders. It is called from the player's goroutines, for several streams at once.
type Opener interface {
	// Open readies a decoder for s, or says why it can't.
	Open(s *Stream) (Codec, error)
}

// Stream says what is to be decoded.
type Stream struct {
	Codec      string // "aac", "mp3", "flac", "opus", "vorbis", "alac": the names of package media
	SampleRate int32  // frames a second, as the container says
	Channels   int32
	BitDepth   int32  // of a source sample; zero where the codec has none
	Config     []byte // what media.Format's Config holds; for AAC it is MediaCodec's csd-0
}

// Codec is one decoder of the platform. It is called by one goroutine at a time.
type Codec interface {
	// SampleRate is that of the output in frames a second, known from Open on.
	SampleRate() int32
	// Channels is the channel count of the output, known from Open on.
	Channels() int32
	// IsFloat tells that Decode gives 32-bit floats instead of 16-bit integers.
	IsFloat() bool

	// Decode takes one packet and returns the PCM that is ready: interleaved, little-endian, channels
	// in WAV's order. A decoder may lag: give nothing at first and each packet's music with a later
	// one. It must not leave out or add any; one that leaves out its own delay has a lag of it. The
	// player copies both slices before it calls again. An error loses this packet only.
	Decode(packet []byte) ([]byte, error)
	// Drain returns what lags behind the last packet.
	Drain() ([]byte, error)
	// Reset forgets all packets, as after a seek (MediaCodec's flush). After an error it is
	// not asked to decode again and the music ends there.
	Reset() error
	// Close gives the decoder back to the platform. No call follows.
	Close() error
}
