package format

import (
	"encoding/binary"

	"crest/block"
)

// A clock parses event times. It remembers the months it saw, and the last
// minute; so it is not for several goroutines.
//
// It understands, in milliseconds since the epoch, rounded down:
//   - RFC 3339, also with a space or a lower-case t between date and time, with
//     any number of fractional digits after a point or comma, and with the zone
//     written Z, z, UTC, ±hh:mm, ±hhmm, ±hh, after a space or not, or left out,
//     which means UTC; or the date alone, which means its midnight in UTC;
//   - the date of access logs, 17/May/2015:10:05:03 +0000;
//   - a decimal number since the epoch, told apart by size: seconds below 10^11
//     (which as seconds is the year 5138, as milliseconds March 1973),
//     milliseconds below 10^14, microseconds below 10^17, else nanoseconds.
//
// A leap second, :60, is the last millisecond of its minute, so that it stays
// in the window that its writer meant.
type clock struct {
	months [64]month // by hash of their text
	last   minute    // the last that stamp read
	// The last day of an access log: dd/Mon/y and Mon/yyyy, and its start.
	logDay, logMonth uint64
	logStart         int64
}

// A month is one that the clock remembers. All of it is in a Block's range.
type month struct {
	text  uint64 // "yyyy-mm-", or 0
	start int64
	days  uint64
}

// A minute is the text of one, "yyyy-mm-" and "ddThh:mm", and its start. y is 0
// where there is none yet.
type minute struct {
	x, y  uint64
	start int64
}

const (
	secondMS = 1000
	minuteMS = 60 * secondMS
	hourMS   = 60 * minuteMS
	dayMS    = 24 * hourMS
)

// ParseTime returns the milliseconds since the epoch, rounded down, of a time
// in any form that the text formats understand: RFC 3339 and its common
// variants, a date alone, an access log's date, or a number of seconds,
// milliseconds, microseconds or nanoseconds. The reason is empty, or
// block.BadTime, or block.TimeRange for a time that no Block can hold.
func ParseTime(text []byte) (ms int64, reason block.Reason) {
	return (*clock)(nil).parseAnew(text)
}

// parse is ParseTime with a memory.
func (c *clock) parse(s []byte) (int64, block.Reason) {
	if len(s) >= len("yyyy-mm-ddThh:mm:ss") {
		date := binary.LittleEndian.Uint64(s)
		if m := c.month(date); m.text == date && date != 0 {
			if minute, ok := m.minute(binary.LittleEndian.Uint64(s[8:])); ok {
				if len(s) == len("yyyy-mm-ddThh:mm:ss.fffZ") {
					if ms, ok := millisZ(binary.LittleEndian.Uint64(s[16:])); ok {
						return minute + ms, ""
					}
				}
				ms, ok := secondsAndZone(s[16:])
				return inRange(minute+ms, ok)
			}
		}
	}
	return c.parseAnew(s)
}

// stamp reads the time that starts with the 24 bytes x, y, z in the two commonest
// forms, yyyy-mm-ddThh:mm:ss.fffZ and yyyy-mm-ddThh:mm:ssZ, if it is of a month
// that the clock remembers. It returns how many bytes the time has, or 0.
func (c *clock) stamp(x, y, z uint64) (ms int64, size int) {
	if x != c.last.x || y != c.last.y || y == 0 {
		m := c.month(x)
		if m.text != x {
			return 0, 0
		}
		start, ok := m.minute(y)
		if !ok {
			return 0, 0
		}
		c.last = minute{x, y, start}
	}
	if ms, ok := millisZ(z); ok {
		return c.last.start + ms, 24
	}
	// With .000 put in, it is of the other form.
	if ms, ok := millisZ(z&0xffffff | uint64('Z')<<56 | 0x303030<<32 | '.'<<24); ok && byte(z>>24) == 'Z' {
		return c.last.start + ms, 20
	}
	return 0, 0
}

// month is where the month of that text is, if the clock remembers it.
func (c *clock) month(text uint64) *month {
	return &c.months[text*0x9e3779b97f4a7c15>>58]
}

// minute is the start of the minute ddThh:mm of the month.
func (m *month) minute(x uint64) (ms int64, ok bool) {
	const (
		punct = 0xff<<40 | 0xff<<16
		form  = ':'<<40 | 'T'<<16
		zeros = '0' * ones &^ punct
	)
	v := (x &^ punct) ^ zeros // each digit's value, and 0 where punctuation is
	if x&punct != form && x&punct != form^('T'^' ')<<16 || ((v+0x76*ones)|v)&topBits != 0 {
		return 0, false
	}
	v = v*10 + v>>8 // each pair's value, where its first digit was
	day, hour, min := v&0xff-1, v>>24&0xff, v>>48&0xff
	return m.start + int64(day*dayMS+hour*hourMS+min*minuteMS), day < m.days && hour < 24 && min < 60
}

