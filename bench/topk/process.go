package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what one run of a whole process took, from its start to its end, as
// the kernel counts it.
type usage struct {
	wall  time.Duration
	cpu   time.Duration // user and system
	peak  int64         // largest resident memory, in bytes
	query time.Duration // the peers' own time of the query alone; 0 where there is none
}

// measure runs a command that writes to answers; what an earlier run left there
// is removed first.
func measure(args []string, threads int, answers string) (usage, error) {
	old, err := filepath.Glob(answers + "*") // SQLite keeps files beside its own
	if err != nil {
		return usage{}, err
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			return usage{}, err
		}
	}
	var out, messages bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &messages
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(threads))
	start := time.Now()
	err = cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(messages.String(), 20))
	}
	return usage{
		wall:  wall,
		cpu:   cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		peak:  peak(cmd.ProcessState),
		query: querySeconds(out.String()),
	}, nil
}

// peak is the largest resident memory. Linux counts it in KiB; it cannot be less
// than this driver's own, of which it is a fork: some 20 MB.
func peak(p *os.ProcessState) int64 {
	return p.SysUsage().(*syscall.Rusage).Maxrss << 10
}

func querySeconds(out string) time.Duration {
	for line := range strings.Lines(out) {
		if text, ok := strings.CutPrefix(line, "query_seconds "); ok {
			seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err == nil {
				return time.Duration(seconds * float64(time.Second))
			}
		}
	}
	return 0
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
