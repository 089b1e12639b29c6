package aac

import "math"

// sineSlope is the rising half of the sine window of 2n (4.6.11.3.2).
func sineSlope(n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(math.Sin(math.Pi / float64(2*n) * (float64(i) + 0.5)))
	}
	return w
}

// kaiserSlope is the rising half of the Kaiser-Bessel derived window of 2n: the root of the running
// sum of a Kaiser window of n + 1 (4.6.11.3.2).
func kaiserSlope(n int, alpha float64) []float32 {
	kaiser := make([]float64, n+1)
	total := 0.0
	for i := range kaiser {
		x := float64(2*i)/float64(n) - 1
		kaiser[i] = bessel(math.Pi * alpha * math.Sqrt(1-x*x))
		total += kaiser[i]
	}
	w := make([]float32, n)
	sum := 0.0
	for i := range w {
		sum += kaiser[i]
		w[i] = float32(math.Sqrt(sum / total))
	}
	return w
}

// bessel is the modified Bessel function of the first kind and order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-18; k++ {
		term *= x / 2 / k * (x / 2 / k)
		sum += term
	}
	return sum
}
