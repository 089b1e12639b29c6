package pipeline

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// levelling is an entry's side of loudness normalisation. Its gain is settled before the first frame is
// handed to the mixer, wherever what it goes by comes from: the app, the file, or an earlier playing.
type levelling struct {
	gain atomic.Pointer[float64] // nil for Spec.Gain

	mu   sync.Mutex
	told media.Tags // gains beside Spec.Tags

	unknown chan struct{} // closed when nothing tells how loud the entry is
	looked  bool          // the decoder's own

	rendition int // that is decoded; set before unknown is closed
}

// Levelled says that more is known of how loud an entry is than Spec.Tags told. Gains in Tags are
// those of the Spec, where it had any, then the file's, then what was measured.
type Levelled struct{ Tags media.Tags }

// Gain is the factor on the entry's samples. Any goroutine.
func (e *Entry) Gain() float64 {
	if g := e.levelling.gain.Load(); g != nil {
		return *g
	}
	return e.Spec.Gain
}

// setGain is what SetLoudnessGain and know agree on.
func (l *levelling) setGain(gain float64) { l.gain.Store(&gain) }

// know adds to what is known of the loudness. Before the first frame is mixed it decides on the gain;
// later the actor does, which hears of it.
func (e *Entry) know(tags media.Tags) {
	l := &e.levelling
	l.mu.Lock()
	before := l.told
	l.told = dsp.FillGains(l.told, tags)
	news := l.told != before
	all := dsp.FillGains(e.Spec.Tags, l.told)
	l.mu.Unlock()
	if !news || e.Spec.Loudness.Mode == dsp.LoudnessOff {
		return
	}
	l.setGain(dsp.LoudnessGain(all, e.Spec.Loudness))
	e.env.Note(Note{e, Levelled{all}})
}

// hasGain reports whether anything tells how loud the entry is.
func (e *Entry) hasGain() bool {
	e.levelling.mu.Lock()
	defer e.levelling.mu.Unlock()
	t := dsp.FillGains(e.Spec.Tags, e.levelling.told)
	return t.TrackGain != nil || t.AlbumGain != nil
}

// maxLevels bounds the levels that are remembered where there is no cache.
const maxLevels = 4096

// levelBook remembers how loud contents were found to be.
type levelBook struct {
	mu    sync.Mutex
	known map[string]dsp.Level
	busy  bool // an entry is measured ahead
}

// levelDocument is how a level is kept in the cache.
type levelDocument struct {
	Version    int     `json:"v"`
	Integrated float64 `json:"lufs"` // silentLevel for silence
	TruePeak   float64 `json:"peak"`
}

const (
	levelVersion = 1
	levelSuffix  = "|loudness"
	silentLevel  = -200
)

// level looks up what a content's level was found to be.
func (v *Env) level(ctx context.Context, key string) (dsp.Level, bool) {
	if key == "" {
		return dsp.Level{}, false
	}
	v.levels.mu.Lock()
	known, ok := v.levels.known[key]
	v.levels.mu.Unlock()
	if ok || v.Cache == nil {
		return known, ok
	}
	raw, ok := v.Cache.Document(ctx, key+levelSuffix)
	if !ok {
		return dsp.Level{}, false
	}
	var doc levelDocument
	if err := json.Unmarshal(raw, &doc); err != nil || !doc.sound() {
		v.Logger.Warn("unsound loudness in the cache", "content", key, "err", err)
		return dsp.Level{}, false
	}
	return dsp.Level{Integrated: dsp.LUFS(doc.Integrated), TruePeak: doc.TruePeak}, true
}

// sound reports whether a stored level can be one.
func (d levelDocument) sound() bool {
	return d.Version == levelVersion && d.Integrated >= silentLevel && d.Integrated < 100 && d.TruePeak >= 0 && d.TruePeak < 1e6
}

// setLevel stores what a content's level was found to be.
func (v *Env) setLevel(ctx context.Context, key string, level dsp.Level) {
	if key == "" {
		return
	}
	level.Integrated = max(level.Integrated, silentLevel)
	v.levels.mu.Lock()
	if v.levels.known == nil {
		v.levels.known = map[string]dsp.Level{}
	}
	if len(v.levels.known) >= maxLevels {
		for k := range v.levels.known { // any: what is played again is measured again
			delete(v.levels.known, k)
			break
		}
	}
	v.levels.known[key] = level
	v.levels.mu.Unlock()
	if v.Cache == nil {
		return
	}
	raw, err := json.Marshal(levelDocument{levelVersion, float64(level.Integrated), level.TruePeak})
	if err == nil {
		err = v.Cache.PutDocument(ctx, key+levelSuffix, raw)
	}
	if err != nil {
		v.Logger.Warn("can't store a loudness", "content", key, "err", err)
	}
}
