// Package peers has other players' rules for choosing renditions, in our own words and for abrtest's client:
// what package abr's rules are to be held against. Each is modelled on a version that is named, with that
// version's defaults, and checked by its original: the player's published code was made to play the
// sessions in testdata, and ours must choose the same renditions at the same times, abandon the same
// requests and have the same estimates. What a rule leaves out of its original stands at its type.
//
// The package refuses to improve on anybody: an original's quirks are kept where they matter to music.
package peers

import "github.com/segue-audio/segue/abr/abrtest"

// Entries lists the rules, each with how it was checked. Most compare with what their players do by
// default; those of Sabre and RobustMPC are the published forms of research.
func Entries() []abrtest.Entry {
	const (
		played = "the player's own code played the same 14 sessions, and 250 random ones: renditions, times, abandonments and estimates are equal"
		solved = "the published code played the same 6 sessions: renditions are equal or of plans as good, times and estimates are equal"
	)
	return []abrtest.Entry{
		{Name: "hls.js", About: "hls.js 1.7.4, its AbrController", Checked: played, New: func() abrtest.Algorithm { return new(hlsjs) }},
		{Name: "shaka", About: "Shaka Player 5.2.12, its SimpleAbrManager", Checked: played, New: func() abrtest.Algorithm { return new(shaka) }},
		{Name: "exoplayer", About: "Media3's ExoPlayer 1.11.0, its AdaptiveTrackSelection", Checked: played, New: func() abrtest.Algorithm { return new(exoplayer) }},
		{Name: "dash.js", About: "dash.js 5.2.1, its Dynamic, which fills 18 s of buffer", Checked: played, New: dash(dashjs{throughput: true, buffers: true})},
		{Name: "dash.js-full", About: "the same with all the buffer that there is", Checked: played, New: dash(dashjs{throughput: true, buffers: true, full: true})},
		{Name: "dash.js-throughput", About: "dash.js without its BolaRule", Checked: played, New: dash(dashjs{throughput: true})},
		{Name: "dash.js-bola", About: "dash.js without its ThroughputRule", Checked: played, New: dash(dashjs{buffers: true})},
		{Name: "sabre-throughput", About: "Sabre's ThroughputRule", Checked: played, New: func() abrtest.Algorithm { return new(sabreThroughput) }},
		{Name: "bola", About: "Sabre's BOLA, basic", Checked: played, New: func() abrtest.Algorithm { return &sabreBola{basic: true} }},
		{Name: "bola-o", About: "Sabre's BOLA-O, which waits rather than oscillate", Checked: played, New: func() abrtest.Algorithm { return &sabreBola{calm: true} }},
		{Name: "bola-e", About: "Sabre's BOLA-E, enhanced by a placeholder for buffer", Checked: played, New: func() abrtest.Algorithm { return new(sabreBolaE) }},
		{Name: "sabre-dynamic", About: "Sabre's Dynamic: throughput at low buffer, else BOLA", Checked: played, New: func() abrtest.Algorithm { return new(sabreDynamic) }},
		{Name: "sabre-dynamicdash", About: "Sabre's DynamicDash: throughput at low buffer, else BOLA-E", Checked: played, New: func() abrtest.Algorithm { return new(sabreDynamicDash) }},
		{Name: "robustmpc", About: "RobustMPC as Pensieve's baseline has it, with our weights", Checked: solved, New: func() abrtest.Algorithm { return new(robustMPC) }},
		{Name: "robustmpc-low", About: "RobustMPC where plans that are as good as each other begin low", Checked: solved, New: func() abrtest.Algorithm { return &robustMPC{low: true} }},
	}
}

func dash(d dashjs) func() abrtest.Algorithm {
	return func() abrtest.Algorithm { return &dashjs{throughput: d.throughput, buffers: d.buffers, full: d.full} }
}
