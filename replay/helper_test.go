package replay

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A fakeClock goes on only while somebody sleeps.
type fakeClock struct{ at time.Time }

func (c *fakeClock) now() time.Time { return c.at }

func (c *fakeClock) sleep(ctx context.Context, d time.Duration) error {
	c.at = c.at.Add(d)
	return ctx.Err()
}

// A memory is a sink that keeps what it gets, and when.
type memory struct {
	clock   clock
	keys    []string
	values  []string
	sent    []time.Time
	pauses  []time.Duration
	flushed int // how many had been sent at the last flush
	// onSend is called before an event is kept.
	onSend func(n int) error
}

func (m *memory) Send(_ context.Context, key, value []byte) error {
	if m.onSend != nil {
		if err := m.onSend(len(m.values)); err != nil {
			return err
		}
	}
	m.keys, m.values = append(m.keys, string(key)), append(m.values, string(value))
	if m.clock != nil {
		m.sent = append(m.sent, m.clock.now())
	}
	return nil
}

func (m *memory) Pause(_ context.Context, wait time.Duration) error {
	m.pauses = append(m.pauses, wait)
	return nil
}

func (m *memory) Flush(ctx context.Context) error {
	m.flushed = len(m.values)
	return ctx.Err()
}

func (m *memory) Close() error { return nil }

// write writes a file, compressed by its name, and returns its path.
func write(t testing.TB, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var b bytes.Buffer
	text := strings.Join(lines, "\n") + "\n"
	switch filepath.Ext(name) {
	case ".gz":
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
	case ".zst":
		w, _ := zstd.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
	default:
		b.WriteString(text)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// commits returns n events of five items, a second apart.
func commits(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		at := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)
		lines[i] = fmt.Sprintf(`{"time":%q,"item":"item-%d","n":%d}`, at.Format(time.RFC3339), i%5, i)
	}
	return lines
}
