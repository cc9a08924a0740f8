package pubsub

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/pubsub/v2/pstest"
)

// A proxy stands between a client and the server.
type proxy struct {
	to string
	net.Listener
	mu      sync.Mutex
	conns   map[net.Conn]bool
	down    bool
	refused atomic.Int64
}

// behindProxy has clients reach the server through a proxy.
func behindProxy(t *testing.T, srv *pstest.Server) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: srv.Addr, Listener: l, conns: make(map[net.Conn]bool)}
	t.Cleanup(func() { l.Close(); p.cut(true) })
	t.Setenv(emulatorVariable, l.Addr().String())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	up, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer up.Close()
	p.mu.Lock()
	if p.down {
		p.mu.Unlock()
		p.refused.Add(1)
		return
	}
	p.conns[c] = true
	p.mu.Unlock()
	go func() {
		io.Copy(up, c)
		up.Close()
	}()
	io.Copy(c, up)
}

// cut breaks all connections; while it is down there are no new ones.
func (p *proxy) cut(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
	for c := range p.conns {
		c.Close()
		delete(p.conns, c)
	}
}
