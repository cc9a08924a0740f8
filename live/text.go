package live

import (
	"fmt"
	"time"
)

// age is how old something is: to the tenth of a second at first, then to the
// second.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
