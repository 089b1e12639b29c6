package aac

import (
	"fmt"

	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/internal/bitstream"
)

// kind is an id_syn_ele (Table 4.85).
type kind uint8

const (
	kindSingle   kind = iota // single_channel_element
	kindPair                 // channel_pair_element
	kindCoupling             // coupling_channel_element
	kindLFE                  // lfe_channel_element
	kindData                 // data_stream_element
	kindProgram              // program_config_element
	kindFill                 // fill_element
	kindEnd
)

// tagged is an element of a program: its kind and its instance tag.
type tagged struct {
	kind kind
	tag  uint8
}

// program is a program_config_element (4.4.1.1): the elements of each row of speakers, in their order
// of coding, front to back.
type program struct {
	front, side, back, lfe []tagged
	coupling               []tagged
}

// parseProgram reads a program_config_element. What it says of rate and object type stands elsewhere
// too; mix-down hints, associated data and the comment are passed.
func parseProgram(r *bitstream.Reader) (*program, error) {
	r.Skip(4 + 2 + 4) // element_instance_tag, object_type, sampling_frequency_index
	front, side, back := int(r.Read(4)), int(r.Read(4)), int(r.Read(4))
	lfe, data, coupling := int(r.Read(2)), int(r.Read(3)), int(r.Read(4))
	for _, n := range []int{4, 4, 3} { // mono, stereo and matrix mix-down
		if r.Flag() {
			r.Skip(n)
		}
	}
	channels := func(n int) (list []tagged) {
		for range n {
			k := kindSingle
			if r.Flag() {
				k = kindPair
			}
			list = append(list, tagged{k, uint8(r.Read(4))})
		}
		return list
	}
	p := &program{front: channels(front), side: channels(side), back: channels(back)}
	for range lfe {
		p.lfe = append(p.lfe, tagged{kindLFE, uint8(r.Read(4))})
	}
	r.Skip(4 * data)
	for range coupling {
		r.Skip(1) // cc_element_is_ind_sw: the element itself says so too
		p.coupling = append(p.coupling, tagged{kindCoupling, uint8(r.Read(4))})
	}
	r.Align()
	r.Skip(8 * int(r.Read(8)))
	if r.Overrun() {
		return nil, fmt.Errorf("%w: program config element is cut off", codec.ErrCorrupt)
	}
	return p, nil
}

// write appends the element to an AudioSpecificConfig.
func (p *program) write(w *bitWriter, rate int) {
	w.write(4, 0)
	w.write(2, typeLowComplexity-1)
	w.write(4, bandRate(rate))
	for _, row := range [][]tagged{p.front, p.side, p.back} {
		w.write(4, len(row))
	}
	w.write(2, len(p.lfe))
	w.write(3, 0) // associated data
	w.write(4, len(p.coupling))
	w.write(3, 0) // no mix-down hints
	for _, row := range [][]tagged{p.front, p.side, p.back, p.lfe, p.coupling} {
		for _, e := range row {
			switch e.kind {
			case kindSingle:
				w.write(1, 0)
			case kindPair, kindCoupling:
				w.write(1, 1)
			}
			w.write(4, int(e.tag))
		}
	}
	w.free = 0
	w.write(8, 0) // no comment
}
