//go:build real && unix

package archive

import (
	"testing"
	"time"

	"crest/archive"
	"crest/realtest"
	sink "crest/sinks/archive"
)

// TestRealHDFS archives into HDFS, whose namenode is started anew meanwhile, and
// reads it again.
func TestRealHDFS(t *testing.T) {
	cluster := realtest.HDFS(t)
	for _, f := range []archive.Format{archive.NDJSON, archive.Parquet} {
		prefix := cluster.URL + "/archive/" + string(f)
		if err := sink.Check(t.Context(), prefix); err != nil {
			t.Fatal(err)
		}
		thereAndBack(t, prefix, f, func() {
			for t.Context().Err() == nil {
				if groups, err := archive.List(t.Context(), prefix, time.Time{}, time.Time{}); err != nil || len(groups) > 0 {
					break
				}
			}
			cluster.RestartNameNode()
		})
	}
}
