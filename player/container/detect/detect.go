// Package detect finds out which container bytes are in, going by the bytes alone, and opens it. It
// holds the one list of the containers that are built in; it refuses what it can't name.
package detect

import (
	"bytes"
	"fmt"
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/adts"
	"github.com/segue-audio/segue/player/container/aiff"
	"github.com/segue-audio/segue/player/container/flac"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/container/mka"
	"github.com/segue-audio/segue/player/container/mp3"
	"github.com/segue-audio/segue/player/container/mp4"
	"github.com/segue-audio/segue/player/container/ogg"
	"github.com/segue-audio/segue/player/container/ts"
	"github.com/segue-audio/segue/player/container/wav"
)

// headBytes is how much of a file's beginning tells what it is.
const headBytes = 1024

// maxTags is how many ID3v2 tags are passed over in search of what stands behind them.
const maxTags = 16

// Container is one of the containers that are built in.
type Container struct {
	Name string // for people: "MP4", "MPEG audio"
	is   func(head []byte) bool
	open func(io.ReaderAt, int64) (container.Seeker, error)
	// tagged tells that ID3v2 tags may stand in front.
	tagged bool
}

// The list of what is built in: a new container is one line here. The first that knows the file's
// beginning is taken, so what is sure to be known stands first.
var files = []Container{
	{"FLAC", prefix("fLaC"), opener(flac.Open), true},
	{"WAVE", prefix("RIFF", "RIFX", "RF64", "BW64"), opener(wav.Open), false},
	{"AIFF", prefix("FORM"), opener(aiff.Open), false},
	{"Ogg", prefix("OggS"), opener(ogg.Open), false},
	{"MP4", isMP4, opener(mp4.Open), false},
	{"MPEG-TS", ts.Is, opener(ts.Open), false},
	{"Matroska", prefix("\x1a\x45\xdf\xa3"), opener(mka.Open), false},
	{"MPEG-4 AAC stream", isAAC, opener(adts.Open), true},
	// Rubbish may stand in front of the first frame of MPEG audio: only looking for it will tell.
	{"MPEG audio", func([]byte) bool { return true }, opener(mp3.Open), true},
}

// Identify says which container the size bytes that r reads are in. Where it is one that we recognise
// and can't take apart, the error wraps container.ErrUnsupported and names it; where it is no audio but
// something well known, container.ErrFormat. Errors of r come as they are.
func Identify(r io.ReaderAt, size int64) (Container, error) {
	head, tagged, err := beginning(r, size)
	if err != nil {
		return Container{}, err
	}
	if err := foreign(head); err != nil {
		return Container{}, err
	}
	for _, c := range files {
		if (c.tagged || !tagged) && c.is(head) {
			return c, nil
		}
	}
	return Container{}, container.ErrFormat
}

// Open finds out what the file of size bytes that r reads is, and opens it. Errors are those of Identify
// and of the container's own Open.
func Open(r io.ReaderAt, size int64) (container.Seeker, error) {
	c, err := Identify(r, size)
	if err != nil {
		return nil, err
	}
	return c.Open(r, size)
}

// Open opens a file in this container. Errors wrap those of the package container, or are r's.
func (c Container) Open(r io.ReaderAt, size int64) (container.Seeker, error) { return c.open(r, size) }

// beginning gives the first bytes behind any ID3v2 tags, and whether there were some.
func beginning(r io.ReaderAt, size int64) (head []byte, tagged bool, err error) {
	off := int64(0)
	for range maxTags {
		head = make([]byte, min(headBytes, size-off))
		n, err := r.ReadAt(head, off)
		if err != nil && err != io.EOF {
			return nil, false, err
		}
		head = head[:n]
		tag := int64(TagBytes(head))
		if tag == 0 || off+tag >= size {
			break
		}
		off += tag
	}
	return head, off > 0 || TagBytes(head) > 0, nil
}

// OpenSegment finds out what a media segment is and opens it. init is nil where the playlist named no
// init section. Errors wrap those of the package container.
func OpenSegment(init *fmp4.Init, data []byte) (container.Demuxer, error) {
	switch {
	case init != nil:
		return init.OpenSegment(data)
	case isFragment(data) || bytes.HasPrefix(data[min(4, len(data)):], []byte("ftyp")):
		return nil, fmt.Errorf("%w: fMP4 segment without init section", container.ErrFormat)
	}
	if ts.Is(data[:min(headBytes, len(data))]) {
		return ts.OpenSegment(data)
	}
	if err := foreign(data); err != nil {
		return nil, err
	}
	audio := data
	for TagBytes(audio) > 0 && TagBytes(audio) < len(audio) {
		audio = audio[TagBytes(audio):]
	}
	if isAAC(audio) {
		return adts.OpenSegment(data)
	}
	return mp3.OpenSegment(data)
}

