//go:build real && unix

package files

import (
	"testing"

	"crest/realtest"
)

func TestHDFS(t *testing.T) {
	eachRecordOnce(t, random(t), realtest.HDFS(t).URL+"/dir")
}
