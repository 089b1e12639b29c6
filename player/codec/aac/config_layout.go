package aac

import (
	"fmt"
	"math"
	"slices"

	"github.com/segue-audio/segue/player/codec"
)

// speaker is where a channel is to be heard from.
type speaker uint8

const (
	frontLeft speaker = iota
	frontRight
	frontCentre
	lowFrequency
	backLeft
	backRight
	sideLeft
	sideRight
	backCentre
	innerLeft // between centre and left
	innerRight
	nowhere // a program's speaker that no one has a name for
)

// slot is an element that a packet should hold and the speakers of its channels.
type slot struct {
	tagged
	speakers []speaker
}

// standardSlots are the elements by channel configuration (Table 1.19), in their order in a packet.
//
// Two of them bend the letter. Configuration 7 is 7.1 with an inner front pair; writers use it for
// 7.1 with side and back pairs, and so is it read everywhere. The upper front pair of 14 is played
// from the sides.
func standardSlots(config int) []slot {
	centre := slot{tagged{kindSingle, 0}, []speaker{frontCentre}}
	front := slot{tagged{kindPair, 0}, []speaker{frontLeft, frontRight}}
	back := slot{tagged{kindPair, 0}, []speaker{backLeft, backRight}}
	side := slot{tagged{kindPair, 0}, []speaker{sideLeft, sideRight}}
	behind := slot{tagged{kindSingle, 0}, []speaker{backCentre}}
	lfe := slot{tagged{kindLFE, 0}, []speaker{lowFrequency}}
	switch config {
	case 1:
		return []slot{centre}
	case 2:
		return []slot{front}
	case 3:
		return []slot{centre, front}
	case 4:
		return []slot{centre, front, behind}
	case 5:
		return []slot{centre, front, back}
	case 6:
		return []slot{centre, front, back, lfe}
	case 7, 12:
		return []slot{centre, front, side, back, lfe}
	case 11:
		return []slot{centre, front, side, behind, lfe}
	case 14:
		return []slot{centre, front, back, lfe, side}
	}
	return nil
}

// slots names the speakers of a program's elements: a row of an odd count has a centre, a single
// element; the rest are pairs, from the middle outwards in front and from the sides to the back behind.
func (p *program) slots() (list []slot) {
	front := []speaker{frontLeft, frontRight}
	if channelCount(p.front) >= 4 {
		front = []speaker{innerLeft, innerRight, frontLeft, frontRight}
	}
	back := []speaker{backLeft, backRight}
	if channelCount(p.side) == 0 && channelCount(p.back) >= 4 {
		back = []speaker{sideLeft, sideRight, backLeft, backRight}
	}
	list = row(p.front, frontCentre, front)
	list = append(list, row(p.side, nowhere, []speaker{sideLeft, sideRight})...)
	list = append(list, row(p.back, backCentre, back)...)
	for _, e := range p.lfe {
		list = append(list, slot{e, []speaker{lowFrequency}})
	}
	return list
}

// row gives the elements of a row their speakers.
func row(elements []tagged, centre speaker, pairs []speaker) (list []slot) {
	odd := channelCount(elements)%2 == 1
	for _, e := range elements {
		s := slot{tagged: e}
		switch {
		case odd && e.kind == kindSingle:
			s.speakers, odd = []speaker{centre}, false
		default:
			for range channelCount([]tagged{e}) {
				where := nowhere
				if len(pairs) > 0 {
					where, pairs = pairs[0], pairs[1:]
				}
				s.speakers = append(s.speakers, where)
			}
		}
		list = append(list, s)
	}
	return list
}

func channelCount(list []tagged) (n int) {
	for _, e := range list {
		n++
		if e.kind == kindPair {
			n++
		}
	}
	return n
}

// slots lists the elements of a packet and the speakers that they end up in.
func (c Config) slots() ([]slot, error) {
	list := standardSlots(c.ChannelConfig)
	if c.ChannelConfig == 0 && c.program != nil {
		list = c.program.slots()
	}
	if len(list) == 1 && list[0].kind == kindSingle && c.SBR == Present && c.PS == Present {
		list[0].speakers = []speaker{frontLeft, frontRight}
	}
	n := 0
	for _, s := range list {
		n += len(s.speakers)
	}
	switch {
	case n == 0 && c.ChannelConfig == 0:
		return nil, fmt.Errorf("%w: AAC without a channel configuration", codec.ErrUnsupported)
	case n == 0 || n > codec.MaxChannels:
		return nil, fmt.Errorf("%w: AAC channel configuration %d of %d channels", codec.ErrUnsupported, c.ChannelConfig, n)
	}
	return list, nil
}

// outputs are the layouts of WAV and FLAC (RFC 9639, 9.1.3) by channel count.
var outputs = [...][]speaker{
	1: {frontCentre},
	2: {frontLeft, frontRight},
	3: {frontLeft, frontRight, frontCentre},
	4: {frontLeft, frontRight, backLeft, backRight},
	5: {frontLeft, frontRight, frontCentre, backLeft, backRight},
	6: {frontLeft, frontRight, frontCentre, lowFrequency, backLeft, backRight},
	7: {frontLeft, frontRight, frontCentre, lowFrequency, backCentre, sideLeft, sideRight},
	8: {frontLeft, frontRight, frontCentre, lowFrequency, backLeft, backRight, sideLeft, sideRight},
}

// stands says which speakers take the place of one that a layout hasn't: one at the same level, or
// two at −3 dB each.
func stands(s speaker) [][]speaker {
	switch s {
	case backLeft:
		return [][]speaker{{sideLeft}}
	case backRight:
		return [][]speaker{{sideRight}}
	case sideLeft:
		return [][]speaker{{backLeft}}
	case sideRight:
		return [][]speaker{{backRight}}
	case backCentre:
		return [][]speaker{{backLeft, backRight}, {sideLeft, sideRight}}
	case innerLeft:
		return [][]speaker{{frontLeft, frontCentre}}
	case innerRight:
		return [][]speaker{{frontRight, frontCentre}}
	}
	return nil
}

// route adds a coded channel to an output channel.
type route struct {
	in, out int
	gain    float32
}

// routes chooses the smallest layout of WAV that has a place for each coded channel and says how
// they get there. A layout where two coded channels would meet in a speaker comes after those where
// none do. Speakers without a name are passed on in the order of coding.
func routes(coded []speaker) (list []route, channels int) {
	for _, mayMeet := range []bool{false, true} {
		for n := len(outputs) - 1; n > 0; n-- {
			if r, ok := routesTo(outputs[n], coded, mayMeet); ok {
				list, channels = r, n
			}
		}
		if list != nil {
			return list, channels
		}
	}
	for i := range coded {
		list = append(list, route{i, i, 1})
	}
	return list, len(coded)
}

func routesTo(layout, coded []speaker, mayMeet bool) (list []route, ok bool) {
	taken := make([]int, len(layout))
	place := func(in int, at ...speaker) bool {
		gain := float32(1 / math.Sqrt(float64(len(at))))
		for _, s := range at {
			out := slices.Index(layout, s)
			if out < 0 {
				return false
			}
			taken[out]++
			list = append(list, route{in, out, gain})
		}
		return true
	}
	for in, s := range coded {
		if slices.Contains(layout, s) {
			place(in, s)
			continue
		}
		found := false
		for _, at := range stands(s) {
			if found = !slices.ContainsFunc(at, func(s speaker) bool { return !slices.Contains(layout, s) }); found {
				place(in, at...)
				break
			}
		}
		if !found {
			return nil, false
		}
	}
	return list, mayMeet || slices.Max(taken) <= 1
}