// TagBytes is the size of the ID3v2 tag that b starts with (ID3v2.4, 3.1), footer and all, or zero. The
// tag may be longer than b.
func TagBytes(b []byte) int {
	if len(b) < 10 || !bytes.HasPrefix(b, []byte("ID3")) {
		return 0
	}
	size := 10 + int(b[6]&127)<<21 + int(b[7]&127)<<14 + int(b[8]&127)<<7 + int(b[9]&127)
	if b[5]&0x10 != 0 {
		size += 10 // a footer
	}
	return size
}

// others are the beginnings of containers that we can't take apart, and strangers of what is no audio at all
// but turns up in its place: what a server says of an error, say.
var (
	others = []named{
		{"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF (Windows Media)"},
		{"caff", "Core Audio Format"},
		{"#!AMR", "AMR"},
		{"wvpk", "WavPack"},
		{"MAC ", "Monkey's Audio"},
		{"MPCK", "Musepack"}, {"MP+", "Musepack"},
		{"TTA1", "True Audio"},
		{"DSD ", "DSD"}, {"FRM8", "DSD (DSDIFF)"},
		{"MThd", "MIDI"},
		{"FLV", "Flash video"},
	}
	strangers = []named{
		{"<!DOCTYPE html", "an HTML page"}, {"<!doctype html", "an HTML page"}, {"<html", "an HTML page"},
		{"{\"", "JSON"}, {"<?xml", "XML"}, {"<MPD", "an MPD"},
		{"#EXTM3U", "a playlist"}, {"[playlist]", "a playlist"},
		{"\x89PNG", "a picture (PNG)"}, {"\xff\xd8\xff", "a picture (JPEG)"}, {"GIF8", "a picture (GIF)"},
		{"%PDF", "a document (PDF)"}, {"PK\x03\x04", "an archive (ZIP)"}, {"\x1f\x8b", "compressed data (gzip)"},
	}
)

// named is what begins with magic.
type named struct{ magic, what string }

// foreign names what isn't ours, so that the message can say so; nil for what may be.
func foreign(head []byte) error {
	for _, o := range others {
		if bytes.HasPrefix(head, []byte(o.magic)) {
			return fmt.Errorf("%w: %s", container.ErrUnsupported, o.what)
		}
	}
	for _, s := range strangers {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return fmt.Errorf("%w: %s", container.ErrFormat, s.what)
		}
	}
	return nil
}

// isMP4 recognises the boxes that MP4 and QuickTime files begin with, and media segments.
func isMP4(h []byte) bool {
	return len(h) > 8 && (bytes.Contains([]byte("ftyp moov mdat free skip wide uuid"), h[4:8]) || isFragment(h))
}

// isFragment recognises the boxes that fMP4 media segments begin with (ISO 14496-12, 8.16; ISO 23009-1).
func isFragment(h []byte) bool {
	return len(h) > 8 && bytes.Contains([]byte("styp moof sidx emsg prft"), h[4:8])
}

// isAAC recognises an ADTS header (ISO 14496-3, 1.A.2.2.1), whose layer is 0 as no MP3's is, and a
// LOAS AudioSyncStream (1.7.2).
func isAAC(h []byte) bool {
	return len(h) > 1 && (h[0] == 0xff && h[1]&0xf6 == 0xf0 || h[0] == 0x56 && h[1]&0xe0 == 0xe0)
}

// prefix makes a test for bytes that begin with one of some words.
func prefix(words ...string) func([]byte) bool {
	return func(head []byte) bool {
		for _, w := range words {
			if bytes.HasPrefix(head, []byte(w)) {
				return true
			}
		}
		return false
	}
}

// opener makes a container's own Open, whose demuxer has a type of its own, one of the list's.
func opener[S container.Seeker](open func(io.ReaderAt, int64) (S, error)) func(io.ReaderAt, int64) (container.Seeker, error) {
	return func(r io.ReaderAt, size int64) (container.Seeker, error) {
		s, err := open(r, size)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}
