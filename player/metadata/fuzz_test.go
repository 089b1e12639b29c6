package metadata_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/segue-audio/segue/player/metadata"
)

// checkLimits fails where what was read passes a limit, or where asking it anything goes wrong.
func checkLimits(t *testing.T, m metadata.Metadata, input int) {
	t.Helper()
	if len(m.Fields) > metadata.MaxFields || len(m.Pictures) > metadata.MaxPictures || len(m.Chapters) > metadata.MaxChapters {
		t.Errorf("%d fields, %d pictures, %d chapters", len(m.Fields), len(m.Pictures), len(m.Chapters))
	}
	for _, p := range m.Pictures {
		if len(p.Data) > input*1100+1 { // as far as zlib packs
			t.Errorf("a picture of %d bytes from %d", len(p.Data), input)
		}
	}
	for i := 1; i < len(m.Chapters); i++ {
		if m.Chapters[i].Start < m.Chapters[i-1].Start {
			t.Error("chapters out of order")
		}
	}
	m.ChapterAt(time.Minute)
	m.Cover()
	if l := m.SyncedLyrics(); l != nil {
		if i := l.At(time.Minute); i >= 0 {
			l.Lines[i].WordAt(time.Minute)
		}
	}
}

// FuzzFile looks for a file of any kind that is read badly.
func FuzzFile(f *testing.F) {
	for _, seed := range [][]byte{
		id3Tag(4, 0, append(id3Frame(4, "TIT2", 0, latin("t")), id3Frame(4, "APIC", 3, append([]byte("\x00\x00\x00\x20\x00image/png\x00\x03x\x00"), "\x89PNG\r\n\x1a\n"...))...)),
		id3Tag(3, 0x80, id3Frame(3, "SYLT", 0, []byte("\x01eng\x02\x01\xff\xfed\x00\x00\x00\xff\xfea\x00\x00\x00\x00\x00\x00\x01"))),
		id3Tag(2, 0, id3Frame(2, "PIC", 0, []byte("\x00PNG\x03f\x00\x89PNG"))),
		id3Tag(4, 0, append(id3Frame(4, "CTOC", 0, []byte("t\x00\x03\x01c\x00")), id3Frame(4, "CHAP", 0, append([]byte("c\x00\x00\x00\x00\x00\x00\x00\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff"), id3Frame(4, "TIT2", 0, latin("x"))...))...)),
		append([]byte("fLaC\x84\x00\x00\x20"), comments("TITLE=x", "CHAPTER001=00:00:01.000", "LYRICS=[00:01]a")...),
		append([]byte("fLaC\x85\x00\x01\xc0"), make([]byte, 448)...),
		append(box("ftyp"), box("moov", box("udta", box("chpl", []byte{1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 'x'}), box("meta", make([]byte, 4), box("hdlr"), box("ilst", box("covr", box("data", []byte{0, 0, 0, 14, 0, 0, 0, 0, 1, 2}))))))...),
		[]byte("RIFF\x00\x00\x00\x00WAVELIST\x10\x00\x00\x00INFOINAM\x04\x00\x00\x00abc\x00"),
		append(make([]byte, 40), []byte("APETAGEX\xd0\x07\x00\x00\x2c\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")...),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []metadata.Options{{}, {PictureBytes: 16}} {
			m, _ := readAll(data, o)
			checkLimits(t, m, len(data))
		}
	})
}

// FuzzVorbisComment and FuzzMessage have no head that tells them from others, as FuzzFile has.
func FuzzVorbisComment(f *testing.F) {
	f.Add(comments("TITLE=x", "METADATA_BLOCK_PICTURE=AAAAAwAAAAlpbWFnZS9wbmcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF4", "CHAPTER001=00:01:00", "CHAPTER001NAME=x", "CUESHEET=TRACK 01 AUDIO\nINDEX 01 00:00:00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := metadata.NewReader(bytes.NewReader(data), int64(len(data)), metadata.Options{})
		_ = r.VorbisComment(0, int64(len(data)))
		m, _ := r.Metadata()
		checkLimits(t, m, len(data))
	})
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00https://aomedia.org/emsg/ID3\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ID3\x04\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := metadata.ParseMessage(data); err == nil {
			tag, _ := m.ID3()
			checkLimits(t, tag, len(data))
		}
		m, _ := metadata.ParseSegmentTags(data)
		checkLimits(t, m, len(data))
	})
}

func FuzzLyrics(f *testing.F) {
	f.Add("[offset:+5]\n[00:01.00][00:02]<00:01.00>a <00:01.5>b")
	f.Add("WEBVTT\n\n00:01.000 --> 00:02.000 x\n<v A>b<00:01.500>c")
	f.Fuzz(func(t *testing.T, text string) {
		l := metadata.ParseLyrics(text)
		if len(l.Lines) > metadata.MaxLines {
			t.Errorf("%d lines", len(l.Lines))
		}
		for i, line := range l.Lines {
			if line.Start < 0 || i > 0 && line.Start < l.Lines[i-1].Start {
				t.Fatalf("line %d at %v", i, line.Start)
			}
			line.WordAt(line.Start)
		}
		l.At(time.Second)
		metadata.ParseCue(text)
	})
}

func FuzzICY(f *testing.F) {
	f.Add([]byte("ab\x01StreamTitle='x';cd\x00ef"), 2)
	f.Fuzz(func(t *testing.T, data []byte, interval int) {
		total := 0
		r := metadata.NewICYReader(bytes.NewReader(data), interval, func(at int64, block []byte) {
			if int(at) > len(data) {
				t.Errorf("a title at %d of %d", at, len(data))
			}
			metadata.ParseTitle(block)
		})
		n, _ := io.Copy(io.Discard, r)
		if total += int(n); total > len(data) {
			t.Errorf("%d bytes of audio from %d", total, len(data))
		}
	})
}
