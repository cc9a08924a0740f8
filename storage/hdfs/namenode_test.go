package hdfs

import (
	"errors"
	"io"
	"net"
	"slices"
	"testing"
)

// startNamenode starts a server that answers a request with what it was told on
// the connection first, and the request. It ends a
// connection behind as many bytes of an answer as cut says; -1 keeps it open.
func startNamenode(t *testing.T, cut func(connection, request int) int) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for i := 0; ; i++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			talk(c, func(request int) int { return cut(i, request) })
			c.Close()
		}
	}()
	return l.Addr().String()
}

func talk(c net.Conn, cut func(request int) int) {
	hello, request := make([]byte, 6), make([]byte, 4)
	if _, err := io.ReadFull(c, hello); err != nil {
		return
	}
	for i := 0; ; i++ {
		if _, err := io.ReadFull(c, request); err != nil {
			return
		}
		answer := append(slices.Clone(hello), request...)
		n := cut(i)
		if n < 0 {
			n = len(answer)
		}
		if _, err := c.Write(answer[:n]); err != nil || n < len(answer) {
			return
		}
	}
}

func greet(t *testing.T, namenodes int, address string) net.Conn {
	t.Helper()
	c, err := dialNamenode(namenodes)(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	for _, hello := range []string{"hel", "lo!"} {
		if _, err := io.WriteString(c, hello); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func call(c net.Conn, request string) (string, error) {
	if _, err := io.WriteString(c, request); err != nil {
		return "", err
	}
	p := make([]byte, 10)
	n, err := io.ReadFull(c, p)
	return string(p[:n]), err
}

// TestRequestsAreRepeated: a connection that breaks before an answer is made
// again, and the namenode gets the same request again.
func TestRequestsAreRepeated(t *testing.T) {
	c := greet(t, 1, startNamenode(t, func(connection, request int) int {
		if request == 1 && connection < 3 || request == 0 && connection == 1 {
			return 0
		}
		return -1
	}))
	defer c.Close()
	for _, request := range []string{"req1", "req2", "req3", "req4"} {
		if got, err := call(c, request); got != "hello!"+request || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

// TestBrokenConnectionsEnd where a request can't be repeated: before the first
// answer at all, behind a part of the answer, and where there is another namenode.
func TestBrokenConnectionsEnd(t *testing.T) {
	for name, test := range map[string]struct{ namenodes, request, cut int }{
		"never answered": {1, 0, 0}, "half an answer": {1, 1, 5}, "another namenode": {2, 1, 0},
	} {
		c := greet(t, test.namenodes, startNamenode(t, func(_, request int) int {
			if request == test.request {
				return test.cut
			}
			return -1
		}))
		var err error
		for range test.request + 1 {
			_, err = call(c, "req1")
		}
		_, late := call(c, "req2")
		for _, err := range []error{err, late} {
			if lost := new(lostError); !errors.As(err, &lost) {
				t.Errorf("%s: %v", name, err)
			}
		}
		c.Close()
	}
}
