//go:build unix

package realtest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"testing"
)

// Cluster is an HDFS of one namenode and one datanode.
type Cluster struct {
	// URL is hdfs://HOST:PORT, without a path.
	URL string

	t        testing.TB
	server   *server
	restarts int
}

// HDFS starts an empty cluster. Its superuser is who runs the test; permissions
// are checked. A block is 1 MiB, so that small files have several.
func HDFS(t testing.TB) *Cluster {
	t.Helper()
	dir := jars(t, "hdfs", "Hdfs.java")
	port := freePort(t)
	c := &Cluster{URL: "hdfs://" + addressOf(port), t: t}
	c.server = java(t, "hdfs", dir, "512m", nil, "Hdfs", strconv.Itoa(port), t.TempDir())
	c.await("READY")
	return c
}

// RestartNameNode ends the namenode, starts it again with the same data at the
// same address, and waits until it takes writes.
func (c *Cluster) RestartNameNode() {
	c.t.Helper()
	if _, err := io.WriteString(c.server.stdin, "restart\n"); err != nil {
		c.t.Fatalf("asking for a restart of the namenode: %v", err)
	}
	c.restarts++
	c.await(fmt.Sprintf("RESTARTED %d", c.restarts))
}

// await waits for a line of the server's.
func (c *Cluster) await(line string) {
	c.t.Helper()
	await(c.t, c.server, "said "+line, func() bool {
		text, err := os.ReadFile(c.server.log)
		return err == nil && bytes.Contains(text, []byte("\n"+line+"\n"))
	})
}
