//go:build unix

package realtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// askTimeout bounds a program that answers questions.
const askTimeout = 5 * time.Minute

// A SketchLibrary is Apache DataSketches in one language.
type SketchLibrary struct {
	// Language is Java or Python, whose library is the one of C++.
	Language string

	command []string
}

// DataSketchesJava is Apache's library from Maven Central.
func DataSketchesJava(t testing.TB) SketchLibrary {
	t.Helper()
	dir := jars(t, "datasketches", "FrequentStrings.java")
	return SketchLibrary{"Java", []string{
		"java", "-Xmx512m", "-Djava.io.tmpdir=" + t.TempDir(),
		"-cp", filepath.Join(dir, "classes") + ":" + filepath.Join(dir, "libs") + "/*", "FrequentStrings",
	}}
}

// DataSketchesPython is Apache's library from PyPI.
func DataSketchesPython(t testing.TB) SketchLibrary {
	t.Helper()
	interpreter := python(t, "datasketches-python", "datasketches==5.2.0", "numpy==2.4.6")
	text, err := recipes.ReadFile("datasketches/frequent_strings.py")
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "frequent_strings.py")
	if err := os.WriteFile(script, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return SketchLibrary{"Python", []string{interpreter, script}}
}

// Ask has the library answer questions about frequent-strings sketches, a line
// each: what it knows of
//
//	read SKETCH                    a sketch
//	merge LG SKETCH…               one of at most 2^LG places, after merging sketches into it
//	build LG ITEM:WEIGHT…          one of at most 2^LG places, after adding items to it
//
// in base64 but for the numbers. To each question it returns
//
//	TOTAL SKETCH BOUNDS ITEM:BOUNDS…
//
// where BOUNDS are ESTIMATE:LOWER:UPPER, first those of an item that no sketch
// has. The test fails where the library refuses a sketch.
func (l SketchLibrary) Ask(t testing.TB, questions ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), askTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, l.command[0], l.command[1:]...)
	cmd.SysProcAttr = dyingWithUs()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Stdin = strings.NewReader(strings.Join(questions, "\n") + "\n")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asking DataSketches in %s: %v\n%s", l.Language, err, lastLines(said.Bytes(), 20))
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(questions) {
		t.Fatalf("DataSketches in %s gives %d answers to %d questions", l.Language, len(answers), len(questions))
	}
	return answers
}
