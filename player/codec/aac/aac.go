// Package aac decodes MPEG-4 AAC: Low Complexity, and with spectral band replication (HE-AAC) and
// parametric stereo (HE-AAC v2) on top of it, as ISO 14496-3 defines them. Section numbers in the
// comments are that standard's.
//
// The files sort into the story of a packet:
//
//	config     what the stream is: AudioSpecificConfig, speakers, what only the first packet tells
//	decoder    one packet from its bits to its samples
//	parse      the bits of a raw_data_block: elements, windows, sections, scale factors, spectrum
//	spectrum   what is done to the spectrum: pulses, noise, stereo, temporal noise shaping, coupling
//	synthesis  back into time: inverse MDCT, windows, overlap; what hides a lost packet; SBR
//	table      the numbers of the standard
//
// It refuses, with codec.ErrUnsupported, every other object type (Main, LTP, the error resilient and
// low delay ones, USAC) and more than eight channels. Dynamic range information is passed over.
package aac
