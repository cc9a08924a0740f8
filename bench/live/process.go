package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// usage is what one run of a whole process took, as the kernel counts it.
type usage struct {
	wall time.Duration // from its start until it had answered
	cpu  time.Duration // user and system, from its start to its end
	peak int64         // largest resident memory, in bytes

	missing int64 // events that are in none of the lists
}

// A process is a program under way, whose messages go to a file.
type process struct {
	cmd     *exec.Cmd
	log     string
	started time.Time
	ended   chan struct{} // closed once it has ended
	err     error         // how it ended; valid from then on
}

// startProcess starts a program. It is killed when the context ends.
func startProcess(ctx context.Context, folder string, args ...string) (*process, error) {
	log, err := os.CreateTemp(folder, filepath.Base(args[0])+"-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	p := &process{cmd: cmd, log: log.Name(), started: time.Now(), ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// wait waits for the process to end by itself, and well.
func (p *process) wait() (usage, error) {
	<-p.ended
	wall := time.Since(p.started)
	if p.err != nil {
		return usage{}, p.explain(p.err)
	}
	return p.usage(wall), nil
}

// stopWait is how long a process has to end when it is interrupted.
const stopWait = 20 * time.Second

// stop interrupts a process that does not end by itself, once it has answered.
func (p *process) stop() (usage, error) {
	wall := time.Since(p.started)
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		return usage{}, p.explain(err)
	}
	select {
	case <-p.ended:
	case <-time.After(stopWait):
		p.cmd.Process.Kill()
		<-p.ended
		return usage{}, p.explain(fmt.Errorf("it goes on for %v after it was interrupted", stopWait))
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 130 {
		return usage{}, p.explain(fmt.Errorf("it ended with exit code %d, not 130, when it was interrupted", code))
	}
	return p.usage(wall), nil
}

// await waits until a condition holds, which is asked every 50 ms.
func (p *process) await(ctx context.Context, limit time.Duration, condition func() (bool, error)) error {
	deadline := time.After(limit)
	for {
		ok, err := condition()
		if ok || err != nil {
			return err
		}
		select {
		case <-p.ended:
			return p.explain(errors.Join(errors.New("it ended by itself"), p.err))
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return p.explain(fmt.Errorf("it has not answered within %v", limit))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *process) usage(wall time.Duration) usage {
	state := p.cmd.ProcessState
	return usage{
		wall: wall,
		cpu:  state.UserTime() + state.SystemTime(),
		// Linux counts it in KiB. It cannot be less than this driver's own, of which
		// the process is a fork.
		peak: state.SysUsage().(*syscall.Rusage).Maxrss << 10,
	}
}

func (p *process) explain(err error) error {
	text, _ := os.ReadFile(p.log)
	return fmt.Errorf("%s: %w\n%s", strings.Join(p.cmd.Args, " "), err, tail(string(text), 20))
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
