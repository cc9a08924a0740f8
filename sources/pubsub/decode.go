package pubsub

import (
	"fmt"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"crest/block"
	"crest/sources/format"
)

// blockSize is how much content makes a block, in bytes.
const blockSize = 256 << 10

// A decoder makes blocks of messages.
type decoder struct {
	format.Decoder
	source, timeAttribute string
}

func newDecoder(c Config) (*decoder, error) {
	d, err := c.decoder()
	if err != nil {
		return nil, err
	}
	return &decoder{Decoder: d, source: c.source(), timeAttribute: c.TimeAttribute}, nil
}

// A badTime is a message whose attribute is no time.
type badTime struct {
	received
	reason block.Reason
}

// decode makes one block of the messages.
func (d *decoder) decode(messages []received) block.Block {
	b := block.Block{Source: d.source}
	size := 0
	for _, m := range messages {
		size += len(m.message.GetData()) + len(m.message.GetMessageId()) + 2
	}
	b.Data = make([]byte, 0, size+size/8)
	b.Messages = make([]block.Message, 0, len(messages))
	var bad []badTime
	for _, m := range messages {
		b.Bytes += int64(len(m.message.GetData()))
		ms, reason := d.time(m)
		if reason != "" {
			bad = append(bad, badTime{m, reason})
			continue
		}
		b.Append(m.message.GetData(), []byte(m.message.GetMessageId()), -1, ms)
	}
	if len(b.Messages) > 0 {
		d.Decode(&b, 0)
	}
	for _, m := range bad {
		d.reject(&b, m)
	}
	return b
}

// time is the event time that Pub/Sub has for a message.
func (d *decoder) time(m received) (ms int64, reason block.Reason) {
	if d.timeAttribute != "" {
		if v, ok := m.message.GetAttributes()[d.timeAttribute]; ok {
			return format.ParseTime([]byte(v))
		}
	}
	return m.published, ""
}

// reject adds a message that is not decoded, for its attribute.
func (d *decoder) reject(b *block.Block, bad badTime) {
	const most = 64
	data, value := bad.message.GetData(), bad.message.GetAttributes()[d.timeAttribute]
	value = value[:min(len(value), most)]
	b.Append(data, []byte(bad.message.GetMessageId()), -1, block.NoTime)
	b.Messages[len(b.Messages)-1].Rejected = true
	b.Records++
	b.Reject(-1, bad.reason, fmt.Sprintf("attribute %s is %q", d.timeAttribute, value), data)
}

// received is a message that waits to be decoded.
type received struct {
	id        messageID
	message   *pubsubpb.PubsubMessage
	size      int64 // about what it needs in memory, in bytes
	published int64 // in milliseconds since the epoch, or block.NoTime
}

func newReceived(m *pubsubpb.PubsubMessage) received {
	r := received{id: parseID(m.GetMessageId()), message: m, published: block.NoTime}
	n := 128 + len(m.GetData()) + len(m.GetMessageId()) + len(m.GetOrderingKey())
	for name, value := range m.GetAttributes() {
		n += len(name) + len(value)
	}
	r.size = int64(n)
	if m.GetPublishTime() != nil {
		r.published = m.PublishTime.AsTime().UnixMilli()
	}
	return r
}
