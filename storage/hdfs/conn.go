package hdfs

import (
	"context"
	"net"
	"time"
)

const (
	// dialTimeout bounds making a connection. Two namenodes that do not answer take
	// less than 30 s.
	dialTimeout = 10 * time.Second
	// callTimeout bounds the wait for a namenode's answer.
	callTimeout = 15 * time.Second
	// dataTimeout bounds the wait for a datanode. It is longer than the 30 s
	// between the heartbeats of a file that is open for writing.
	dataTimeout = time.Minute
)

// dialer makes all connections.
var dialer = net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}

// lostError says that a namenode's connection broke: whether it did what it was
// asked for is unknown.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

func dialDatanode(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return datanodeConn{c}, nil
}

// datanodeConn has a deadline for each Read and Write.
type datanodeConn struct{ net.Conn }

func (c datanodeConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(dataTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c datanodeConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(dataTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
