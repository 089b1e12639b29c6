package dsp

// VolumeCurve is the gain for the position of a volume control, 0 to 1: the cube, which loudness
// follows closely over the upper 60 dB. Half way is −18 dB; 0 is silence and 1 exactly 1.
// Positions outside are clamped.
func VolumeCurve(position float64) float64 {
	if !(position > 0) { // not a number counts as silence
		return 0
	}
	position = min(position, 1)
	return position * position * position
}
