// Package replay plays recorded events as if they happened again: it reads files
// of newline-delimited JSON and sends each line, in the files' order, to Kafka,
// to Pub/Sub or to a stream of bytes, at the speed at which the events happened,
// a multiple of it, or as fast as it goes. The times in the events can be moved
// so that they happen as of now.
//
// A line is one event and is sent as it is: nothing of it is decoded but the
// fields that are asked for, and nothing is changed but its time. A line that is
// no JSON is sent as well, without a wait.
package replay

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Config says what is played, and how.
type Config struct {
	// Files are read one after another: newline-delimited JSON, decompressed
	// where the name ends in .gz, .zst or .bz2.
	Files []string
	// TimeField and KeyField name fields of an event: the field of that very
	// name, or else the one at that dotted path. An empty KeyField sends no
	// keys.
	TimeField, KeyField string
	// Speed is how many times as fast as they happened events are sent: 1 is
	// true speed, 0 as fast as it goes.
	Speed float64
	// Retime moves the time of each event so that the first happens now, and,
	// at a Speed above 0, divides what lies between two events by the Speed:
	// event time then goes as fast as the clock.
	Retime bool
	// Limit is after how many events it ends; 0 is no limit.
	Limit int64
	// Loop plays the files again from the start when they end. Pacing and
	// re-timing start again as well.
	Loop bool
}

// Validate reports everything that is wrong with a Config, and files that can't
// be read.
func (c Config) Validate() error {
	var errs []error
	if len(c.Files) == 0 {
		errs = append(errs, errors.New("there is no file to replay"))
	}
	for _, path := range c.Files {
		errs = append(errs, checkFile(path))
	}
	if c.Speed < 0 {
		errs = append(errs, fmt.Errorf("a speed of %v goes back in time: it must be above 0, or 0 for as fast as it goes", c.Speed))
	}
	if c.TimeField == "" && (c.Retime || c.Speed > 0) {
		errs = append(errs, errors.New("without the name of the time field events can be neither paced nor re-timed"))
	}
	if c.Limit < 0 {
		errs = append(errs, fmt.Errorf("a limit of %d events is no limit: it must be above 0, or 0 for none", c.Limit))
	}
	return errors.Join(errs...)
}

// A Sink is where events go. It is used by one goroutine.
type Sink interface {
	// Send hands an event over; a nil key is none. It waits where too much is
	// under way, and may return the error of an event sent before. Key and
	// value belong to the sink from then on, and must not be changed.
	Send(ctx context.Context, key, value []byte) error
	// Pause says that nothing is sent for a while, so that nothing waits in a
	// buffer to be filled.
	Pause(ctx context.Context, wait time.Duration) error
	// Flush returns when all that was sent has arrived.
	Flush(ctx context.Context) error
	// Close gives up what has not arrived, and releases what the sink holds.
	Close() error
}

// flushTimeout is how long a replay that was cut short waits for what was sent.
const flushTimeout = 10 * time.Second

// Run plays the files into the sink until they end, the limit is reached, the
// sink fails or the context ends. Whatever ends it, what was sent has arrived
// when it returns, or the error says that it has not. It does not close the sink.
func Run(ctx context.Context, c Config, sink Sink, p *Progress) error {
	return run(ctx, c, sink, p, wallClock{})
}

func run(ctx context.Context, c Config, sink Sink, p *Progress, clock clock) error {
	if err := c.Validate(); err != nil {
		return err
	}
	player := &player{
		Config: c, sink: sink, progress: p,
		pacer: pacer{clock: clock, speed: c.Speed},
		time:  newField(c.TimeField), key: newField(c.KeyField),
	}
	err := player.play(ctx)
	flushing := ctx
	if err != nil {
		var cancel context.CancelFunc
		flushing, cancel = context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
	}
	if failed := sink.Flush(flushing); failed != nil && !errors.Is(err, failed) {
		return errors.Join(err, failed)
	}
	return err
}
