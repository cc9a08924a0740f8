package kafka

import (
	"context"
	"errors"

	"crest/block"
	"crest/sources/format"
)

// A decoder makes rows of a block's messages, and tells of batches which they
// are.
type decoder func(context.Context, *block.Block) ([]format.Stamp, error)

// newDecoder returns the decoder of the payload.
func (c *Config) newDecoder() (decoder, error) {
	switch {
	case c.Payload == format.BATCH:
		d := format.NewBatchDecoder(c.Pane)
		return func(_ context.Context, b *block.Block) ([]format.Stamp, error) { return d.Stamps(b), nil }, nil
	case c.Payload == format.AVRO:
		if (c.Schema == "") == (c.Registry.URL == "") {
			return nil, errors.New("payload avro needs a schema, or the URL of a schema registry, not both")
		}
		d, err := format.NewAvroDecoder(c.Fields, c.Schema)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, b *block.Block) ([]format.Stamp, error) {
			if err := c.Registry.schemas(ctx, d, b); err != nil {
				return nil, err
			}
			d.Decode(b, 0)
			return nil, nil
		}, nil
	}
	d, err := c.Payload.NewDecoder(c.Fields)
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, b *block.Block) ([]format.Stamp, error) {
		d.Decode(b, 0)
		return nil, nil
	}, nil
}
