package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// shuffleSpec is what is shuffled.
type shuffleSpec player.ShuffleMode

const shuffleOff = shuffleSpec(player.ShuffleOff)

// IsBool lets the flag stand alone.
func (*shuffleSpec) IsBool() bool { return true }

// Decode reads nothing, tracks, albums or off.
func (s *shuffleSpec) Decode(ctx *kong.DecodeContext) error {
	*s = shuffleSpec(player.ShuffleTracks)
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	var text string
	if err := ctx.Scan.PopValueInto("value", &text); err != nil {
		return err
	}
	switch text {
	case "tracks":
	case "albums":
		*s = shuffleSpec(player.ShuffleAlbums)
	case "off":
		*s = shuffleOff
	default:
		return fmt.Errorf("%q is not tracks, albums or off", text)
	}
	return nil
}

// sleepSpec is when the music is to end by itself.
type sleepSpec player.Sleep

// UnmarshalText reads a duration, track or album.
func (s *sleepSpec) UnmarshalText(text []byte) error {
	switch string(text) {
	case "track":
		*s = sleepSpec{End: player.SleepTrack}
		return nil
	case "album":
		*s = sleepSpec{End: player.SleepAlbum}
		return nil
	}
	d, err := parseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not track, album or a time like 30m", text)
	}
	if d <= 0 {
		return errors.New("the time is zero")
	}
	*s = sleepSpec{After: d}
	return nil
}

// lufs is a loudness as people write it: -14, -14LUFS.
type lufs dsp.LUFS

// UnmarshalText reads either form.
func (l *lufs) UnmarshalText(text []byte) error {
	number := strings.TrimSpace(strings.TrimSuffix(strings.ToUpper(string(text)), "LUFS"))
	v, err := parseSigned(number)
	if err != nil || v < -40 || v > -5 {
		return fmt.Errorf("%q is not between -40 and -5 LUFS", text)
	}
	*l = lufs(v)
	return nil
}

// balanceSpec is -1 to 1.
type balanceSpec float64

// UnmarshalText reads a number, or a percentage of either side.
func (b *balanceSpec) UnmarshalText(text []byte) error {
	v, err := parseShare(string(text))
	if err != nil || v < -1 || v > 1 {
		return fmt.Errorf("%q is not -1 (left) to 1 (right)", text)
	}
	*b = balanceSpec(v)
	return nil
}

// widthSpec is 0 to 2.
type widthSpec float64

// UnmarshalText reads a number or a percentage.
func (w *widthSpec) UnmarshalText(text []byte) error {
	v, err := parseShare(string(text))
	if err != nil || v < 0 || v > 2 {
		return fmt.Errorf("%q is not 0 (mono) to 2 (wide)", text)
	}
	*w = widthSpec(v)
	return nil
}

// parseSigned reads a number as parseNumber does, with a sign before it.
func parseSigned(text string) (float64, error) {
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "+"), "-")
	if len(text)-len(digits) > 1 {
		return 0, errForm
	}
	v, err := parseNumber(digits)
	if strings.HasPrefix(text, "-") {
		v = -v
	}
	return v, err
}

// parseShare reads 0.5, -0.5 or 50%.
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := parseSigned(number)
	if percent {
		v /= 100
	}
	return v, err
}

// presetSpec is one of the equaliser's presets, by its name.
type presetSpec string

// UnmarshalText finds a preset by the beginning of its name, in upper or lower case.
func (p *presetSpec) UnmarshalText(text []byte) error {
	wanted := strings.ToLower(strings.TrimSpace(string(text)))
	if wanted == "off" {
		wanted = "flat"
	}
	var found []string
	for _, name := range presetNames() {
		lower := strings.ToLower(name)
		if lower == wanted {
			*p = presetSpec(name)
			return nil
		}
		if wanted != "" && strings.HasPrefix(lower, wanted) {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 1:
		*p = presetSpec(found[0])
		return nil
	case 0:
		return fmt.Errorf("%q is none of: %s", text, strings.Join(presetNames(), ", "))
	}
	return fmt.Errorf("%q could be: %s", text, strings.Join(found, ", "))
}

func presetNames() []string {
	presets := dsp.EqualiserPresets()
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.Name
	}
	return names
}

// gainsSpec is a gain for each of the equaliser's bands.
type gainsSpec [dsp.EqualiserBands]media.Decibels

// UnmarshalText reads ten numbers with commas between.
func (g *gainsSpec) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ",")
	if len(parts) != len(g) {
		return fmt.Errorf("%d gains: want %d, with commas between", len(parts), len(g))
	}
	for i, part := range parts {
		v, err := parseSigned(strings.TrimSpace(part))
		if err != nil || v < -float64(dsp.MaxBandGain) || v > float64(dsp.MaxBandGain) {
			return fmt.Errorf("gain %q: want %g to %g dB", part, -float64(dsp.MaxBandGain), float64(dsp.MaxBandGain))
		}
		g[i] = media.Decibels(v)
	}
	return nil
}

// MarshalText gives the form that UnmarshalText reads.
func (g gainsSpec) MarshalText() ([]byte, error) {
	parts := make([]string, len(g))
	for i, v := range g {
		parts[i] = strconv.FormatFloat(float64(v), 'g', -1, 64)
	}
	return []byte(strings.Join(parts, ",")), nil
}

// sleepText words when the music ends by itself; empty for never.
func sleepText(s player.SleepState) string {
	switch {
	case s.Sleep == player.Sleep{}:
		return ""
	case s.Sleep.End == player.SleepTrack:
		return "after the track"
	case s.Sleep.End == player.SleepAlbum:
		return "after the album"
	}
	return clock(s.Remaining.Round(time.Second))
}
