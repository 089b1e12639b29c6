package metadata

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/media"
)

// longNames are the frames of version 2.2 under their later names.
var longNames = map[string]string{
	"TT1": "TIT1", "TT2": "TIT2", "TT3": "TIT3", "TP1": "TPE1", "TP2": "TPE2", "TP3": "TPE3", "TP4": "TPE4",
	"TAL": "TALB", "TRK": "TRCK", "TPA": "TPOS", "TYE": "TYER", "TDA": "TDAT", "TRD": "TRDA", "TOR": "TORY",
	"TCO": "TCON", "TCM": "TCOM", "TXT": "TEXT", "TCR": "TCOP", "TPB": "TPUB", "TEN": "TENC", "TSS": "TSSE",
	"TBP": "TBPM", "TKE": "TKEY", "TLA": "TLAN", "TLE": "TLEN", "TRC": "TSRC", "TOT": "TOAL", "TOA": "TOPE",
	"TCP": "TCMP", "TS2": "TSO2", "TSA": "TSOA", "TSC": "TSOC", "TSP": "TSOP", "TST": "TSOT", "TMT": "TMED",
	"TXX": "TXXX", "COM": "COMM", "ULT": "USLT", "SLT": "SYLT", "PIC": "APIC", "RVA": "RVAD", "GP1": "GRP1",
	"WXX": "WXXX",
}

// fieldNames are the texts of ID3 that have a name in Vorbis comments.
var fieldNames = map[string]string{
	"TIT1": "GROUPING", "TIT2": "TITLE", "TIT3": "SUBTITLE", "TPE1": "ARTIST", "TPE2": "ALBUMARTIST",
	"TPE3": "CONDUCTOR", "TPE4": "REMIXER", "TALB": "ALBUM", "TRCK": "TRACKNUMBER", "TPOS": "DISCNUMBER",
	"TYER": "DATE", "TDRC": "DATE", "TDRL": "RELEASEDATE", "TDOR": "ORIGINALDATE", "TORY": "ORIGINALDATE",
	"TCON": "GENRE", "TCOM": "COMPOSER", "TEXT": "LYRICIST", "TCOP": "COPYRIGHT", "TPUB": "ORGANIZATION",
	"TENC": "ENCODED-BY", "TSSE": "ENCODER", "TBPM": "BPM", "TKEY": "KEY", "TLAN": "LANGUAGE", "TLEN": "LENGTH",
	"TSRC": "ISRC", "TCMP": "COMPILATION", "TMOO": "MOOD", "TSST": "DISCSUBTITLE", "TSOA": "ALBUMSORT",
	"TSOP": "ARTISTSORT", "TSOT": "TITLESORT", "TSO2": "ALBUMARTISTSORT", "TSOC": "COMPOSERSORT", "TMED": "MEDIA",
	"GRP1": "GROUPING", "MVNM": "MOVEMENTNAME", "MVIN": "MOVEMENT", "TOAL": "ORIGINALALBUM", "TOPE": "ORIGINALARTIST",
}

// top reads a frame of the tag itself.
func (t *id3Tag) top(f id3Frame) error {
	if long, ok := longNames[f.id]; ok && t.version == 2 {
		f.id = long
	}
	switch f.id {
	case "APIC":
		if p, err := t.picture(f); err == nil {
			t.out.m.addPicture(p)
		}
		return nil
	case "CHAP":
		return t.chapter(f)
	case "CTOC":
		return t.contents(f)
	case "PRIV":
		return t.private(f)
	case "COMM", "USLT", "SYLT", "TXXX", "WXXX", "RVA2", "XRVA":
	default:
		if f.id[0] != 'T' && f.id[0] != 'W' && fieldNames[f.id] == "" {
			return nil
		}
	}
	b, err := t.r.text(f.off, f.end-f.off)
	if err != nil {
		return err
	}
	t.texts(f.id, b)
	return nil
}

// texts reads the frames that say something in words or numbers.
func (t *id3Tag) texts(id string, b []byte) {
	m := &t.out.m
	switch id {
	case "COMM", "USLT":
		t.comment(id, b)
	case "SYLT":
		m.addLyrics(parseSYLT(b))
	case "RVA2", "XRVA":
		m.relativeVolume(b)
	case "TXXX":
		if len(b) > 0 {
			name, value := cutText(b[0], b[1:])
			m.add(decodeText(b[0], name), decodeText(b[0], value))
		}
	case "WXXX":
		if len(b) > 0 {
			name, value := cutText(b[0], b[1:])
			m.add("URL:"+decodeText(b[0], name), anyText(value))
		}
	default:
		if id[0] == 'W' {
			m.add("URL:"+id, anyText(b))
		} else if len(b) > 0 {
			m.id3Text(id, decodeText(b[0], b[1:]))
		}
	}
}

// id3Text takes a text frame, whose values zeros part.
func (m *Metadata) id3Text(id, text string) {
	name := fieldNames[id]
	if name == "" {
		name = id
	}
	if id == "TCON" {
		var all []string
		for v := range strings.SplitSeq(text, "\x00") {
			all = append(all, genres(v))
		}
		text = strings.Join(all, "\x00")
	}
	m.add(name, text)
}