func (c *clock) parseAnew(s []byte) (int64, block.Reason) {
	switch {
	case len(s) >= 10 && s[4] == '-' && s[7] == '-':
		day, ok := c.day(s)
		if !ok {
			return 0, block.BadTime
		}
		if len(s) == 10 {
			return inRange(day, true)
		}
		if len(s) < len("yyyy-mm-ddThh:mm:ss") || s[10]|0x20 != 't' && s[10] != ' ' {
			return 0, block.BadTime
		}
		of, ok := hourMinute(s[11:])
		if !ok {
			return 0, block.BadTime
		}
		ms, ok := secondsAndZone(s[16:])
		return inRange(day+of+ms, ok)
	case len(s) >= len("02/Jan/2006:15:04:05") && s[2] == '/' && s[6] == '/' && s[11] == ':':
		day, ok := c.dayOfLog(s)
		of, ok2 := hourMinute(s[12:])
		ms, ok3 := secondsAndZone(s[17:])
		return inRange(day+of+ms, ok && ok2 && ok3)
	}
	return epoch(s)
}

func inRange(ms int64, ok bool) (int64, block.Reason) {
	if !ok {
		return 0, block.BadTime
	}
	if ms < block.MinTime || ms > block.MaxTime {
		return 0, block.TimeRange
	}
	return ms, ""
}

// day is the start of the date yyyy-mm-dd.
func (c *clock) day(s []byte) (ms int64, ok bool) {
	y1, ok1 := digits2(s[0:])
	y2, ok2 := digits2(s[2:])
	m, ok3 := digits2(s[5:])
	d, ok4 := digits2(s[8:])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, false
	}
	if ms, ok = civil(y1*100+y2, m, d); ok {
		start := ms - int64(d-1)*dayMS
		if c != nil && start >= block.MinTime && start <= block.MaxTime-31*dayMS {
			text := binary.LittleEndian.Uint64(s)
			*c.month(text) = month{text, start, uint64(daysIn(y1*100+y2, m))}
		}
	}
	return ms, ok
}

// dayOfLog is the start of the date dd/Mon/yyyy.
func (c *clock) dayOfLog(s []byte) (ms int64, ok bool) {
	day, month := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[3:])
	if c != nil && day == c.logDay && month == c.logMonth {
		return c.logStart, true
	}
	if ms, ok = logDay(s); ok && c != nil {
		c.logDay, c.logMonth, c.logStart = day, month, ms
	}
	return ms, ok
}

// logDay is dayOfLog without a memory.
func logDay(s []byte) (ms int64, ok bool) {
	d, ok1 := digits2(s[0:])
	y1, ok2 := digits2(s[7:])
	y2, ok3 := digits2(s[9:])
	if !ok1 || !ok2 || !ok3 {
		return 0, false
	}
	const months = "janfebmaraprmayjunjulaugsepoctnovdec"
	a, b, c := s[3]|0x20, s[4]|0x20, s[5]|0x20
	for m := 0; m < 12; m++ {
		if months[3*m] == a && months[3*m+1] == b && months[3*m+2] == c {
			return civil(y1*100+y2, m+1, d)
		}
	}
	return 0, false
}

// civil is the start of a day of the proleptic Gregorian calendar, as time.Date
// has it, and false for one that is not in the calendar.
func civil(y, m, d int) (ms int64, ok bool) {
	if m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, false
	}
	// Years that start in March put the leap day last.
	if m <= 2 {
		y--
		m += 12
	}
	y += 400 // keeps the divisions of the year 0 positive
	days := 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1
	const epoch = 365*2369 + 2369/4 - 2369/100 + 2369/400 + 306 // the same for 1970-01-01
	return int64(days-epoch) * dayMS, true
}

func daysIn(y, m int) int {
	switch {
	case m != 2:
		return 30 + (m+m>>3)&1
	case y%4 == 0 && (y%100 != 0 || y%400 == 0):
		return 29
	}
	return 28
}

// hourMinute reads hh:mm.
func hourMinute(s []byte) (ms int64, ok bool) {
	h, ok1 := digits2(s)
	m, ok2 := digits2(s[3:])
	return int64(h)*hourMS + int64(m)*minuteMS, ok1 && ok2 && s[2] == ':' && h < 24 && m < 60
}

