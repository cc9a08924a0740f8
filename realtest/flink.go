//go:build unix

package realtest

import (
	"strconv"
	"testing"
)

// FlinkJobServer starts Beam's job server with a Flink of its own in the same
// process, and returns its host and port, as --endpoint takes them.
func FlinkJobServer(t testing.TB) string {
	t.Helper()
	dir := jars(t, "flink")
	port := freePort(t)
	s := java(t, "flink", dir, "768m",
		opens("java.io", "java.lang", "java.lang.invoke", "java.lang.reflect", "java.net", "java.nio", "java.time", "java.util", "java.util.concurrent", "sun.nio.ch"),
		"org.apache.beam.runners.flink.FlinkJobServerDriver",
		"--flink-master=[local]", "--job-host=127.0.0.1", "--job-port="+strconv.Itoa(port), "--artifact-port=0", "--expansion-port=-1", "--artifacts-dir="+t.TempDir())
	await(t, s, "listened", func() bool { return listens(addressOf(port)) })
	return addressOf(port)
}
