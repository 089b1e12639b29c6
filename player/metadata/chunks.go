package metadata

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// maxChunks bounds the chunks of a RIFF or AIFF file.
const maxChunks = 4096

// infoNames are the texts of RIFF's INFO list and AIFF's chunks.
var infoNames = map[string]string{
	"INAM": "TITLE", "IART": "ARTIST", "IPRD": "ALBUM", "IAAR": "ALBUMARTIST", "ICRD": "DATE", "IGNR": "GENRE",
	"ICMT": "COMMENT", "ITRK": "TRACKNUMBER", "IPRT": "TRACKNUMBER", "ISFT": "ENCODER", "ICOP": "COPYRIGHT",
	"IENG": "ENGINEER", "IMUS": "COMPOSER", "IWRI": "LYRICIST", "ISRC": "SOURCE", "IKEY": "KEYWORDS", "ISBJ": "SUBJECT",
	"ILNG": "LANGUAGE", "ITCH": "ENCODED-BY",

	"NAME": "TITLE", "AUTH": "ARTIST", "(c) ": "COPYRIGHT", "ANNO": "COMMENT",
}

// RIFF reads what a WAVE file says of itself: the INFO list and an ID3v2 tag, wherever they stand among
// its chunks. The tag goes before the list. The error wraps ErrFormat, ErrLimit or that of reading, and
// concerns what stands behind.
func (r *Reader) RIFF() error {
	head, err := r.at(0, 12)
	if err != nil {
		return r.failed(fmt.Errorf("RIFF: %w", err))
	}
	c := chunkWalk{r: r, order: binary.LittleEndian}
	if string(head[:4]) == "RIFX" {
		c.order = binary.BigEndian
	}
	return c.finish("RIFF", c.walk(12, r.size, func(kind string, off, end int64) error {
		switch kind {
		case "LIST":
			b, err := r.head(off, end, 4)
			if err != nil || string(b) != "INFO" {
				return err
			}
			return c.walk(off+4, end, c.text)
		case "ds64": // ds64 says how long the data chunk is (EBU Tech 3306)
			b, err := r.head(off, end, 16)
			if err == nil && len(b) == 16 {
				c.data64 = int64(c.order.Uint64(b[8:]) & (1<<62 - 1))
			}
			return err
		}
		return c.tag(kind, off)
	}))
}

// AIFF reads what an AIFF file says of itself: its text chunks and an ID3v2 tag, as RIFF does.
func (r *Reader) AIFF() error {
	c := chunkWalk{r: r, order: binary.BigEndian}
	return c.finish("AIFF", c.walk(12, r.size, func(kind string, off, end int64) error {
		switch kind {
		case "NAME", "AUTH", "(c) ", "ANNO":
			return c.text(kind, off, end)
		}
		return c.tag(kind, off)
	}))
}

// chunkWalk walks over chunks: four letters, a length, so many bytes and one more where they are odd.
type chunkWalk struct {
	r      *Reader
	order  binary.ByteOrder
	data64 int64
	count  int
	texts  []Field // kept until the ID3 tag had its say
}

func (c *chunkWalk) walk(off, end int64, visit func(kind string, off, end int64) error) error {
	for off+8 <= end {
		if c.count++; c.count > maxChunks {
			return fmt.Errorf("more than %d chunks: %w", maxChunks, ErrLimit)
		}
		h, err := c.r.at(off, 8)
		if err != nil {
			return err
		}
		kind, size := string(h[:4]), int64(c.order.Uint32(h[4:]))
		off += 8
		if kind == "data" && size == 1<<32-1 && c.data64 > 0 {
			size = c.data64
		}
		if size > end-off {
			size = end - off // what a recorder leaves that was stopped hard
		}
		if err := visit(kind, off, off+size); err != nil {
			return err
		}
		off += size + size&1
	}
	return nil
}

// text keeps a text of INFO or AIFF.
func (c *chunkWalk) text(kind string, off, end int64) error {
	name := infoNames[kind]
	if name == "" || end-off > MaxTextBytes || len(c.texts) >= MaxFields {
		return nil
	}
	b, err := c.r.text(off, end-off)
	if err == nil {
		cut, _, _ := strings.Cut(string(b), "\x00")
		c.texts = append(c.texts, Field{name, anyText([]byte(cut))})
	}
	return err
}

// tag reads an ID3v2 tag in a chunk of its own.
func (c *chunkWalk) tag(kind string, off int64) error {
	if strings.EqualFold(kind, "id3 ") {
		_, err := c.r.ID3v2(off)
		return err
	}
	return nil
}

// finish gives out the texts, behind the ID3 tag.
func (c *chunkWalk) finish(format string, err error) error {
	for _, f := range c.texts {
		c.r.m.add(f.Name, f.Value)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", format, err)
	}
	return c.r.failed(err)
}
