package mp3

import (
	"bytes"
	"testing"
)

// What the vectors and other decoders can't tell is tested here, step by step.

func TestReservoirJoins(t *testing.T) {
	var r reservoir
	part := func(n int, fill byte) body { return body{main: bytes.Repeat([]byte{fill}, n)} }
	if _, ok := r.join(1, nil); ok {
		t.Fatal("an empty reservoir gives a byte")
	}
	r.push(part(300, 1))
	r.push(part(200, 2))
	main, ok := r.join(201, []byte{3, 3})
	if want := append(append([]byte{1}, bytes.Repeat([]byte{2}, 200)...), 3, 3); !ok || !bytes.Equal(main, want) {
		t.Fatalf("%v, % x", ok, main)
	}
	if _, ok := r.join(501, nil); ok {
		t.Fatal("500 bytes were kept, 501 are given")
	}
	r.push(part(1000, 4))
	if main, ok := r.join(reservoirBytes, nil); !ok || !bytes.Equal(main, bytes.Repeat([]byte{4}, reservoirBytes)) {
		t.Fatal("the newest 511 bytes aren't what is kept")
	}
	cut := part(50, 5)
	cut.cut = true
	r.push(cut)
	if _, ok := r.join(1, nil); ok {
		t.Fatal("what is counted back goes over the bytes that a frame lost")
	}
}

// lines makes a granule whose left channel is 1 everywhere and whose right one is 0.
func lines(kind int) *granule {
	g := &granule{channels: 2}
	for ch := range g.spectra {
		s := &g.spectra[ch]
		s.layout, s.nonzero = &theTables().layouts[0][kind], granuleSamples
		if kind != longLayout {
			s.blockType = shortBlock
		}
		for i := range s.lines {
			s.lines[i] = float32(1 - ch)
		}
	}
	return g
}

// TestDirections has where intensity stereo begins and what the bands without a direction do.
func TestDirections(t *testing.T) {
	h := header{intensity: true}
	check := func(what string, g *granule, line int, left, right float32) {
		t.Helper()
		l, r := g.spectra[0].lines[line], g.spectra[1].lines[line]
		if max(l-left, left-l, r-right, right-r) > 1e-6 {
			t.Errorf("%s: line %d is %v and %v, want %v and %v", what, line, l, r, left, right)
		}
	}
	g := lines(longLayout)
	right := &g.spectra[1]
	right.position[19], right.position[20] = 0, 6
	right.lines[287] = 2 // the last of band 18
	g.stereo(theTables(), h, &granuleInfo{})
	check("below", g, 286, 1, 0)
	check("all right", g, 300, 0, 1)
	check("all left", g, 400, 1, 0)
	check("as the band below", g, 500, 1, 0)

	g = lines(longLayout)
	right = &g.spectra[1]
	right.position[20] = 6
	right.lines[417] = 2 // in band 20, whose scale factor is none of a direction
	g.stereo(theTables(), h, &granuleInfo{})
	check("centre", g, 500, 0.5, 0.5)

	g = lines(mixedLayout)
	g.spectra[1].lines[36+4] = 2 // window 1 of the first short band: the long part isn't intensity's
	g.stereo(theTables(), h, &granuleInfo{})
	check("long part", g, 30, 1, 0)
	check("window 0", g, 36, 0, 1)
	check("window 2", g, 36+8, 0, 1)

	g = lines(mixedLayout)
	g.stereo(theTables(), h, &granuleInfo{})
	check("long part under nothing", g, 30, 0, 1)
}

// TestRepeat follows a granule of each type with those whose windows fit.
func TestRepeat(t *testing.T) {
	for first, want := range map[int][2]int{
		longBlock: {longBlock, longBlock}, startBlock: {stopBlock, longBlock},
		shortBlock: {shortBlock, shortBlock}, stopBlock: {longBlock, longBlock},
	} {
		s := spectrum{blockType: first, nonzero: granuleSamples}
		for i, blockType := range want {
			if s.repeat(); s.blockType != blockType {
				t.Errorf("%d granules behind block type %d: %d, want %d", i+1, first, s.blockType, blockType)
			}
		}
	}
}