// secondsAndZone reads what follows the minute, which is at least :ss: the
// fraction and the zone. The zone's offset is taken off.
func secondsAndZone(s []byte) (ms int64, ok bool) {
	sec, ok := digits2(s[1:])
	if !ok || s[0] != ':' || sec > 60 {
		return 0, false
	}
	ms = int64(sec) * secondMS
	s = s[3:]
	if len(s) > 0 && (s[0] == '.' || s[0] == ',') {
		i, unit := 1, int64(100)
		for ; i < len(s) && s[i]-'0' <= 9; i++ {
			ms += int64(s[i]-'0') * unit
			unit /= 10
		}
		if i == 1 {
			return 0, false
		}
		s = s[i:]
	}
	if sec == 60 {
		ms = minuteMS - 1
	}
	of, ok := zone(s)
	return ms - of, ok
}

// zone is what the zone is ahead of UTC.
func zone(s []byte) (ms int64, ok bool) {
	if len(s) == 0 || len(s) == 1 && s[0]|0x20 == 'z' {
		return 0, true
	}
	if s[0] == ' ' {
		s = s[1:]
	}
	switch string(s) {
	case "Z", "z", "UTC":
		return 0, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, ok := digits2(s[1:])
	m := 0
	switch {
	case !ok || h > 23:
		return 0, false
	case len(s) == len("+hhmm"):
		m, ok = digits2(s[3:])
	case len(s) == len("+hh:mm") && s[3] == ':':
		m, ok = digits2(s[4:])
	case len(s) != len("+hh"):
		return 0, false
	}
	if !ok || m > 59 {
		return 0, false
	}
	ms = int64(h)*hourMS + int64(m)*minuteMS
	if s[0] == '-' {
		ms = -ms
	}
	return ms, true
}

// millisZ reads the eight bytes :ss.fffZ at once.
func millisZ(x uint64) (ms int64, ok bool) {
	const (
		punct = 0xff<<56 | 0xff<<24 | 0xff
		form  = 'Z'<<56 | '.'<<24 | ':'
		zeros = '0' * ones &^ punct
	)
	v := (x &^ punct) ^ zeros // each digit's value, and 0 where punctuation is
	if x&punct != form || ((v+0x76*ones)|v)&topBits != 0 {
		return 0, false
	}
	pair := v*10 + v>>8 // each pair's value, where its first digit was
	sec := pair >> 8 & 0xff
	return int64(sec*secondMS + pair>>32&0xff*10 + v>>48&0xff), sec < 60
}

// eightDigits reads eight digits at once.
func eightDigits(x uint64) (v uint64, ok bool) {
	x ^= '0' * ones
	ok = ((x+0x76*ones)|x)&topBits == 0
	x = x*10 + x>>8 // pairs, in every other byte
	x = (x&0x000000ff000000ff*(100+1000000<<32) + x>>16&0x000000ff000000ff*(1+10000<<32)) >> 32
	return x, ok
}

// digits2 reads two digits.
func digits2(s []byte) (int, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// epoch reads a number since the epoch.
func epoch(s []byte) (int64, block.Reason) {
	if n := len(s); n >= 8 && n <= 19 && s[0] != '0' {
		// Whole numbers of the lengths that times have today.
		v, ok := eightDigits(binary.LittleEndian.Uint64(s))
		rest := n - 8
		if rest > 8 {
			mid, ok2 := eightDigits(binary.LittleEndian.Uint64(s[8:]))
			v, ok, rest = v*1e8+mid, ok && ok2, n-16
		}
		low, ok2 := eightDigits(binary.LittleEndian.Uint64(s[n-8:]))
		if ok && ok2 {
			v = v*pow10[rest] + low%pow10[rest]
			switch {
			case n <= 11:
				v *= 1e3
			case n <= 14:
			case n <= 17:
				v /= 1e3
			default:
				v /= 1e6
			}
			return inRange(int64(v), true)
		}
	}
	d, ok := parseDecimal(s)
	switch {
	case !ok:
		return 0, block.BadTime
	case d.mant == 0:
		return 0, ""
	case d.neg:
		return 0, block.TimeRange
	}
	n, shift := d.digits(), 0
	switch {
	case n <= 11:
		shift = 3
	case n <= 14:
	case n <= 17:
		shift = -3
	default:
		shift = -6
	}
	if n+shift > 13 {
		return 0, block.TimeRange
	}
	return inRange(int64(d.floor(shift)), true)
}
