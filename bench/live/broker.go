package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"crest/realtest"
)

const (
	partitions = 4
	// startWait bounds what a broker takes to start and to answer.
	startWait = 2 * time.Minute
)

// A broker is a Kafka of one node, in processes of its own.
type broker struct {
	addr   string
	data   string
	cmd    *exec.Cmd
	log    bytes.Buffer // of the broker; to be read once it has ended
	client *kgo.Client
}

// startBroker starts a broker that keeps its data below a folder.
func startBroker(ctx context.Context, folder string) (*broker, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l.Close()
	data, err := newFolder(folder, "kafka-*")
	if err != nil {
		return nil, err
	}
	b := &broker{addr: l.Addr().String(), data: data}
	if err := b.start(ctx); err != nil {
		b.stop()
		return nil, fmt.Errorf("starting Kafka: %w", err)
	}
	return b, nil
}

func (b *broker) start(ctx context.Context) error {
	format, run, err := realtest.KafkaCommands(ctx, b.addr, b.data)
	if err != nil {
		return err
	}
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(string(out), 20))
	}
	run.Stdout, run.Stderr = &b.log, &b.log
	if err := run.Start(); err != nil {
		return err
	}
	b.cmd = run
	if b.client, err = kgo.NewClient(kgo.SeedBrokers(b.addr)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for b.client.Ping(ctx) != nil {
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not answer at %s: %w", b.addr, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// createTopic makes a topic; config is as Kafka names it.
func (b *broker) createTopic(ctx context.Context, topic string, config map[string]*string) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	_, err := kadm.NewClient(b.client).CreateTopic(ctx, partitions, 1, config, topic)
	if err != nil {
		return fmt.Errorf("making the topic %s: %w", topic, err)
	}
	return nil
}

// stop ends the broker and deletes its data.
func (b *broker) stop() {
	if b.client != nil {
		b.client.Close()
	}
	if b.cmd != nil {
		b.cmd.Process.Kill()
		b.cmd.Wait() // it was killed
	}
	if err := os.RemoveAll(b.data); err != nil {
		fmt.Fprintln(os.Stderr, "bench/live:", err)
	}
}

// newFolder makes a folder of its own below another, and returns its full path.
func newFolder(parent, pattern string) (string, error) {
	parent, err := filepath.Abs(parent)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, pattern)
}
