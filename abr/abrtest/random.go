package abrtest

import "hash/fnv"

// random is a generator of even numbers whose every value is fixed by the name it is made of, in all
// versions of Go: Knuth's linear congruential generator of 64 bits (MMIX), of which the upper 53 count.
type random struct{ state uint64 }

func newRandom(name string) *random {
	h := fnv.New32a()
	h.Write([]byte(name))
	return &random{uint64(h.Sum32())*2862933555777941757 + 3037000493}
}

// float is at least 0 and less than 1.
func (r *random) float() float64 {
	r.state = r.state*6364136223846793005 + 1442695040888963407
	return float64(r.state>>11) / (1 << 53)
}
