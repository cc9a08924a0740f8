//go:build unix

package realtest

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

//go:embed kafka/server.properties
var kafkaProperties string

// quiet leaves Kafka's own configuration, at length, out of its log.
var quiet = []string{"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"}

// Broker is a Kafka cluster of one node.
type Broker struct {
	// Addr is the broker's host and port.
	Addr string

	t          testing.TB
	dir        string
	properties string
	server     *server
}

// Kafka starts a broker with no topics. Topics are made when they are first
// written to, with 4 partitions; transactions work; nothing is ever deleted for
// its age.
func Kafka(t testing.TB) *Broker {
	t.Helper()
	return newKafka(t, "")
}

// newKafka starts a broker with more properties, which win over those that every
// broker has.
func newKafka(t testing.TB, more string) *Broker {
	t.Helper()
	b := &Broker{t: t, dir: jars(t, "kafka"), Addr: addressOf(freePort(t))}
	data := t.TempDir()
	b.properties = filepath.Join(data, "server.properties")
	text := strings.NewReplacer("@BROKER@", b.Addr, "@CONTROLLER@", addressOf(freePort(t)), "@DATA@", filepath.Join(data, "log")).Replace(kafkaProperties + more)
	if err := os.WriteFile(b.properties, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	format := java(t, "kafka-format", b.dir, "256m", quiet, "kafka.tools.StorageTool", "format", "-t", clusterID(), "-c", b.properties)
	select {
	case <-format.ended:
	case <-time.After(startTimeout):
		t.Fatalf("formatting Kafka's storage takes more than %v:\n%s", startTimeout, format.tail())
	}
	b.start()
	return b
}

// clusterID draws an id for a cluster. The storage tool takes one that begins with
// a dash for a flag.
func clusterID() string {
	for {
		id := make([]byte, 16)
		rand.Read(id)
		if text := base64.RawURLEncoding.EncodeToString(id); text[0] != '-' {
			return text
		}
	}
}

func (b *Broker) start() {
	b.t.Helper()
	b.server = java(b.t, "kafka", b.dir, "512m", quiet, "kafka.Kafka", b.properties)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr))
	if err != nil {
		b.t.Fatal(err)
	}
	defer client.Close()
	await(b.t, b.server, "answered", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return listens(b.Addr) && client.Ping(ctx) == nil
	})
}

// Kill ends the broker as kill -9 does.
func (b *Broker) Kill() { b.server.kill() }

// Restart starts the broker again, at the same address and with the same data,
// and waits until it answers. One that runs is killed first.
func (b *Broker) Restart() {
	b.t.Helper()
	b.server.kill()
	b.start()
}
