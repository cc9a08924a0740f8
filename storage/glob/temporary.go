package glob

import (
	"crypto/rand"
	"strings"
)

// The names of files that are being written. Hadoop and Spark skip names that
// begin with a point, too.
const (
	temporaryPrefix = ".crest-"
	temporarySuffix = ".tmp"
)

// NewTemporary returns a new name for a file that is being written.
func NewTemporary() string { return temporaryPrefix + rand.Text() + temporarySuffix }

// Temporary tells whether a name, without its directory, is of NewTemporary.
func Temporary(name string) bool {
	return strings.HasPrefix(name, temporaryPrefix) && strings.HasSuffix(name, temporarySuffix)
}
