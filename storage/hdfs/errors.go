package hdfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/colinmarc/hdfs/v2"
)

// ErrUnreachable is that no namenode answered in time.
var ErrUnreachable = errors.New("no namenode can be reached")

// ErrReplaced is that a file is no longer the one that was opened.
var ErrReplaced = errors.New("it was replaced while it was read: read it again")

const (
	// patience is for how long a call is tried again while a namenode is restarting.
	patience = time.Minute
	// firstPause is between the first two tries; each other is twice as long, up to
	// lastPause. The client itself waits 5 s before it connects to a namenode again.
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// passing are what a namenode says while it starts.
var passing = []string{
	"org.apache.hadoop.hdfs.server.namenode.SafeModeException",
	"org.apache.hadoop.ipc.RetriableException",
	"org.apache.hadoop.ipc.StandbyException",
}

// try calls do until it succeeds, fails for good, or patience ends. What do did
// on a try whose answer was lost it must tell itself.
func (c *cluster) try(ctx context.Context, do func() error) error {
	end := time.Now().Add(patience)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := do()
		if err == nil {
			return nil
		}
		if !passes(err) || time.Now().After(end) {
			return c.explain(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// passes tells whether an error is worth another try: the connection to the
// namenode was lost, it is starting, or a file's last block is being replicated.
func passes(err error) bool {
	var remote hdfs.Error
	if errors.As(err, &remote) {
		for _, p := range passing {
			if remote.Exception() == p {
				return true
			}
		}
		return false
	}
	return unreachable(err) || hdfs.IsErrReplicating(err)
}

func unreachable(err error) bool {
	var lost *lostError
	// The client says the second in text only.
	return errors.As(err, &lost) || strings.Contains(err.Error(), "no available namenodes")
}

// explain says what an error means. The operation and the path are the caller's
// to tell, in its own words.
func (c *cluster) explain(err error) error {
	var of *fs.PathError
	for errors.As(err, &of) && errors.Unwrap(of) != nil {
		err = of.Err
	}
	var remote hdfs.Error
	switch {
	case errors.As(err, &remote):
		text, _, _ := strings.Cut(remote.Message(), "\n")
		return fmt.Errorf("the namenode says: %s: %w", text, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the user %s may not: name another one, as in hdfs://USER@%s/path: %w", c.user, c.addresses[0], err)
	case errors.Is(err, context.Canceled):
		return err
	case unreachable(err):
		return fmt.Errorf("%w at %s: check that it runs and that this is the port for clients (fs.defaultFS): %w", ErrUnreachable, strings.Join(c.addresses, ", "), err)
	}
	return err
}
