//go:build unix

// Package realtest starts the servers that Crest speaks to, for tests: Kafka,
// HDFS, the Pub/Sub emulator, an emulator of BigQuery, Flink's job server; and runs
// Apache DataSketches. Tests that use it carry the build tag real.
//
// Servers listen on the loopback interface, on free ports. They end with the
// test that started them, and with its process however that ends. Where
// something that they need is missing the test is skipped; with
// CREST_REQUIRE_REAL=1 it fails.
//
// Jars come from Maven Central, Python packages from PyPI, once, into .cache/real.
package realtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// startTimeout bounds the start of a server on a busy machine.
const startTimeout = 2 * time.Minute

// needs ends the test where a program is missing.
func needs(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			unavailable(t, "%s is not installed: it takes a JDK of version 17 or later, Maven, and Python 3", p)
		}
	}
}

// unavailable skips the test, or fails it where servers are required.
func unavailable(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CREST_REQUIRE_REAL") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// freePort returns a port that nobody listens on. It is below those that the
// system gives to connections, so that none of them takes it before the server.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(12_000)
		if l, err := net.Listen("tcp", addressOf(port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port from 20000 to 31999 is free")
	return 0
}

func addressOf(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// await waits until a condition holds, and fails the test when the server that
// it depends on ends, or takes too long.
func await(t testing.TB, s *server, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(startTimeout)
	for !condition() {
		select {
		case <-s.ended:
			t.Fatalf("%s ended before it %s:\n%s", s.name, what, s.tail())
		case <-deadline:
			t.Fatalf("%s has not %s after %v:\n%s", s.name, what, startTimeout, s.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// listens tells whether a server takes connections.
func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// opens are the parts of the JDK that servers look into by reflection.
func opens(packages ...string) []string {
	var flags []string
	for _, p := range packages {
		flags = append(flags, fmt.Sprintf("--add-opens=java.base/%s=ALL-UNNAMED", p))
	}
	return flags
}
