package aac

// The three runs of differences that share scale_factor_data.
const (
	differenceZero = 60  // the symbol for no difference
	noiseOffset    = 90  // the noise's run begins so far below the global gain
	noiseFirst     = 256 // the first noise energy is a number of 9 bits, less this
)

// parseScaleFactors reads scale_factor_data (Table 4.53): for every band that isn't zero the
// difference to the one before it of the same run. Three runs are interleaved: scale factors
// (4.6.2.3), intensity positions (4.6.8.2.3) and noise energies (4.6.13.3). All count in steps of
// 1.5 dB.
func (d *Decoder) parseScaleFactors(f *frame, globalGain int) error {
	factor, position, noise := globalGain, 0, globalGain-noiseOffset
	firstNoise := true
	for i, book := range f.books[:f.groups*f.bands] {
		switch book {
		case bookZero:
			f.gains[i] = 0
		case bookInPhase, bookOutOfPhase:
			position += d.parseDifference()
			// Writers that run out of range mean the end of it, as others read them.
			n := min(max(gainUnity-position, 0), len(d.tables.gains)-1)
			f.gains[i] = d.tables.gains[n]
			if book == bookOutOfPhase {
				f.gains[i] = -f.gains[i]
			}
		case bookNoise:
			if firstNoise {
				noise += int(d.r.Read(9)) - noiseFirst
				firstNoise = false
			} else {
				noise += d.parseDifference()
			}
			n := min(max(gainUnity+noise, 0), len(d.tables.gains)-1)
			f.gains[i] = d.tables.gains[n]
		default:
			factor += d.parseDifference()
			if uint(factor) >= uint(len(d.tables.gains)) {
				return corrupt("scale factor out of range")
			}
			f.gains[i] = d.tables.gains[factor]
		}
	}
	return nil
}

func (d *Decoder) parseDifference() int {
	e := d.tables.scaleFactors.find(uint64(d.r.Peek(32))<<32, rootBits)
	d.r.Skip(int(e & entryLength))
	return int(e>>entryValue) - differenceZero
}
