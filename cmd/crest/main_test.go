package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"crest/sources/kafka"
)

// TestMain lets this binary be a process that a test starts: a pipeline, or
// crest itself.
func TestMain(m *testing.M) {
	switch os.Getenv("CREST_TEST_AS") {
	case "pipeline":
		os.Exit(fakePipeline(os.Args[1:]))
	case "exact":
		os.Exit(fakeExact(os.Args[1:]))
	case "sleep": // until it is interrupted
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		<-ctx.Done()
		stop()
		os.Exit(130)
	case "crest":
		main()
	}
	os.Exit(m.Run())
}

// output is a buffer that may be read while it is written to.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	seen chan struct{} // closed when wanted has been written
	want string
}

func waitFor(text string) *output { return &output{seen: make(chan struct{}), want: text} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	had := strings.Contains(o.text.String(), o.want)
	o.text.Write(p)
	if !had && strings.Contains(o.text.String(), o.want) {
		close(o.seen)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// crest runs the program and returns its exit code and what it printed.
func crest(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	m := &Main{Stdout: &out, Stderr: &err}
	code = m.Run(t.Context(), args)
	return code, out.String(), err.String()
}

func TestHelp(t *testing.T) {
	code, out, _ := crest(t, "--help")
	if code != 0 || !strings.Contains(out, "crest replay ") {
		t.Errorf("exit code %d, %s", code, out)
	}
	if code, _, err := crest(t); code != 2 || !strings.Contains(err, "crest replay ") {
		t.Errorf("without arguments: exit code %d, %s", code, err)
	}
	flag := regexp.MustCompile(`(?m)^  --([a-z_]+)`)
	for _, c := range commands() {
		code, out, err := crest(t, c.name, "--help")
		if code != 0 || err != "" {
			t.Errorf("crest %s --help: exit code %d, %s", c.name, code, err)
		}
		listed := make(map[string]bool)
		for _, f := range flag.FindAllStringSubmatch(out, -1) {
			listed[f[1]] = true
		}
		for _, name := range flagNames(c) {
			if !listed[name] {
				t.Errorf("crest %s --help does not list --%s", c.name, name)
			}
		}
	}
}

func TestWrongCommandLine(t *testing.T) {
	for line, want := range map[string][]string{
		"play": {`"play" is not a command`},
		"replay none.ndjson --to=kafka --partitions=-1 --speed=fast --abort=2 --bogus --limit=x": {
			"not defined: --bogus", `invalid value "x" for flag --limit`, `--speed: "fast"`, `--abort: "2"`, "none.ndjson", "no broker", "no topic", "-1 is no number of partitions"},
		"replay --to=stdout --topic=t --brokers=b --retime --time_field=": {"no file", "--brokers: only", "no topics", "time field"},
		"replay main.go --to=pubsub --topic=t":                            {`"t" is not a topic of Pub/Sub`},
		"replay main.go --to=elsewhere":                                   {`"elsewhere" is nowhere to go`},
		"top file.db --store=bigquery:x --window=1ms,2m --k=0":            {`"file.db" is not a flag`, "sqlite:FILE", `--window: "1ms"`, "0 items"},
		"backfill x --windows=all --sink=bigquery:y --from=2026-13-01 --pipeline_flag=--x": {
			`"x" is not a flag`, "--archive:", "--windows: the window over everything", `--sink: "y" has no dataset`, `--from: "2026-13-01"`, "NAME=VALUE"},
		"backfill --archive=a --from=2026-02-01 --to=2026-01-01": {"later than --from"},
		"demo x --file=none.ndjson --speed=0":                    {`"x" is not a flag`, "none.ndjson", `--speed: "0"`},
	} {
		code, out, err := crest(t, strings.Fields(line)...)
		if code != 2 || out != "" {
			t.Errorf("crest %s: exit code %d, printed %q", line, code, out)
		}
		for _, w := range want {
			if !strings.Contains(err, w) {
				t.Errorf("crest %s does not tell of %s:\n%s", line, w, err)
			}
		}
	}
}

// events writes a file of n events, a second apart, and returns its path and
// text.
func events(t *testing.T, n int) (path, text string) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"time":"2026-01-01T%02d:%02d:%02dZ","item":"item-%d","group":"g"}`+"\n", i/3600, i/60%60, i%60, i%5)
	}
	path = filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, b.String()
}

func TestReplayToStdout(t *testing.T) {
	path, text := events(t, 100)
	code, out, err := crest(t, "replay", "--to=stdout", path, "--limit=150", "--loop")
	if code != 0 || out != text+text[:len(text)/2] || !strings.HasPrefix(err, "150 events sent, ") {
		t.Errorf("exit code %d, %d bytes, %s", code, len(out), err)
	}
}

func TestReplayToKafka(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	path, _ := events(t, 100)
	args := []string{"replay", path, "--to=kafka", "--brokers=" + cluster.ListenAddrs()[0], "--topic=t"}
	if code, _, err := crest(t, args...); code != 1 || !strings.Contains(err, "there is no topic t at ") {
		t.Errorf("exit code %d, %s", code, err)
	}
	code, _, text := crest(t, append(args, "--partitions=3", "--transactions=30", "--abort=100%")...)
	if code != 0 || !strings.Contains(text, "4 transactions committed, 4 of them aborted first") {
		t.Errorf("exit code %d, %s", code, text)
	}
}

// The security settings are those of the pipeline's source.
func TestReplayWithPassword(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "ann", "open sesame"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	path, _ := events(t, 10)
	args := []string{"replay", path, "--to=kafka", "--brokers=" + cluster.ListenAddrs()[0], "--topic=t", "--partitions=1", "--sasl=SCRAM-SHA-256", "--sasl_user=ann"}
	t.Setenv(kafka.PasswordVariable, "wrong words")
	if code, _, err := crest(t, args...); code != 1 || !strings.Contains(err, "user and password") || strings.Contains(err, "wrong words") {
		t.Errorf("with a wrong password: exit code %d, %s", code, err)
	}
	t.Setenv(kafka.PasswordVariable, "open sesame")
	if code, _, err := crest(t, args...); code != 0 || !strings.HasPrefix(err, "10 events sent") {
		t.Errorf("exit code %d, %s", code, err)
	}
	if code, _, err := crest(t, append(args, "--sasl=KERBEROS", "--tls_ca=ca.pem")...); code != 2 || !strings.Contains(err, `"KERBEROS"`) || !strings.Contains(err, "TLS is not asked for") {
		t.Errorf("exit code %d, %s", code, err)
	}
}

// A replay that waits is interrupted by a signal: what it has sent is written,
// and the exit code says so.
func TestInterruptedReplay(t *testing.T) {
	path, text := events(t, 100)
	cmd := exec.Command(os.Args[0], "replay", path, "--to=stdout", "--speed=0.001")
	cmd.Env = append(os.Environ(), "CREST_TEST_AS=crest")
	out, said := waitFor("\n"), waitFor("interrupted")
	cmd.Stdout, cmd.Stderr = out, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	await(t, out)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	first, _, _ := strings.Cut(text, "\n")
	if code := cmd.ProcessState.ExitCode(); code != 130 || out.String() != first+"\n" || !strings.HasPrefix(said.String(), "1 events sent") {
		t.Errorf("exit code %d, printed %q, said %s", code, out, said)
	}
}

func await(t *testing.T, o *output) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	select {
	case <-o.seen:
	case <-ctx.Done():
		t.Fatalf("%q was not printed, but %q", o.want, o.String())
	}
}
