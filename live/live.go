// Package live shows the top K of a SQLite file while a pipeline writes it: the
// newest window of each size, drawn in place on a terminal, else printed now and
// then.
package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"crest/cli"
	"crest/sinks/sqlite"
	"crest/store"
)

// Config says what is shown.
type Config struct {
	Path string // the SQLite file
	Job  string
	// Windows are the sizes of window to show, in seconds, 0 for the one over
	// everything. Where there is none, the smallest and the largest size that
	// the file has are shown.
	Windows []int64
	// Segment is the one to show; nil for the heaviest items of all segments.
	Segment *string
	K       int           // how many items of each window, at least 1
	Every   time.Duration // how often it is drawn, above 0
	// Wait waits for a file that can't be opened yet, where it else is an
	// error.
	Wait bool
	// Status, where there is one, returns a line to be shown under the lists.
	Status func() string
}

// Validate reports everything that is wrong with a Config.
func (c Config) Validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("there is no file to show"))
	}
	if c.K < 1 || c.K > 1000 {
		errs = append(errs, fmt.Errorf("%d items can't be shown: 1 to 1000", c.K))
	}
	if c.Every < 100*time.Millisecond {
		errs = append(errs, fmt.Errorf("every %v is too often: 100ms or more", c.Every))
	}
	return errors.Join(errs...)
}

// Run shows the lists until the context ends, which is no error.
func Run(ctx context.Context, out io.Writer, c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	v := &view{Config: c, screen: newScreen(out)}
	defer v.close()
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for {
		if err := v.draw(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// A view is what Run draws again and again.
type view struct {
	Config
	screen *screen
	tables store.Reader // nil until the file is there
	sizes  sizes
}

func (v *view) close() {
	if v.tables != nil {
		v.tables.Close()
	}
}

func (v *view) draw(ctx context.Context) error {
	if v.tables == nil {
		file, err := sqlite.OpenReader(v.Path)
		if err != nil && !v.Wait {
			return err
		}
		if err != nil {
			return v.show([]string{"waiting for " + cli.Printable(v.Path)})
		}
		v.tables = file
	}
	now := time.Now()
	windows, err := v.read(ctx, now)
	if err != nil {
		return err
	}
	return v.show(v.screen.lines(windows, now, v.K))
}

func (v *view) show(lines []string) error {
	if v.Status != nil {
		lines = append(lines, v.screen.dim(cli.Printable(v.Status())))
	}
	return v.screen.draw(lines)
}