// decodeText reads text of one of ID3's encodings (ID3v2.4 structure, 4).
func decodeText(encoding byte, b []byte) string {
	switch encoding {
	case 1:
		return utf16Text(b, binary.LittleEndian)
	case 2:
		return utf16Text(b, binary.BigEndian)
	}
	return anyText(b)
}

// cutText parts a description from what follows it, at a zero of the encoding's width.
func cutText(encoding byte, b []byte) (before, after []byte) {
	if encoding != 1 && encoding != 2 {
		before, after, _ = bytes.Cut(b, []byte{0})
		return before, after
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i], b[i+2:]
		}
	}
	return b, nil
}

// comment reads COMM and USLT: encoding, language, description, text.
func (t *id3Tag) comment(id string, b []byte) {
	if len(b) < 4 {
		return
	}
	encoding, language := b[0], language(b[1:4])
	name, value := cutText(encoding, b[4:])
	description, text := decodeText(encoding, name), decodeText(encoding, value)
	if id == "USLT" {
		l := ParseLyrics(text)
		l.Language, l.Description = language, description
		t.out.m.addLyrics(l)
		return
	}
	switch upper := strings.ToUpper(description); {
	case strings.HasPrefix(upper, "ITUN"):
		t.out.m.add(description, text)
	case upper == "" || upper == "COMMENT" || strings.HasPrefix(upper, "ID3V1"):
		t.out.m.add("COMMENT", text)
	default:
		t.out.m.add("COMMENT:"+description, text)
	}
}

// language is an ISO 639-2 code; empty where there is none.
func language(b []byte) string {
	s := strings.ToLower(strings.TrimRight(string(b), "\x00 "))
	if s == "xxx" || s == "und" || !frameName(strings.ToUpper(s)) {
		return ""
	}
	return s
}

// relativeVolume reads RVA2 (ID3v2.4 frames, 4.11): for the master volume, a gain in 512ths of a
// decibel and a peak of so many bits.
func (m *Metadata) relativeVolume(b []byte) {
	name, b, ok := bytes.Cut(b, []byte{0})
	for ok && len(b) >= 4 {
		bits := int(b[3])
		size := (bits + 7) / 8
		if len(b) < 4+size {
			return
		}
		if b[0] == 1 {
			d := media.Decibels(int16(binary.BigEndian.Uint16(b[1:]))) / 512
			var top float64
			for _, c := range b[4 : 4+size] {
				top = top*256 + float64(c)
			}
			if bits > 0 {
				top /= float64(uint64(1) << min(bits-1, 62))
			}
			m.volume(strings.ToLower(string(name)), d, top)
		}
		b = b[4+size:]
	}
}

func (m *Metadata) volume(name string, d media.Decibels, top float64) {
	text := strconv.FormatFloat(float64(d), 'f', 2, 64) + " dB"
	which := "REPLAYGAIN_TRACK"
	if name == "album" {
		which = "REPLAYGAIN_ALBUM"
	}
	m.add(which+"_GAIN", text)
	if top > 0 {
		m.add(which+"_PEAK", strconv.FormatFloat(top, 'f', 6, 64))
	}
}

// private reads PRIV.
func (t *id3Tag) private(f id3Frame) error {
	if f.end-f.off > MaxPrivateBytes || len(t.out.m.Private) >= MaxPictures {
		return nil
	}
	b, err := t.r.at(f.off, int(f.end-f.off))
	if err != nil {
		return err
	}
	if owner, data, ok := bytes.Cut(b, []byte{0}); ok {
		t.out.m.Private = append(t.out.m.Private, Private{anyText(owner), data})
	}
	return nil
}

// pictureHead is read for what stands in front of a picture: MIME type and description.
const pictureHead = 1 << 10

// picture reads APIC, or PIC of version 2.2.
func (t *id3Tag) picture(f id3Frame) (p Picture, err error) {
	b, err := t.r.head(f.off, f.end, pictureHead)
	if err != nil {
		return p, t.out.failed(err)
	}
	all := len(b)
	if len(b) < 6 {
		return p, ErrFormat
	}
	encoding := b[0]
	if t.version == 2 {
		p.MIME, b = string(b[1:4]), b[4:]
	} else {
		mime, rest, ok := bytes.Cut(b[1:], []byte{0})
		if !ok || len(rest) == 0 {
			return p, ErrFormat
		}
		p.MIME, b = anyText(mime), rest
	}
	if p.MIME == "-->" {
		return p, ErrUnsupported // a link
	}
	p.Kind = PictureKind(b[0])
	description, rest := cutText(encoding, b[1:])
	p.Description = decodeText(encoding, description)
	off := f.off + int64(all-len(rest))
	if off >= f.end {
		return p, ErrFormat
	}
	return t.r.loaded(p, off, f.end-off), nil
}
