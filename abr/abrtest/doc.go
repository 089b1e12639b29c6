// Package abrtest replays links against rules of package abr: an exact, deterministic client of segmented
// audio without threads or clocks. What a rule does on a link is computed in milliseconds and always
// comes out the same, so rules can be compared, and tests can count their silences and switches.
//
// A Trace is a link, recorded or made; a Playlist is what is played, with its segments' sizes and the
// listener's skips; a Client plays one over the other as an Algorithm chooses, and gives Metrics. Driver
// makes an Algorithm of any abr.Rule. Optimum finds what a client that knew the future would have done.
//
// It models one download at a time, a latency before each, a rate that changes at moments, and playing that starts with
// the first segment and goes on after silence as soon as a segment is here. It leaves out TCP's ramps
// and shared links: what it finds good must still be tried on a real network.
//
// All times are milliseconds and all amounts bits, both as float64, so that one over the other is a rate in kbps.
package abrtest
