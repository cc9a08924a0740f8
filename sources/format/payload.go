package format

import (
	"errors"
	"fmt"
)

// A Payload says what the messages of a queue hold.
type Payload string

// The payloads.
const (
	JSON  Payload = "json"  // a message is one event, an object of JSON
	AVRO  Payload = "avro"  // a message is one event, a datum of Avro
	BATCH Payload = "batch" // a message is a Batch
)

// ParsePayload returns the payload of that name.
func ParsePayload(name string) (Payload, error) {
	switch p := Payload(name); p {
	case JSON, AVRO, BATCH:
		return p, nil
	}
	return "", fmt.Errorf("%q is not a payload: %s, %s or %s", name, JSON, AVRO, BATCH)
}

// NewDecoder returns a decoder of blocks whose Messages hold the payload. It
// makes rows of the messages, in their order, and sets their Time and Rejected;
// the offset that it is called with does not matter. Avro needs a schema:
// NewAvroDecoder. A BatchDecoder can tell repeated batches: NewBatchDecoder.
func (p Payload) NewDecoder(o Options) (Decoder, error) {
	switch p {
	case JSON:
		return NewNDJSON(o)
	case AVRO:
		return nil, errors.New("payload avro needs a schema")
	case BATCH:
		return NewBatchDecoder(0), nil
	}
	return nil, fmt.Errorf("payload %q has no decoder", string(p))
}
