package mp4

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/internal/bmff"
	"github.com/segue-audio/segue/player/container/internal/window"
)

const (
	// maxOutline bounds what is kept of moov. The tables, which grow with a file's length, and covers
	// stay where they are.
	maxOutline = 4 << 20
	maxHead    = 16 // bytes of a box's head
)

// span is where the body of a box lies in the file.
type span struct{ at, end int64 }

// tables is where a track's sample tables lie.
type tables map[bmff.FourCC]span

// outline is moov without what is large.
type outline struct {
	w      *window.Window
	moov   []byte
	tracks []tables // of each trak
	count  int      // boxes seen
}

// within says which boxes in one of a kind are kept or looked into. Nothing leads back up, so the depth is
// that of the grammar. The tables at the end of stbl's are kept as places.
func within(kind string) string {
	switch kind {
	case "moov":
		return "mvhd trak mvex udta meta"
	case "trak":
		return "tkhd edts mdia"
	case "edts":
		return "elst"
	case "mdia":
		return "mdhd hdlr minf"
	case "minf":
		return "stbl"
	case "stbl":
		return "stsd sgpd stts stsc stsz stz2 stco co64"
	case "mvex":
		return "trex mehd"
	case "udta":
		return "meta"
	case "meta":
		return "ilst"
	case "ilst":
		return "----"
	case "----":
		return "mean name data"
	}
	return ""
}

const tableKinds = "stts stsc stsz stz2 stco co64"

// box reads the head of the box at off, which has to end by end; whole tells that it does.
func readHead(w *window.Window, off, end int64) (kind bmff.FourCC, body span, whole bool, err error) {
	b, err := w.At(off, maxHead)
	if err != nil {
		return kind, body, false, err
	}
	if len(b) < 8 || end-off < 8 {
		return kind, body, false, fmt.Errorf("mp4: %d stray bytes at %d: %w", min(int64(len(b)), end-off), off, container.ErrFormat)
	}
	size, head := uint64(binary.BigEndian.Uint32(b)), 8
	copy(kind[:], b[4:8])
	switch size {
	case 0: // to the end of the file
		size = uint64(end - off)
	case 1:
		if len(b) < maxHead {
			return kind, body, false, fmt.Errorf("mp4: cut box at %d: %w", off, container.ErrFormat)
		}
		size, head = binary.BigEndian.Uint64(b[8:]), maxHead
	}
	if kind == bmff.CC("free") && size < uint64(head) {
		size = uint64(head) // as an app's files have it, and others read it: empty
	}
	if size < uint64(head) || size > 1<<60 {
		return kind, body, false, fmt.Errorf("mp4: box %v of %d bytes at %d: %w", kind, size, off, container.ErrFormat)
	}
	body = span{off + int64(head), off + int64(size)}
	return kind, body, body.end <= end, nil
}

// read goes through the children of a box that is looked into.
func (o *outline) read(parent string, body span) error {
	if parent == "meta" {
		// QuickTime's has no version in front of its boxes.
		b, err := o.w.At(body.at, 8)
		if err != nil {
			return err
		}
		if len(b) == 8 && string(b[4:]) != "hdlr" {
			body.at += 4
		}
	}
	wanted := within(parent)
	for off := body.at; off < body.end; {
		if o.count++; o.count > bmff.MaxBoxes {
			return fmt.Errorf("mp4: more than %d boxes: %w", bmff.MaxBoxes, container.ErrLimit)
		}
		if parent == "udta" && body.end-off < 8 {
			return nil // QuickTime ends it with four zeros
		}
		kind, child, whole, err := readHead(o.w, off, body.end)
		if err != nil {
			return err
		}
		if !whole {
			return fmt.Errorf("mp4: box %v at %d ends behind its parent: %w", kind, off, container.ErrFormat)
		}
		if name := string(kind[:]); !strings.Contains(name, " ") && strings.Contains(wanted, name) {
			if err := o.keep(name, child); err != nil {
				return err
			}
		}
		off = child.end
	}
	return nil
}

// keep copies a box, notes where a table lies, or looks into what has children.
func (o *outline) keep(name string, body span) error {
	if strings.Contains(tableKinds, name) {
		if n := len(o.tracks) - 1; n >= 0 {
			o.tracks[n][bmff.CC(name)] = body
		}
		return nil
	}
	at := len(o.moov)
	o.moov = append(append(o.moov, 0, 0, 0, 0), name...)
	switch {
	case name == "trak":
		o.tracks = append(o.tracks, tables{})
		fallthrough
	case within(name) != "":
		if err := o.read(name, body); err != nil {
			return err
		}
	case int64(len(o.moov))+body.end-body.at > maxOutline:
		return fmt.Errorf("mp4: box %q of %d bytes: %w", name, body.end-body.at, container.ErrLimit)
	default:
		b, err := o.w.At(body.at, int(body.end-body.at))
		if err != nil {
			return err
		}
		if int64(len(b)) < body.end-body.at {
			return fmt.Errorf("mp4: box %q cut: %w", name, container.ErrFormat)
		}
		o.moov = append(o.moov, b...)
	}
	binary.BigEndian.PutUint32(o.moov[at:], uint32(len(o.moov)-at))
	return nil
}
