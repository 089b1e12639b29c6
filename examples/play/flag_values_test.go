package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"12.5": 12500 * time.Millisecond, "12.5s": 12500 * time.Millisecond, "0": 0, "1m30s": 90 * time.Second,
		"1:30": 90 * time.Second, "0:05.25": 5250 * time.Millisecond, "1:02:03": 3723 * time.Second,
		"90:00": 90 * time.Minute, "250ms": 250 * time.Millisecond, ".5": 500 * time.Millisecond,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "-1s", "1:60", "1:2:3:4", "1.5:00", "soon", "1e3", "Inf", "NaN", "0x10", "1_000",
		":", "1:", ":1", "10001h", "99999999999", "1:-1", " 5"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: taken as %v", text, got)
		}
	}
}

func TestBitrate(t *testing.T) {
	for text, want := range map[string]bitrate{
		"128k": 128_000, "128kbps": 128_000, "128 kbps": 128_000, "128000": 128_000, "1.4M": 1_400_000,
		"1.411Mbps": 1_411_000, "96kbit/s": 96_000, "320K": 320_000, "0": 0,
	} {
		var got bitrate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "k", "128", "-5k", "5g", "2000M", "1.2.3k", "128kk", "NaN", "٣k"} {
		var got bitrate
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: taken as %v", text, got)
		}
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]byteSize{
		"512MB": 512_000_000, "2GiB": 2 << 30, "1.5 GiB": 3 << 29, "1000000": 1_000_000, "64k": 64_000, "1TiB": 1 << 40, "10 b": 10,
	} {
		var got byteSize
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "MB", "-1", "5XB", "1e9", "9999999TiB", "1,5GB"} {
		var got byteSize
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: taken as %v", text, got)
		}
	}
}

func TestFraction(t *testing.T) {
	for text, want := range map[string]fraction{"0": 0, "0.5": 0.5, "50%": 0.5, "1": 1, "100%": 1, "12.5%": 0.125} {
		var got fraction
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "2", "101%", "-0.5", "NaN", "50 %"} {
		var got fraction
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: taken as %v", text, got)
		}
	}
}

func TestHeaderLine(t *testing.T) {
	var got headerLine
	if err := got.UnmarshalText([]byte("Authorization:  Bearer a:b ")); err != nil || got != (headerLine{"Authorization", "Bearer a:b"}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "no colon", ": v", "a b: v", "a\x00: v", "A: x\r\nB: y", "Ä: v", "A: \x7f"} {
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: taken as %q", text, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"12.5", "1m30s", "1:30", "1:02:03.5", "999999999999999999999", "-1s", "::", ".", "1h1h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration(text)
		if err != nil {
			return
		}
		if d < 0 || d > longest {
			t.Fatalf("%q: %v", text, d)
		}
		if again, err := parseDuration(d.String()); err != nil || again != d {
			t.Fatalf("%q: %v, then %v, %v", text, d, again, err)
		}
	})
}

func FuzzFlagValues(f *testing.F) {
	for _, s := range []string{"128k", "1.5GiB", "50%", "lowest", "12", "A: b", "wav-fast:x", "1e400", "𝟙k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b bitrate
		if b.UnmarshalText([]byte(text)) == nil && (b < 0 || b > 1e9) {
			t.Fatalf("bitrate %q: %v", text, b)
		}
		var size byteSize
		if size.UnmarshalText([]byte(text)) == nil && (size < 1 || size > 1<<50) {
			t.Fatalf("size %q: %v", text, size)
		}
		var v fraction
		if v.UnmarshalText([]byte(text)) == nil && !(v >= 0 && v <= 1) {
			t.Fatalf("fraction %q: %v", text, v)
		}
		var r renditionSpec
		if r.UnmarshalText([]byte(text)) == nil && (r.Index < 0 || r.Index > maxRendition) {
			t.Fatalf("rendition %q: %v", text, r)
		}
		var h headerLine
		if h.UnmarshalText([]byte(text)) == nil && strings.ContainsAny(h.name+h.value, "\r\n\x00") {
			t.Fatalf("header %q: %q", text, h)
		}
		var s sinkSpec
		if s.UnmarshalText([]byte(text)) == nil && (s.kind == "wav") != (s.path != "") {
			t.Fatalf("sink %q: %+v", text, s)
		}
	})
}
