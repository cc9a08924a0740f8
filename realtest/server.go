//go:build unix

package realtest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// server is a process that a test has started, in a process group of its own.
type server struct {
	name  string
	pid   int
	stdin io.WriteCloser
	log   string        // the file that its output goes to
	ended chan struct{} // closed once the process is gone
}

// start starts a program and has it ended with the test. Its log is shown if the
// test fails, and stays with go test -artifacts.
func start(t testing.TB, name, program string, args ...string) *server {
	t.Helper()
	log, err := os.CreateTemp(t.ArtifactDir(), name+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = dyingWithUs()
	s := &server{name: name, log: log.Name(), ended: make(chan struct{})}
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	started := make(chan error)
	go func() {
		// The system ends the process with the thread that started it, so that one
		// has nothing else to do.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait() // how it ended is in the log
		}
		log.Close()
		close(s.ended)
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	s.pid = cmd.Process.Pid
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("the log of %s ends with:\n%s", name, s.tail())
		}
	})
	return s
}

// java starts a class of a server's jars, with a heap of at most so many MiB.
func java(t testing.TB, name, dir, heap string, flags []string, class string, args ...string) *server {
	t.Helper()
	all := append([]string{"-Xmx" + heap, "-Djava.io.tmpdir=" + t.TempDir()}, flags...)
	all = append(all, "-cp", filepath.Join(dir, "classes")+":"+filepath.Join(dir, "libs")+"/*", class)
	return start(t, name, "java", append(all, args...)...)
}

// kill ends the process, as kill -9 does, and what it has started, and waits for
// its end.
func (s *server) kill() {
	// A group whose processes are all gone is no error worth telling.
	_ = syscall.Kill(-s.pid, syscall.SIGKILL)
	<-s.ended
}

// tail is the end of the log.
func (s *server) tail() []byte {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return []byte(err.Error())
	}
	return lastLines(text, 50)
}

func lastLines(text []byte, n int) []byte {
	at := len(text)
	for range n + 1 {
		i := bytes.LastIndexByte(text[:at], '\n')
		if i < 0 {
			return text
		}
		at = i
	}
	return text[at+1:]
}
