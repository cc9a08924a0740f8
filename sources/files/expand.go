package files

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"crest/storage"
)

// listed is a file that a pattern matched.
type listed struct {
	path string
	size int64 // as stored
}

// list expands patterns into files, sorted, each once. A pattern that matches
// nothing is an error that names it; all such errors are reported at once.
func list(ctx context.Context, patterns []string) ([]listed, error) {
	sizes := make(map[string]int64)
	var errs []error
	for _, p := range patterns {
		if err := listPattern(ctx, p, sizes); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	files := make([]listed, 0, len(sizes))
	for path, size := range sizes {
		files = append(files, listed{path: path, size: size})
	}
	slices.SortFunc(files, func(a, b listed) int { return strings.Compare(a.path, b.path) })
	seen := make(map[string]bool, len(files))
	return slices.DeleteFunc(files, func(f listed) bool {
		id := identity(f.path)
		again := seen[id]
		seen[id] = true
		return again
	}), nil
}

// identity is the same for all spellings of a local file's path, those through
// symbolic links among them.
func identity(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}

func listPattern(ctx context.Context, pattern string, sizes map[string]int64) error {
	if strings.TrimSpace(pattern) == "" {
		return errors.New("an input pattern is empty")
	}
	files, err := storage.List(ctx, pattern)
	if err != nil {
		return err
	}
	for _, f := range files {
		sizes[f.Path] = f.Size
	}
	if len(files) == 0 {
		return fmt.Errorf("no file matches %s", pattern)
	}
	return nil
}

// Stat returns the number and the stored size of the files that patterns match,
// for a check before anything starts and for progress. It fails where a pattern
// matches nothing, naming it.
func Stat(ctx context.Context, patterns []string) (n int, bytes int64, err error) {
	files, err := list(ctx, patterns)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range files {
		bytes += f.size
	}
	return len(files), bytes, nil
}
