package replay

import (
	"strconv"
	"strings"
	"time"
)

// A stamp is a time as an event has it: RFC 3339 and its common variants, a date
// alone, or a decimal number of seconds, milliseconds, microseconds or
// nanoseconds since the epoch, told apart by size as sources/format does. It can
// be written with another time in the same form.
type stamp struct {
	at   time.Time
	text []byte
	// zone is what a date's zone is ahead of UTC.
	zone time.Duration
	// unit of a number; 0 for a date.
	unit time.Duration
	// fraction is where the digits of the fraction are.
	fraction span
}

// parseStamp reads a time; false where it is in no form that can be written
// again.
func parseStamp(text []byte) (stamp, bool) {
	s := stamp{text: text}
	if len(text) >= 10 && text[4] == '-' && text[7] == '-' {
		return s, s.date()
	}
	return s, s.number()
}

// write returns the stamp's text with another time. What the form has no digits
// for is cut off.
func (s *stamp) write(t time.Time) []byte {
	if s.unit > 0 {
		return s.writeNumber(t)
	}
	text := append([]byte(nil), s.text...)
	t = t.UTC().Add(s.zone)
	copy(text, t.Format("2006-01-02"))
	if len(text) > 10 {
		copy(text[11:], t.Format("15:04:05"))
		digits(text[s.fraction.from:s.fraction.to], t.Nanosecond(), 9)
	}
	return text
}

// digits fills dst with the first of the n digits of v, and zeros behind them.
func digits(dst []byte, v, n int) {
	text := strconv.Itoa(v)
	text = strings.Repeat("0", n-len(text)) + text
	for i := range dst {
		dst[i] = '0'
		if i < len(text) {
			dst[i] = text[i]
		}
	}
}

// date reads yyyy-mm-dd, and a time of day and a zone behind it.
func (s *stamp) date() bool {
	text := s.text
	day, err := time.Parse("2006-01-02", string(text[:10]))
	if err != nil || len(text) == 10 {
		s.at = day
		return err == nil
	}
	if len(text) < len("yyyy-mm-ddThh:mm:ss") || text[10]|0x20 != 't' && text[10] != ' ' || text[13] != ':' || text[16] != ':' {
		return false
	}
	h, ok1 := pair(text[11:])
	m, ok2 := pair(text[14:])
	sec, ok3 := pair(text[17:])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 60 {
		return false
	}
	end, nanos := 19, 0
	if end < len(text) && (text[end] == '.' || text[end] == ',') {
		s.fraction = span{from: end + 1, to: digitsEnd(text, end+1)}
		if s.fraction.from == s.fraction.to {
			return false
		}
		nanos = fractionOf(text[s.fraction.from:s.fraction.to], 9)
		end = s.fraction.to
	}
	if sec == 60 { // a leap second stays in its minute
		sec, nanos = 59, 999_999_999
	}
	zone, ok := parseZone(string(text[end:]))
	if !ok {
		return false
	}
	s.zone = zone
	s.at = day.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second + time.Duration(nanos) - zone)
	return true
}

// parseZone reads a zone: Z, UTC, ±hh:mm, ±hhmm, ±hh, or nothing for UTC.
func parseZone(text string) (time.Duration, bool) {
	if text == "" {
		return 0, true
	}
	text = strings.TrimPrefix(text, " ")
	switch text {
	case "Z", "z", "UTC":
		return 0, true
	}
	for _, form := range []string{"-07:00", "-0700", "-07"} {
		if t, err := time.Parse(form, text); err == nil {
			_, offset := t.Zone()
			return time.Duration(offset) * time.Second, true
		}
	}
	return 0, false
}

// number reads a decimal number since the epoch.
func (s *stamp) number() bool {
	end := digitsEnd(s.text, 0)
	whole, err := strconv.ParseInt(string(s.text[:end]), 10, 64)
	if err != nil {
		return false
	}
	if end < len(s.text) {
		s.fraction = span{from: end + 1, to: len(s.text)}
		if s.text[end] != '.' || end+1 == len(s.text) || digitsEnd(s.text, end+1) != len(s.text) {
			return false
		}
	}
	switch {
	case whole < 1e11:
		s.unit = time.Second
	case whole < 1e14:
		s.unit = time.Millisecond
	case whole < 1e17:
		s.unit = time.Microsecond
	default:
		s.unit = time.Nanosecond
	}
	perSecond := int64(time.Second / s.unit)
	nanos := whole%perSecond*int64(s.unit) + int64(fractionOf(s.text[s.fraction.from:s.fraction.to], s.places()))
	s.at = time.Unix(whole/perSecond, nanos).UTC()
	return true
}

// places is how many digits of a number's fraction nanoseconds take.
func (s *stamp) places() int { return len(strconv.Itoa(int(s.unit))) - 1 }

func (s *stamp) writeNumber(t time.Time) []byte {
	if t.Unix() < 0 {
		t = time.Unix(0, 0) // a number before the epoch would not be read as a time
	}
	perSecond := int64(time.Second / s.unit)
	text := strconv.AppendInt(nil, t.Unix()*perSecond+int64(t.Nanosecond())/int64(s.unit), 10)
	if n := s.fraction.to - s.fraction.from; n > 0 {
		text = append(text, '.')
		text = append(text, make([]byte, n)...)
		digits(text[len(text)-n:], t.Nanosecond()%int(s.unit), s.places())
	}
	return text
}

func digitsEnd(text []byte, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

// pair reads two digits.
func pair(text []byte) (int, bool) {
	a, b := text[0]-'0', text[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// fractionOf reads digits behind a point as a number with that many places.
func fractionOf(text []byte, places int) (v int) {
	for i := range places {
		v *= 10
		if i < len(text) {
			v += int(text[i] - '0')
		}
	}
	return v
}
