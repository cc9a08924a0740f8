package stream

import (
	"math"
	"math/rand/v2"
)

// Zipf draws ranks 1…n, rank k with probability proportional to k^-s, for any
// s ≥ 0: also for the flat streams (s < 1) that rand.Zipf cannot make.
//
// It is the rejection-inversion of Hörmann and Derflinger, "Rejection-inversion
// to generate variates from monotone discrete distributions" (1996): no table,
// so a large universe costs nothing.
type Zipf struct {
	s      float64 // exponent
	n      float64 // highest rank
	lo, hi float64 // integral of x^-s at the ends of the ranks
	accept float64 // up to this distance above a draw its rank is right without a test
}

// NewZipf returns a sampler of the ranks 1…n with exponent s.
func NewZipf(s float64, n int) *Zipf {
	z := &Zipf{s: s, n: float64(n)}
	z.lo = z.integral(1.5) - 1
	z.hi = z.integral(z.n + 0.5)
	z.accept = 2 - z.inverse(z.integral(2.5)-z.density(2))
	return z
}

// Rank draws a rank.
func (z *Zipf) Rank(rng *rand.Rand) int {
	for {
		u := z.hi + rng.Float64()*(z.lo-z.hi)
		x := z.inverse(u)
		k := min(max(math.Floor(x+0.5), 1), z.n)
		if k-x <= z.accept || u >= z.integral(k+0.5)-z.density(k) {
			return int(k)
		}
	}
}

func (z *Zipf) density(x float64) float64 { return math.Exp(-z.s * math.Log(x)) }

func (z *Zipf) integral(x float64) float64 {
	if z.s == 1 {
		return math.Log(x)
	}
	return math.Expm1((1-z.s)*math.Log(x)) / (1 - z.s)
}

func (z *Zipf) inverse(u float64) float64 {
	if z.s == 1 {
		return math.Exp(u)
	}
	return math.Exp(math.Log1p(max((1-z.s)*u, -1)) / (1 - z.s))
}
