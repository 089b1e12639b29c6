package player

import (
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/pipeline"
)

// SetLoudness changes how entries are brought to one level. What is heard moves there without a
// click.
func (p *Player) SetLoudness(l dsp.Loudness) {
	p.mail.post(func() {
		p.loudness = l
		for e := range p.live {
			p.level(e)
		}
	})
}

// level brings a live entry to the gain that is right for it by now.
func (p *Player) level(e *pipeline.Entry) {
	t := p.live[e]
	if gain := p.gainOf(t); gain != t.gain {
		t.gain = gain
		p.mixer.SetLoudnessGain(e, gain)
	}
}

// gainOf is a track's factor for loudness. Within an album that is played in its order the tracks
// keep their relation, where the mode is auto.
func (p *Player) gainOf(t *track) float64 {
	return dsp.LoudnessGain(t.known, p.loudnessOf(t))
}

// loudnessOf is how a track is levelled where it stands in the queue.
func (p *Player) loudnessOf(t *track) dsp.Loudness {
	l := p.loudness
	l.InAlbum = p.amongAlbum(t)
	return l
}
