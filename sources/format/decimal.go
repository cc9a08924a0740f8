package format

// maxWeight is the largest weight: the whole numbers up to it are the same in
// every JSON reader, also in those that know only floating point.
const maxWeight = 1 << 53

// A decimal is a number as it is written: ±mant × 10^exp. Nothing is rounded,
// so 1e3, 1000.0 and 1000 are equal and a timestamp in nanoseconds is exact.
type decimal struct {
	mant uint64 // the first 19 significant digits
	exp  int
	neg  bool
	cut  bool // a digit that is not 0 is missing from mant
}

var pow10 = [...]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// maxExponent stops exponents from overflowing. It is beyond what the digits of
// the longest record could make up for.
const maxExponent = 1 << 40

// parseDecimal reads an optional sign, digits with an optional point among them,
// and an optional exponent: every JSON number, and also 007, +1 and .5, which
// people write into CSV.
func parseDecimal(s []byte) (d decimal, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		d.neg = s[i] == '-'
		i++
	}
	digits, kept, point := 0, 0, false
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			if s[i] != '.' || point {
				break
			}
			point = true
			continue
		}
		digits++
		if point {
			d.exp--
		}
		switch {
		case kept == 0 && c == 0: // leading
		case kept < 19:
			d.mant = d.mant*10 + uint64(c)
			kept++
		default:
			d.exp++
			d.cut = d.cut || c != 0
		}
	}
	if digits == 0 {
		return d, false
	}
	if i == len(s) {
		return d, true
	}
	if s[i]|0x20 != 'e' {
		return d, false
	}
	i++
	down := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		down = s[i] == '-'
		i++
	}
	if i == len(s) {
		return d, false
	}
	e := 0
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return d, false
		}
		e = min(e*10+int(c), maxExponent)
	}
	if down {
		e = -e
	}
	d.exp += e
	return d, true
}

// digits is the number of digits before the point: at most 0 for |d| < 1.
// d.mant must not be 0.
func (d decimal) digits() int {
	n := 1
	for n < len(pow10) && d.mant >= pow10[n] {
		n++
	}
	return n + d.exp
}

// floor is ⌊|d| × 10^shift⌋, which must be below 10^19.
func (d decimal) floor(shift int) uint64 {
	e := d.exp + shift
	switch {
	case d.mant == 0 || e < -19:
		return 0
	case e < 0:
		return d.mant / pow10[-e]
	}
	return d.mant * pow10[e]
}

// parseWeight reads a whole number from 0 to 2^53, however it is written.
func parseWeight(s []byte) (w uint64, ok bool) {
	if len(s) > 0 && len(s) <= 15 {
		for i, c := range s {
			if c -= '0'; c > 9 {
				break
			} else if w = w*10 + uint64(c); i == len(s)-1 {
				return w, true
			}
		}
	}
	d, ok := parseDecimal(s)
	switch {
	case !ok:
		return 0, false
	case d.mant == 0:
		return 0, true
	case d.neg, d.cut, d.digits() > 16, d.digits() < 1:
		return 0, false
	case d.exp < 0 && d.mant%pow10[-d.exp] != 0:
		return 0, false
	}
	if w = d.floor(0); w > maxWeight {
		return 0, false
	}
	return w, true
}
