package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"crest/sinks/sqlite"
	"crest/table"
)

func flagNames(c command) (names []string) {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.new(fs)
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// fakePipeline stands in for the pipeline: it counts what it reads from Kafka,
// writes one list, and says in a file when it is interrupted.
func fakePipeline(args []string) int {
	fs := flag.NewFlagSet("topk", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	given := make(map[string]*string)
	for _, name := range []string{"source", "brokers", "topic", "segment_field", "windows", "early", "sink"} {
		given[name] = fs.String(name, "", "")
	}
	if err := fs.Parse(args); err != nil {
		fmt.Println(err)
		return 2
	}
	if os.Getenv("CREST_TEST_FAIL") != "" {
		fmt.Println("no more room")
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client, err := kgo.NewClient(kgo.SeedBrokers(*given["brokers"]), kgo.ConsumeTopics(*given["topic"]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return 1
	}
	defer client.Close()
	n := uint64(0)
	for n < 100 && ctx.Err() == nil {
		n += uint64(client.PollFetches(ctx).NumRecords())
	}
	if err := writeList(ctx, strings.TrimPrefix(*given["sink"], "sqlite:"), n); err != nil {
		fmt.Println(err)
		return 1
	}
	<-ctx.Done()
	if os.WriteFile(os.Getenv("CREST_TEST_ENDED"), nil, 0o600) != nil {
		return 1
	}
	return 130
}

func writeList(ctx context.Context, path string, n uint64) error {
	s, err := sqlite.Open(path)
	if err != nil {
		return err
	}
	defer s.Close()
	run, err := table.Encode(table.Run{Job: "topk", Run: "r", Path: table.Fast, Kind: table.Streaming, StartedAt: 1, Settings: "{}"})
	if err != nil {
		return err
	}
	start := table.TimeOf(time.Now().Truncate(time.Minute))
	list, err := table.Encode(table.TopK{Job: "topk", Run: "r", Path: table.Fast, WindowStart: start, WindowEnd: start + 60_000, WindowSeconds: 60,
		Revision: n, Total: n, Items: []table.Item{{Rank: 1, Item: "counted from Kafka", Count: n, Lower: n, Upper: n, Certain: true}}, WrittenAt: table.TimeOf(time.Now())})
	if err != nil {
		return err
	}
	return s.Write(ctx, []table.Row{run, list})
}

// demo runs the demo with a pipeline that stands in, and with temporary files in
// a directory of its own.
func demo(t *testing.T, ctx context.Context, out, said io.Writer) (code int, left []string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("CREST_TEST_AS", "pipeline")
	path, _ := events(t, 2000)
	m := &Main{Stdout: out, Stderr: said}
	code = m.Run(ctx, []string{"demo", "--file=" + path, "--pipeline=" + os.Args[0], "--speed=1000", "--every=100ms"})
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return code, left
}

// The demo shows what its pipeline has counted, and ends all of it when it is
// interrupted.
func TestDemo(t *testing.T) {
	ended := filepath.Join(t.TempDir(), "ended")
	t.Setenv("CREST_TEST_ENDED", ended)
	ctx, interrupt := context.WithCancel(t.Context())
	out, said := waitFor("counted from Kafka"), waitFor("building")
	go func() {
		select {
		case <-out.seen:
		case <-time.After(time.Minute):
		}
		interrupt()
	}()
	code, left := demo(t, ctx, out, said)
	if code != 0 || said.String() != "" {
		t.Errorf("exit code %d, said %s", code, said)
	}
	if !strings.Contains(out.String(), "counted from Kafka") || !strings.Contains(out.String(), "1000 times as fast") {
		t.Errorf("it showed %s", out)
	}
	if len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	if _, err := os.Stat(ended); err != nil {
		t.Errorf("the pipeline was not interrupted: %v", err)
	}
}

func TestDemoPipelineFails(t *testing.T) {
	t.Setenv("CREST_TEST_FAIL", "1")
	out, said := waitFor("waiting"), waitFor("no more room")
	code, left := demo(t, t.Context(), out, said)
	if code != 1 || !strings.Contains(said.String(), "exit status 1\nno more room") {
		t.Errorf("exit code %d, said %s", code, said)
	}
	if len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}
