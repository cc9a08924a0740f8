//go:build real && unix

package files

import (
	"testing"

	"crest/realtest"
	"crest/seedtest"
)

func TestHDFS(t *testing.T) {
	eachRecordOnce(t, seedtest.Rand(t), realtest.HDFS(t).URL+"/dir")
}
