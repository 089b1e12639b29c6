package metadata

import (
	"github.com/segue-audio/segue/player/media"
)

// reference is what ReplayGain 2.0 brings music to, in LUFS.
const reference media.Decibels = -18

// loudness reads tlou and alou (ISO 14496-12, 12.2.7): the programme loudness and peak of a track and
// its album. They become ReplayGain where no tag says it otherwise.
func (v *mp4Movie) loudness(b mp4Box, _ int) error {
	if b.kind != "tlou" && b.kind != "alou" {
		return nil
	}
	body, err := v.r.text(b.off, b.end-b.off)
	if err != nil || len(body) < 4 {
		return err
	}
	count, entry := 1, body[4:]
	versioned := body[0] > 0
	if versioned {
		if len(entry) < 1 {
			return nil
		}
		count, entry = int(entry[0]&0x3f), entry[1:]
	}
	for range count {
		if versioned {
			if len(entry) < 1 {
				return nil
			}
			entry = entry[1:] // the equaliser that it holds for
		}
		if len(entry) < 7 {
			return nil
		}
		downmix := uint16(entry[0])<<2&0x7c | uint16(entry[1])>>6
		samplePeak := int(entry[2])<<4 | int(entry[3])>>4
		truePeak := int(entry[3]&15)<<8 | int(entry[4])
		measured := int(entry[6])
		list := entry[7:]
		if len(list) < 3*measured {
			return nil
		}
		if downmix == 0 { // of the sound as it is, not mixed down
			v.programme(b.kind == "alou", list[:3*measured], samplePeak, truePeak)
		}
		entry = list[3*measured:]
	}
	return nil
}

// programme takes one loudness entry.
func (v *mp4Movie) programme(album bool, measurements []byte, samplePeak, truePeak int) {
	t := &v.r.m.Tags
	gain, peak := &t.TrackGain, &t.TrackPeak
	if album {
		gain, peak = &t.AlbumGain, &t.AlbumPeak
	}
	const programmeLoudness = 1
	for ; len(measurements) >= 3; measurements = measurements[3:] {
		if measurements[0] == programmeLoudness && *gain == nil {
			d := reference - (-57.75 + media.Decibels(measurements[1])*0.25)
			*gain = &d
		}
	}
	level := truePeak
	if level == 0 { // unknown
		level = samplePeak
	}
	if level != 0 && *peak == 0 {
		*peak = (20 - media.Decibels(level)/32).Amplitude()
	}
}
