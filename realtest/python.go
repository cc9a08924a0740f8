//go:build unix

package realtest

import (
	"context"
	"crypto/sha256"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// python returns the interpreter of a virtual environment that holds what pip
// installs for the requirements: see venv.
func python(t testing.TB, name string, requirements ...string) string {
	t.Helper()
	needs(t, "python3")
	dir, err := venv(t.Context(), name, requirements...)
	if err != nil {
		unavailable(t, "getting the Python packages of %s: %v", name, err)
	}
	return filepath.Join(dir, "bin", "python")
}

// venv returns a virtual environment that holds what pip installs for the
// requirements, each NAME==VERSION. It is made once for each list of them, by one
// test binary at a time. DIR/bin/python is its interpreter; other programs of
// DIR/bin don't run, since they name the path under which they were made.
func venv(ctx context.Context, name string, requirements ...string) (dir string, err error) {
	digest := sha256.Sum256([]byte(strings.Join(requirements, "\n")))
	return makeOnce(name, digest[:], func(dir string) error {
		ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
		defer cancel()
		if err := run(ctx, "", "python3", "-m", "venv", dir); err != nil {
			return err
		}
		install := []string{"-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"}
		return run(ctx, dir, filepath.Join(dir, "bin", "python"), slices.Concat(install, requirements)...)
	})
}
