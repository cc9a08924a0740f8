//go:build unix

package realtest

import (
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

//go:embed kafka/pom.xml hdfs/pom.xml hdfs/Hdfs.java flink/pom.xml bigquery/start.py datasketches
var recipes embed.FS

// downloadTimeout bounds what Maven takes for the jars of a server, and pip for
// a virtual environment.
const downloadTimeout = 15 * time.Minute

// jars returns the directory that holds what a server needs: libs/*.jar of its
// pom.xml, and classes of its Java files. It is made once for each version of
// these, by one test binary at a time.
func jars(t testing.TB, name string, sources ...string) string {
	t.Helper()
	needs(t, "java", "javac", "mvn")
	dir, err := makeJars(t.Context(), name, sources)
	if err != nil {
		unavailable(t, "getting the jars of %s: %v", name, err)
	}
	return dir
}

func makeJars(ctx context.Context, name string, sources []string) (string, error) {
	files := append([]string{"pom.xml"}, sources...)
	digest := sha256.New()
	for _, f := range files {
		text, err := recipes.ReadFile(name + "/" + f)
		if err != nil {
			return "", err
		}
		digest.Write(text)
	}
	return makeOnce(name, digest.Sum(nil), func(dir string) error { return makeJarsIn(ctx, dir, name, files) })
}

// makeOnce returns the directory of the cache that a recipe of this name and
// digest makes. It is made by one process at a time, under another path, and is
// there only when it is whole.
func makeOnce(name string, digest []byte, recipe func(dir string) error) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, fmt.Sprintf("%s-%x", name, digest[:6]))
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	made := dir + ".tmp"
	if err := os.RemoveAll(made); err != nil { // of a process that was killed
		return "", err
	}
	if err := recipe(made); err != nil {
		return "", errors.Join(err, os.RemoveAll(made))
	}
	return dir, os.Rename(made, dir)
}

func makeJarsIn(ctx context.Context, dir, name string, files []string) error {
	if err := os.MkdirAll(filepath.Join(dir, "classes"), 0o755); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	for _, f := range files {
		text, err := recipes.ReadFile(name + "/" + f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, f), text, 0o644); err != nil {
			return err
		}
	}
	if err := run(ctx, dir, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=libs"); err != nil {
		return err
	}
	if len(files) == 1 {
		return nil
	}
	return run(ctx, dir, "javac", append([]string{"-cp", "libs/*", "-d", "classes"}, files[1:]...)...)
}

// run runs a program to its end in a process group of its own, which is gone
// behind it.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = dyingWithUs()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, lastLines(out, 20))
	}
	return nil
}

// cacheDir is .cache/real at the root of the module.
func cacheDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			cache := filepath.Join(dir, ".cache", "real")
			return cache, os.MkdirAll(cache, 0o755)
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("the test does not run within a Go module")
		}
		dir = filepath.Dir(dir)
	}
}

// lock waits until no other process holds a lock file. The system lets go of it
// when this process ends.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
	}
	return func() { f.Close() }, nil
}
