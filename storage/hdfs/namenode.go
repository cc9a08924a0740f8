package hdfs

import (
	"context"
	"errors"
	"net"
	"time"
)

// namenodeConn is a connection to a namenode that outlives it: where it breaks
// before an answer, it connects again, introduces itself again, and repeats the
// request. A namenode knows a request that it has carried out by the ids in it,
// also after a restart, and repeats its answer. The client above could not repeat
// a request: to complete a file it forgets the last block when it is first told
// of an error.
//
// The client makes one call at a time, and a Write is a whole request.
type namenodeConn struct {
	net.Conn
	address string
	// repeats says that requests are repeated: not where there are other namenodes,
	// of which one may have become the active one. The client looks for it.
	repeats bool

	hello   []byte // what was written before the first request
	greeted int    // how many Writes that were
	request []byte
	// waiting is set while no byte of the answer has come, answered once there was
	// an answer at all.
	waiting, answered bool
	since             time.Time // when the first connection broke on this request
	err               error     // of a connection that has ended
}

// greetings is how many Writes the client introduces itself with.
const greetings = 2

// dialNamenode returns the client's function that connects to one of several
// namenodes.
func dialNamenode(namenodes int) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, &lostError{err}
		}
		return &namenodeConn{Conn: c, address: address, repeats: namenodes == 1}, nil
	}
}

func (c *namenodeConn) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err // the client connects anew, and does not take late answers for its next one's
	}
	if c.greeted < greetings {
		c.greeted++
		c.hello = append(c.hello, p...)
		return len(p), c.send(p)
	}
	c.request, c.waiting, c.since = p, true, time.Time{}
	err := c.send(p)
	if err != nil {
		err = c.again(err)
	}
	return len(p), err
}

func (c *namenodeConn) send(p []byte) error {
	if err := c.SetWriteDeadline(time.Now().Add(callTimeout)); err != nil {
		return err
	}
	_, err := c.Conn.Write(p)
	return err
}

func (c *namenodeConn) Read(p []byte) (int, error) {
	for c.err == nil {
		err := c.SetReadDeadline(time.Now().Add(callTimeout))
		n := 0
		if err == nil {
			n, err = c.Conn.Read(p)
		}
		if n > 0 {
			c.waiting, c.answered = false, true
			return n, nil
		}
		if err != nil && c.again(err) != nil {
			break
		}
	}
	return 0, c.err
}

// again connects and sends the request again, if it may, until patience ends.
// Its error is c.err, which ends the connection.
func (c *namenodeConn) again(err error) error {
	if c.since.IsZero() {
		c.since = time.Now()
	}
	c.Conn.Close()
	for pause := firstPause; c.repeats && c.waiting && c.answered && time.Since(c.since) < patience; pause = min(2*pause, lastPause) {
		time.Sleep(pause)
		conn, e := dialer.Dial("tcp", c.address)
		if e != nil {
			err = e
			continue
		}
		c.Conn = conn
		if e := errors.Join(c.send(c.hello), c.send(c.request)); e == nil {
			return nil
		}
		c.Conn.Close()
	}
	c.err = &lostError{err}
	return c.err
}
