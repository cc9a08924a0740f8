package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crest/sources/format"
)

func TestStat(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"a.ndjson": "1", "b.ndjson": "22", "c.csv": "333"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "d.ndjson"), 0o755); err != nil {
		t.Fatal(err)
	}
	n, bytes, err := Stat(t.Context(), []string{dir + "/*.ndjson", dir + "/a.*", dir + "/c.csv"})
	if n != 3 || bytes != 6 || err != nil {
		t.Errorf("%d files of %d bytes, %v", n, bytes, err)
	}
	_, _, err = Stat(t.Context(), []string{dir + "/x*", dir + "/y", dir, "", "nowhere://x"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no file matches " + dir + "/x*", "no file matches " + dir + "/y", dir + " is a directory; its files are " + dir + "/*", "an input pattern is empty", `"nowhere" not registered`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func TestFileCoder(t *testing.T) {
	for _, f := range []File{{}, {Path: "a b", Size: 1 << 50, Kind: format.Parquet, Whole: true}} {
		if got, err := decodeFile(encodeFile(f)); err != nil || got != f {
			t.Errorf("%+v, %v", got, err)
		}
	}
	for _, r := range []Range{{}, {Start: 5, End: 1 << 50, Whole: true}} {
		if got, err := decodeRange(encodeRange(r)); err != nil || got != r {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := decodeFile(nil); err == nil {
		t.Error("a file from nothing")
	}
	if _, err := decodeRange([]byte{1}); err == nil {
		t.Error("a range from a byte")
	}
}

// TestOneFileOnce: however a local file is spelled, it is read once.
func TestOneFileOnce(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "a.ndjson"), filepath.Join(dir, "b.ndjson")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	n, size, err := Stat(t.Context(), []string{file, "a.ndjson", "./a.ndjson", "*.ndjson", link})
	if n != 1 || size != 1 || err != nil {
		t.Errorf("%d files of %d bytes, %v", n, size, err)
	}
}
