//go:build real && linux

package realtest

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// leavesNothing runs a test that starts servers, and looks for processes that it
// left: those that have its directory on their command lines.
func leavesNothing(t *testing.T, test func(t *testing.T)) {
	var dir string
	t.Run("runs", func(t *testing.T) {
		dir = filepath.Dir(t.TempDir())
		test(t)
	})
	checkGone(t, dir)
}

func checkGone(t *testing.T, mark string) {
	t.Helper()
	var left []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if left = processes(mark); len(left) == 0 {
			return
		}
	}
	t.Errorf("processes are left: %s", left)
}

// processes are those whose command line has a mark.
func processes(mark string) []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte(mark)) {
			found = append(found, path)
		}
	}
	return found
}

func TestKafka(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		b := Kafka(t)
		client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr), kgo.AllowAutoTopicCreation(), kgo.ConsumeTopics("topic"))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for i, before := range []func(){func() {}, b.Restart, func() { b.Kill(); b.Restart() }} {
			before()
			value := fmt.Sprint("value ", i)
			if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "topic", Value: []byte(value)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
			var got []*kgo.Record // a poll may end with the connection that broke
			for len(got) == 0 && t.Context().Err() == nil {
				got = client.PollRecords(t.Context(), 1).Records()
			}
			if len(got) != 1 || string(got[0].Value) != value {
				t.Fatalf("read %v, want %q", got, value)
			}
		}
		if len(processes(filepath.Dir(b.properties))) != 1 {
			t.Error("this test does not see the broker's process")
		}
	})
}

func TestHDFS(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		c := HDFS(t)
		for range 2 {
			c.RestartNameNode()
			if !listens(strings.TrimPrefix(c.URL, "hdfs://")) {
				t.Error("nobody listens at", c.URL)
			}
		}
	})
}

func TestPubSub(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		if a := PubSub(t); !listens(a) {
			t.Error("nobody listens at", a)
		}
	})
}

func TestBigQuery(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		if e := BigQuery(t); !listens(e.StorageEndpoint) {
			t.Error("nobody listens at", e.StorageEndpoint)
		}
	})
}

func TestFlinkJobServer(t *testing.T) {
	leavesNothing(t, func(t *testing.T) {
		if a := FlinkJobServer(t); !listens(a) {
			t.Error("nobody listens at", a)
		}
	})
}

// TestKilledTest: a test binary that is killed takes its servers with it.
func TestKilledTest(t *testing.T) {
	const marked = "REALTEST_MARK"
	if mark := os.Getenv(marked); mark != "" {
		start(t, "sleep", "bash", "-c", "sleep 600; : "+mark)
		fmt.Println("started")
		time.Sleep(time.Hour)
	}
	mark := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledTest$")
	cmd.Env = append(os.Environ(), marked+"="+mark)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "started"; {
	}
	if len(processes(mark)) == 0 {
		t.Error("this test does not see the process")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	checkGone(t, mark)
}

// TestLogTail: who waits in vain is told what the server said last.
func TestLogTail(t *testing.T) {
	s := start(t, "echo", "bash", "-c", "for i in $(seq 100); do echo line $i; done")
	<-s.ended
	if lines := strings.Split(strings.TrimSpace(string(s.tail())), "\n"); len(lines) != 50 || lines[49] != "line 100" {
		t.Errorf("%d lines, %q", len(lines), lines)
	}
}
