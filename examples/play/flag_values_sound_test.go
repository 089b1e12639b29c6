package main

import (
	"encoding"
	"testing"
	"time"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
)

func TestSoundValues(t *testing.T) {
	var l lufs
	var b balanceSpec
	var w widthSpec
	var p presetSpec
	var s sleepSpec
	var g gainsSpec
	tests := []struct {
		into encoding.TextUnmarshaler
		text string
		ok   func() bool
	}{
		{&l, "-14", func() bool { return l == -14 }}, {&l, "-23 lufs", func() bool { return l == -23 }},
		{&b, "-1", func() bool { return b == -1 }}, {&b, "+50%", func() bool { return b == 0.5 }}, {&b, "-.25", func() bool { return b == -0.25 }},
		{&w, "0", func() bool { return w == 0 }}, {&w, "200%", func() bool { return w == 2 }},
		{&p, "deep", func() bool { return p == "Deep bass" }}, {&p, "off", func() bool { return p == flatPreset }}, {&p, " JAZZ", func() bool { return p == "Jazz" }},
		{&s, "track", func() bool { return s.End == player.SleepTrack }}, {&s, "1:30:00", func() bool { return s.After == 90*time.Minute }},
		{&g, "1, -2,0,0,0,0,0,0,0,12", func() bool { return g == gainsSpec{0: 1, 1: -2, 9: 12} }},
	}
	for _, test := range tests {
		if err := test.into.UnmarshalText([]byte(test.text)); err != nil || !test.ok() {
			t.Errorf("%T %q: %v", test.into, test.text, err)
		}
	}
	for _, test := range tests {
		for _, text := range []string{"", "loud", "--1", "+-1", "1e9", "NaN", "Inf", "0x1", "-99", "99"} {
			if _, time := test.into.(*sleepSpec); time && text == "99" {
				continue
			}
			if err := test.into.UnmarshalText([]byte(text)); err == nil {
				t.Errorf("%T: %q was taken", test.into, text)
			}
		}
	}
}

func TestSoundKeepsOutOfTheWay(t *testing.T) {
	var chain []dsp.Processor
	s := &sound{install: func(c ...dsp.Processor) { chain = c }}
	s.set(neutral())
	if chain != nil {
		t.Fatal("processors that do nothing")
	}
	s.set(s.settings().step(1))
	if len(chain) != 2 || s.equaliser.Settings() == (dsp.EqualiserSettings{}) || s.settings().Preset != "Deep bass" {
		t.Fatalf("%v, %+v", chain, s.settings())
	}
	first := chain[0]
	s.set(s.settings().step(-1).lean(0.1).lean(0.1).lean(0.1))
	if chain[0] != first || s.equaliser.Settings() != (dsp.EqualiserSettings{}) || s.settings().Balance != 0.3 {
		t.Errorf("%+v", s.settings())
	}
}

func TestSoundSteps(t *testing.T) {
	s := neutral()
	seen := map[string]bool{}
	for range presetNames() {
		seen[s.Preset] = true
		s = s.step(1)
	}
	if len(seen) != len(presetNames()) || s.Preset != flatPreset || s.step(-1).step(1) != s {
		t.Errorf("%d presets, then %s", len(seen), s.Preset)
	}
	byHand := soundSettings{Gains: gainsSpec{0: 3}, Width: 1}
	if gainsSpec(byHand.curve().Gains) != byHand.Gains || byHand.curve().PreGain != -3 || byHand.step(1).Preset != flatPreset {
		t.Errorf("%+v", byHand.curve())
	}
	if got := neutral().otherWidth().otherWidth().lean(-3); got.Width != 1 || got.Balance != -1 {
		t.Errorf("%+v", got)
	}
}

func TestGivenFlagsGoBeforeWhatWasSaved(t *testing.T) {
	saved := soundSettings{Preset: "Rock", Balance: 0.5, Width: 2}
	line := soundSettings{Preset: "Jazz", Width: 0}
	if got := line.over(saved, nil); got != saved {
		t.Errorf("%+v", got)
	}
	if got := line.over(saved, map[string]bool{"eq": true, "mono": true}); got != (soundSettings{Preset: "Jazz", Balance: 0.5}) {
		t.Errorf("%+v", got)
	}
}

func FuzzSoundValues(f *testing.F) {
	for _, s := range []string{"-14 LUFS", "-50%", "rock", "track", "1,2,3,4,5,6,7,8,9,10", "+1", "30m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var g gainsSpec
		if g.UnmarshalText([]byte(text)) == nil {
			again, _ := g.MarshalText()
			var h gainsSpec
			if err := h.UnmarshalText(again); err != nil || h != g {
				t.Fatalf("%q: %v, then %v, %v", text, g, h, err)
			}
		}
		var l lufs
		if l.UnmarshalText([]byte(text)) == nil && !(l >= -40 && l <= -5) {
			t.Fatalf("%q: %v", text, l)
		}
		var b balanceSpec
		if b.UnmarshalText([]byte(text)) == nil && !(b >= -1 && b <= 1) {
			t.Fatalf("%q: %v", text, b)
		}
		var s sleepSpec
		if s.UnmarshalText([]byte(text)) == nil && s == (sleepSpec{}) {
			t.Fatalf("%q is no time", text)
		}
	})
}
