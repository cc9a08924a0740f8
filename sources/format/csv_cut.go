package format

import "bytes"

// CutCSV returns the length of the whole CSV records at the start of data, which
// must start with a record: up to and with the last newline that ends a record,
// which one inside of quotes does not. It is 0 if no record is whole.
func CutCSV(data []byte) int {
	cut, i := 0, 0
	for {
		// Outside of quotes at i.
		quote := bytes.IndexByte(data[i:], '"')
		end := len(data)
		if quote >= 0 {
			end = i + quote
		}
		if n := bytes.LastIndexByte(data[i:end], '\n'); n >= 0 {
			cut = i + n + 1
		}
		if quote < 0 {
			return cut
		}
		i = end + 1
		if !opens(data, end) {
			continue
		}
		closing, _ := closingQuote(data, i)
		if closing < 0 {
			return cut
		}
		i = closing + 1
	}
}

// opens says whether the quote at i, which is not inside of quotes, opens a
// quoted cell: whether it is the cell's first byte. The decoder takes any other
// for a malformed record, which ends where its line does.
func opens(data []byte, i int) bool {
	return i == 0 || data[i-1] == ',' || data[i-1] == '\n'
}

// closingQuote is the place of the quote that closes the cell whose first byte
// is at i, or -1, and whether the cell has doubled quotes.
func closingQuote(data []byte, i int) (at int, doubled bool) {
	for {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return -1, doubled
		}
		i += n
		if i+1 == len(data) || data[i+1] != '"' {
			return i, doubled
		}
		i += 2
		doubled = true
	}
}

// skipRecord is where the record ends, and its newline, that goes on at i, which
// is inside of a cell and outside of quotes. It agrees with CutCSV.
func skipRecord(data []byte, i int) int {
	for ; i < len(data); i++ {
		switch data[i] {
		case '\n':
			return i + 1
		case '"':
			if data[i-1] == ',' {
				if i, _ = closingQuote(data, i+1); i < 0 {
					return len(data)
				}
			}
		}
	}
	return i
}
