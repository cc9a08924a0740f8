package storage

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestLocal(t *testing.T) { conforms(t, t.TempDir()+"/root") }

// TestLocalLinks: links are followed as far as a pattern names them, and a ** is
// not led in circles.
func TestLocalLinks(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/a/1.x", nil)
	for name, to := range map[string]string{"a/up": "..", "b": "a", "c.x": "a/1.x"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string][]string{
		"/**":    {"/a/1.x", "/c.x"},
		"/*/*.x": {"/a/1.x", "/b/1.x"},
		"/*.x":   {"/c.x"},
	} {
		for i := range want {
			want[i] = dir + want[i]
		}
		if got := paths(t, dir+pattern); !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", pattern, got, want)
		}
	}
	if err := os.Symlink("nothing", dir+"/d.x"); err != nil {
		t.Fatal(err)
	}
	_, err := List(t.Context(), dir+"/*.x")
	checkError(t, err, dir+"/d.x", "no such file")
}

func TestLocalRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "a/1.x", nil)
	put(t, "1.x", nil)
	for pattern, want := range map[string][]string{"*.x": {"1.x"}, "./*.x": {"./1.x"}, "**": {"1.x", "a/1.x"}, "a//*": {"a//1.x"}} {
		if got := paths(t, pattern); !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", pattern, got, want)
		}
	}
}

func TestLocalRefusals(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := List(t.Context(), dir+"/*")
	checkError(t, err, "listing "+dir, "pipe is not a regular file: write what it gives into one")
	_, err = Open(t.Context(), dir+"/pipe")
	checkError(t, err, "opening "+dir, "is not a regular file")
	_, err = Open(t.Context(), dir)
	checkError(t, err, "is a directory; its files are "+dir+"/*")
	_, err = Create(t.Context(), dir)
	checkError(t, err, "creating "+dir, "it is a directory; name a file in it")
	_, err = Create(t.Context(), dir+"/pipe/a")
	checkError(t, err, "creating "+dir, "making its directory", "not a directory")
	_, err = List(t.Context(), "nowhere://x")
	checkError(t, err, `listing nowhere://x`, `"nowhere" not registered`)
}

// TestLocalLeavesNothing: not even a temporary file.
func TestLocalLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(t.Context(), dir+"/a")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/a", 0o777); err != nil {
		t.Fatal(err)
	}
	checkError(t, w.Commit(), "committing "+dir+"/a")
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}
