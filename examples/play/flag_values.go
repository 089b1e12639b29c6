package main

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/media"
)

// longest bounds every duration on the command line.
const longest = 10_000 * time.Hour

// seconds is a duration as people write it: 12.5, 12.5s, 1m30s, 1:30, 1:02:03.5.
type seconds time.Duration

// UnmarshalText reads any of the forms.
func (s *seconds) UnmarshalText(text []byte) error {
	d, err := parseDuration(string(text))
	*s = seconds(d)
	return err
}

func parseDuration(text string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration like 12.5, 1m30s or 1:30", text)
	var d time.Duration
	switch n, err := parseNumber(text); {
	case err == nil:
		d = fromSeconds(n)
	case strings.Contains(text, ":"):
		if d, err = parseClock(text); err != nil {
			return 0, bad
		}
	default:
		if d, err = time.ParseDuration(text); err != nil {
			return 0, bad
		}
	}
	if d < 0 || d > longest {
		return 0, fmt.Errorf("%q is not between 0 and %d hours", text, int(longest.Hours()))
	}
	return d, nil
}

// fromSeconds converts, saturating just above longest.
func fromSeconds(n float64) time.Duration {
	if n > longest.Seconds() {
		return longest + 1
	}
	return time.Duration(math.Round(n * float64(time.Second)))
}

var errForm = errors.New("not in this form")

// parseClock reads minutes:seconds or hours:minutes:seconds. Only the last part may have decimals,
// and only the first may pass 59.
func parseClock(text string) (time.Duration, error) {
	parts := strings.Split(text, ":")
	if len(parts) > 3 {
		return 0, errForm
	}
	var total float64
	for i, part := range parts {
		n, err := parseNumber(part)
		if err != nil || i > 0 && n >= 60 || i < len(parts)-1 && strings.Contains(part, ".") {
			return 0, errForm
		}
		total = total*60 + n
	}
	return fromSeconds(total), nil
}

// parseNumber reads digits with an optional fraction: no sign, exponent, underscore, Inf or NaN.
func parseNumber(text string) (float64, error) {
	if strings.Trim(text, "0123456789.") != "" {
		return 0, errForm
	}
	return strconv.ParseFloat(text, 64)
}

// splitUnit cuts "1.5GiB" into 1.5 and "gib".
func splitUnit(text string) (n float64, unit string, err error) {
	end := len(text)
	if i := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' }); i >= 0 {
		end = i
	}
	n, err = parseNumber(text[:end])
	return n, strings.ToLower(strings.TrimSpace(text[end:])), err
}

// bitrate is a rate as people write it: 128k, 128kbps, 1.4M, 128000.
type bitrate media.Bitrate

// UnmarshalText reads any of the forms.
func (b *bitrate) UnmarshalText(text []byte) error {
	n, unit, err := splitUnit(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a bitrate like 128k or 128000", text)
	}
	unit = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(unit, "bps"), "bit/s"), "b/s")
	switch unit {
	case "":
	case "k":
		n *= 1e3
	case "m":
		n *= 1e6
	default:
		return fmt.Errorf("%q is not a bitrate like 128k or 128000", text)
	}
	if n != 0 && n < 1000 || n > 1e9 {
		return fmt.Errorf("%q: want 1 kbps to 1000 Mbps (128 kbps is written 128k)", text)
	}
	*b = bitrate(math.Round(n))
	return nil
}

// byteSize is an amount of storage as people write it: 512MB, 2GiB, 1000000.
type byteSize int64

// UnmarshalText reads any of the forms. Units of thousands end in B or nothing, those of 1024 in iB.
func (b *byteSize) UnmarshalText(text []byte) error {
	n, unit, err := splitUnit(string(text))
	factor, known := map[string]float64{
		"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}[unit]
	if err != nil || !known {
		return fmt.Errorf("%q is not a size like 512MB or 2GiB", text)
	}
	if n*factor < 1 || n*factor > 1<<50 {
		return fmt.Errorf("%q: want 1 byte to 1024 TiB", text)
	}
	*b = byteSize(n * factor)
	return nil
}

// fraction is 0.8 or 80%.
type fraction float64

// UnmarshalText reads either form.
func (f *fraction) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	n, err := parseNumber(number)
	if percent {
		n /= 100
	}
	if err != nil || n > 1 {
		return fmt.Errorf("%q is not 0 to 1 or a percentage up to 100%%", text)
	}
	*f = fraction(n)
	return nil
}

// renditionSpec is which rendition to play.
type renditionSpec player.Selection

// maxRendition bounds a rendition's number; no manifest may have more.
const maxRendition = 999

// UnmarshalText reads auto, lowest, highest or a number.
func (r *renditionSpec) UnmarshalText(text []byte) error {
	switch string(text) {
	case "auto":
		*r = renditionSpec{Mode: player.ModeAuto}
	case "lowest":
		*r = renditionSpec{Mode: player.ModeLowest}
	case "highest":
		*r = renditionSpec{Mode: player.ModeHighest}
	default:
		n, err := strconv.ParseUint(string(text), 10, 16)
		if err != nil || n > maxRendition {
			return fmt.Errorf("%q is not auto, lowest, highest or a number from 0", text)
		}
		*r = renditionSpec{Mode: player.ModeFixed, Index: int(n)}
	}
	return nil
}

// ruleSpec is a rule of package abr by its name; empty for the player's own.
type ruleSpec struct {
	name string
	rule abr.Rule
}

// UnmarshalText reads a name.
func (r *ruleSpec) UnmarshalText(text []byte) error {
	rule, ok := abr.Named(string(text))
	if !ok {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(abr.Names(), ", "))
	}
	*r = ruleSpec{string(text), rule}
	return nil
}

// headerLine is one HTTP header.
type headerLine struct{ name, value string }

// UnmarshalText reads "Name: value" (RFC 9110, 5.1 and 5.5).
func (h *headerLine) UnmarshalText(text []byte) error {
	name, value, ok := strings.Cut(string(text), ":")
	if !ok || name == "" || strings.IndexFunc(name, notToken) >= 0 {
		return fmt.Errorf("%q is not a header like 'Name: value'", text)
	}
	value = strings.Trim(value, " \t")
	if strings.IndexFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) >= 0 {
		return fmt.Errorf("header %s: its value holds control characters", name)
	}
	*h = headerLine{name, value}
	return nil
}

func notToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
}

// headers joins the lines; nil for none.
func headers(lines []headerLine) http.Header {
	if len(lines) == 0 {
		return nil
	}
	h := http.Header{}
	for _, l := range lines {
		h.Add(l.name, l.value)
	}
	return h
}
