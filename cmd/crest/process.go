package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	// endWait is how long a child has to end itself when it is interrupted.
	endWait = 10 * time.Second
	// tailBytes of a child's output are shown when it fails.
	tailBytes = 2 << 10
)

// findPipeline returns the program that counts: the one that was named, the one
// beside this program, or else one built into dir from the sources here.
func (m *Main) findPipeline(ctx context.Context, named, dir string) (string, error) {
	if named != "" {
		return exec.LookPath(named)
	}
	self, err := os.Executable()
	if err == nil {
		beside := filepath.Join(filepath.Dir(self), "topk")
		if info, err := os.Stat(beside); err == nil && !info.IsDir() {
			return beside, nil
		}
	}
	const source = "./pipelines/topk"
	if _, err := os.Stat(source); err != nil {
		return "", fmt.Errorf("there is no topk beside %s, and no %s to build it from: build it there, or name it with --pipeline", self, source)
	}
	fmt.Fprintf(m.Stderr, "building %s\n", source)
	program := filepath.Join(dir, "topk")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", source, err, tail(bytes.NewReader(out)))
	}
	return program, nil
}

// A child is a process that runs until the context ends.
type child struct {
	name string
	cmd  *exec.Cmd
	log  *os.File
	ctx  context.Context
}

// startChild starts a program whose output goes to a file. When the context ends
// it is interrupted, and after endWait killed.
func startChild(ctx context.Context, program string, args []string, log string) (*child, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	c := &child{name: filepath.Base(program), cmd: exec.CommandContext(ctx, program, args...), log: f, ctx: ctx}
	c.cmd.Stdout, c.cmd.Stderr = f, f
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(os.Interrupt) }
	c.cmd.WaitDelay = endWait
	if err := c.cmd.Start(); err != nil {
		f.Close()
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	return c, nil
}

// wait waits until the process has ended. That it failed is an error, which has
// the end of what it said.
func (c *child) wait() error {
	defer c.log.Close()
	err := c.cmd.Wait()
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("running %s: %w\n%s", c.name, err, tail(c.log))
}

// exitCode is that of a process which has ended.
func (c *child) exitCode() int { return c.cmd.ProcessState.ExitCode() }

// tail returns the end of a text.
func tail(text io.ReadSeeker) []byte {
	size, err := text.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = text.Seek(max(0, size-tailBytes), io.SeekStart)
	}
	if err != nil {
		return nil
	}
	end, _ := io.ReadAll(io.LimitReader(text, tailBytes))
	return bytes.TrimSpace(end)
}
