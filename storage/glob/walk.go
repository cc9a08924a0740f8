package glob

import (
	"errors"
	"io/fs"
	"strings"
)

var errUnclosed = errors.New(`has a [ without a ]: write \[ where it is part of a name`)

// Entry is what a directory has in it.
type Entry struct {
	Name string
	Dir  bool
	// Link says that it is a symbolic link. A ** does not follow those to
	// directories, which may lead back to where it came from.
	Link bool
	// Info is what is known of it; nil where that takes another call.
	Info fs.FileInfo
}

// Walk calls visit for each file below a directory that the pattern matches.
// readDir lists a directory, of which a path ends with a slash ("" is where
// relative paths begin); one that does not exist holds nothing.
func (g *Glob) Walk(readDir func(dir string) ([]Entry, error), visit func(path string, e Entry) error) error {
	root := g.Prefix[:strings.LastIndexByte(g.Prefix, '/')+1]
	return g.walk(root, 0, readDir, visit)
}

func (g *Glob) walk(dir string, depth int, readDir func(string) ([]Entry, error), visit func(string, Entry) error) error {
	entries, err := readDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := dir + e.Name
		switch {
		case e.Dir && g.enters(e, depth):
			err = g.walk(path+"/", depth+1, readDir, visit)
		case !e.Dir && g.Match(path):
			err = visit(path, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enters tells whether a directory may hold a match; depth is how many
// directories lead to it from the root of the walk.
func (g *Glob) enters(e Entry, depth int) bool {
	if depth < len(g.dirs) {
		return g.dirs[depth].MatchString(e.Name)
	}
	return g.deep && !e.Link
}
