package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/segue-audio/segue/player/sink"
	"github.com/segue-audio/segue/player/sink/null"
	"github.com/segue-audio/segue/player/sink/speaker"
	"github.com/segue-audio/segue/player/sink/wav"
)

// sinkSpec is where the music goes.
type sinkSpec struct {
	kind string // speaker, null or wav
	path string // of the WAV file
	pace sink.Pace
}

// UnmarshalText reads speaker, null, null-fast, wav:PATH or wav-fast:PATH.
func (s *sinkSpec) UnmarshalText(text []byte) error {
	kind, path, _ := strings.Cut(string(text), ":")
	base, fast := strings.CutSuffix(kind, "-fast")
	spec := sinkSpec{kind: base, path: path}
	if fast {
		spec.pace = sink.Unpaced
	}
	switch {
	case base == "wav" && path == "":
		return fmt.Errorf("%q names no file: want %s:PATH", text, kind)
	case base == "wav", base == "null" && path == "", string(text) == "speaker":
		*s = spec
		return nil
	}
	return fmt.Errorf("%q is not speaker, null, null-fast, wav:PATH or wav-fast:PATH", text)
}

// openSink makes the sink that o names. noDevice is told, once, when there is no audio device and
// the music goes on in silence.
func openSink(o options, noDevice func(error)) sink.Sink {
	switch o.Sink.kind {
	case "wav":
		encoding := wav.Float32
		switch o.WAVFormat {
		case "s16":
			encoding = wav.Int16
		case "s24":
			encoding = wav.Int24
		}
		return wav.New(o.Sink.path, wav.Options{Encoding: encoding, Pace: o.Sink.pace})
	case "null":
		return null.New(o.Sink.pace)
	}
	return &silentFallback{
		Sink:     speaker.New(speaker.Options{}),
		silent:   func() sink.Sink { return null.New(sink.RealTime) },
		noDevice: noDevice,
	}
}

// silentFallback is a speaker where there is one, and otherwise plays in silence at the same pace,
// so that a machine without sound can still be used to look and to measure.
type silentFallback struct {
	sink.Sink
	silent   func() sink.Sink
	noDevice func(error)
	fell     bool
}

// Start opens the speaker or, without a device, its replacement.
func (f *silentFallback) Start(want sink.Format, src sink.Source) (sink.Format, error) {
	if !f.fell {
		format, err := f.Sink.Start(want, src)
		if !errors.Is(err, sink.ErrNoDevice) {
			return format, err
		}
		f.fell = true
		f.noDevice(err)
	}
	f.Sink = f.silent() // a null sink starts once
	return f.Sink.Start(want, src)
}

// Failed is that of the sink in use.
func (f *silentFallback) Failed() <-chan error { return failed(f.Sink) }

// failed gives a sink's failures; nil, on which nothing ever comes, where it reports none.
func failed(s sink.Sink) <-chan error {
	if f, ok := s.(sink.Failer); ok {
		return f.Failed()
	}
	return nil
}
