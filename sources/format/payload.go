package format

import "fmt"

// A Payload says what the messages of a queue hold.
type Payload string

// The payloads.
const (
	JSON Payload = "json" // a message is one event, an object of JSON
)

// ParsePayload returns the payload of that name.
func ParsePayload(name string) (Payload, error) {
	switch p := Payload(name); p {
	case JSON:
		return p, nil
	}
	return "", fmt.Errorf("%q is not a payload: %s", name, JSON)
}

// NewDecoder returns a decoder of blocks whose Messages hold the payload. It
// makes rows of the messages, in their order, and sets their Time and Rejected;
// the offset that it is called with does not matter.
func (p Payload) NewDecoder(o Options) (Decoder, error) {
	switch p {
	case JSON:
		return NewNDJSON(o)
	}
	return nil, fmt.Errorf("payload %q has no decoder", string(p))
}
