// Command live measures Crest on a real Kafka, whose jars it fetches where they
// are missing; they need a JDK and Maven.
//
//	go run ./bench/live kafka   how fast a topic is counted, beside reading it alone
//	go run ./bench/live soak    whether a job that runs on and on stays as it is
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

const help = `go run ./bench/live kafka   how fast a topic is counted, beside reading it alone
go run ./bench/live soak    whether a job that runs on and on stays as it is
Both tell their flags with --help.`

func main() {
	commands := map[string]func(context.Context, []string) error{"kafka": runKafka, "soak": runSoak, "drain": runDrain}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, help)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := commands[os.Args[1]](ctx, os.Args[2:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/live:", err)
		os.Exit(1)
	}
}

// findTopk returns the program that counts: the one that was named, else one that
// it builds.
func findTopk(ctx context.Context, named, cache string) (string, error) {
	if named != "" {
		return exec.LookPath(named)
	}
	const source = "./pipelines/topk"
	if _, err := os.Stat(source); err != nil {
		return "", fmt.Errorf("%s is not here: run this from the root of the repository", source)
	}
	program, err := filepath.Abs(filepath.Join(cache, "crest-topk"))
	if err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", source, err, tail(string(out), 20))
	}
	return program, nil
}
