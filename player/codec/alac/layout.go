package alac

import "github.com/segue-audio/segue/player/codec"

// slots has, for each count of channels and in the order in which packets hold them, where a channel
// goes in the order of WAV and FLAC. Two layouts have channels that FLAC's order has no place for: the
// single surround of 4.0 comes where FLAC has the left one, and the two extra fronts of 7.1 come last.
var slots = [codec.MaxChannels + 1][codec.MaxChannels]uint8{
	1: {0},                      // C
	2: {0, 1},                   // L R
	3: {2, 0, 1},                // C L R
	4: {2, 0, 1, 3},             // C L R Cs
	5: {2, 0, 1, 3, 4},          // C L R Ls Rs
	6: {2, 0, 1, 4, 5, 3},       // C L R Ls Rs LFE
	7: {2, 0, 1, 5, 6, 4, 3},    // C L R Ls Rs Cs LFE
	8: {2, 6, 7, 0, 1, 4, 5, 3}, // C Lc Rc L R Ls Rs LFE
}
