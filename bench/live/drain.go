package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// runDrain reads records of a topic and does nothing with them: what no reader
// that is built on this client can be faster than.
func runDrain(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("drain", flag.ExitOnError)
	addr := fs.String("brokers", "", "the broker's address")
	topic := fs.String("topic", "", "the topic")
	n := fs.Int("n", 0, "how many records to read")
	fs.Parse(args)
	all := make(map[int32]kgo.Offset)
	for partition := range int32(partitions) {
		all[partition] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(*addr), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{*topic: all}))
	if err != nil {
		return err
	}
	defer client.Close()
	for read := 0; read < *n; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("reading %s: %w", *topic, err)
		}
		read += fetches.NumRecords()
	}
	return nil
}
