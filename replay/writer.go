package replay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"
)

// A writer is a sink that writes lines, as the files have them.
type writer struct{ out *bufio.Writer }

// NewWriter returns a Sink that writes one line an event, and no keys.
func NewWriter(out io.Writer) Sink { return &writer{bufio.NewWriterSize(out, 64<<10)} }

// Send writes a line.
func (w *writer) Send(_ context.Context, _, value []byte) error {
	if _, err := w.out.Write(value); err != nil {
		return explainWrite(err)
	}
	return explainWrite(w.out.WriteByte('\n'))
}

// Pause writes what is buffered.
func (w *writer) Pause(ctx context.Context, _ time.Duration) error { return w.Flush(ctx) }

// Flush writes what is buffered.
func (w *writer) Flush(context.Context) error { return explainWrite(w.out.Flush()) }

// Close does nothing: what it writes to belongs to the caller.
func (w *writer) Close() error { return nil }

func explainWrite(err error) error {
	if err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}
