// Package hdfs is the files of the Hadoop Distributed File System, for package
// storage and, as a filesystem that it registers for hdfs://, for Beam's own
// transforms.
//
// A path is hdfs://USER@NAMENODE:PORT/path. The user is else HADOOP_USER_NAME or
// who runs the program, the port 8020. A namenode's place may be taken by a name
// service of the Hadoop configuration (HADOOP_CONF_DIR, HADOOP_HOME), whose active
// namenode is found; hdfs:///path is of its fs.defaultFS.
//
// There is one connection to a cluster and user in a process. It outlives a
// namenode that restarts: calls are tried again for a minute.
package hdfs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/colinmarc/hdfs/v2"

	"crest/storage/glob"
)

// Entry is a file as it is listed.
type Entry struct {
	// Path is spelled like the pattern.
	Path string
	// Size is in bytes.
	Size int64
	// Modified is when the file was last closed, by the namenode's clock.
	Modified time.Time
}

// place is a path of a cluster.
type place struct {
	*cluster
	root string // what stands before the path in a URL
	path string // absolute
}

func locate(ctx context.Context, url string) (place, error) {
	rest, ok := strings.CutPrefix(url, "hdfs://")
	if !ok {
		return place{}, errors.New("it does not begin with hdfs://")
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return place{}, errors.New("it lacks a path, as in hdfs://NAMENODE:PORT/path or hdfs:///path")
	}
	c, err := connect(ctx, rest[:i])
	if err != nil {
		return place{}, err
	}
	return place{cluster: c, root: "hdfs://" + rest[:i], path: rest[i:]}, nil
}

// List returns the files that a pattern matches, in no order. Directories that a
// wildcard matches are left out; a pattern without one must not name one.
func List(ctx context.Context, pattern string) ([]Entry, error) {
	p, err := locate(ctx, pattern)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", pattern, err)
	}
	entries, err := p.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", pattern, err)
	}
	return entries, nil
}

func (p place) list(ctx context.Context) ([]Entry, error) {
	g, err := glob.Compile(p.path)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	add := func(path string, info fs.FileInfo) {
		entries = append(entries, Entry{Path: p.root + path, Size: info.Size(), Modified: info.ModTime()})
	}
	if g.Literal {
		info, err := p.stat(ctx, g.Prefix)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err == nil {
			err = p.checkFile(info)
		}
		if err == nil {
			add(g.Prefix, info)
		}
		return entries, err
	}
	err = g.Walk(func(dir string) ([]glob.Entry, error) { return p.readDir(ctx, dir) }, func(path string, e glob.Entry) error {
		add(path, e.Info)
		return nil
	})
	return entries, err
}

// readDir returns what is in a directory, without files that are being written.
func (p place) readDir(ctx context.Context, dir string) ([]glob.Entry, error) {
	var infos []os.FileInfo
	err := p.try(ctx, func() error {
		d, err := p.client.Open(clean(dir))
		if err != nil || !d.Stat().IsDir() {
			return err // a file holds no files
		}
		infos, err = d.Readdir(0)
		return err
	})
	if err != nil {
		return nil, err
	}
	entries := make([]glob.Entry, 0, len(infos))
	for _, info := range infos {
		if !glob.Temporary(info.Name()) {
			entries = append(entries, glob.Entry{Name: info.Name(), Dir: info.IsDir(), Info: info})
		}
	}
	return entries, nil
}

func (p place) stat(ctx context.Context, path string) (info os.FileInfo, err error) {
	err = p.try(ctx, func() (err error) {
		info, err = p.client.Stat(clean(path))
		return err
	})
	return info, err
}

// clean keeps a path from ending in a slash, of which a namenode makes nothing.
func clean(p string) string { return path.Clean(p) }

func (p place) checkFile(info os.FileInfo) error {
	if info.IsDir() {
		dir := p.root + strings.TrimSuffix(p.path, "/")
		return fmt.Errorf("%s is a directory; its files are %s/*", dir, dir)
	}
	return nil
}

// Stat returns a file. A directory is an error.
func Stat(ctx context.Context, url string) (Entry, error) {
	_, info, err := statFile(ctx, url)
	if err != nil {
		return Entry{}, fmt.Errorf("looking at %s: %w", url, err)
	}
	return Entry{Path: url, Size: info.Size(), Modified: info.ModTime()}, nil
}

func statFile(ctx context.Context, url string) (place, os.FileInfo, error) {
	p, err := locate(ctx, url)
	if err != nil {
		return place{}, nil, err
	}
	info, err := p.stat(ctx, p.path)
	if err == nil {
		err = p.checkFile(info)
	}
	return p, info, err
}

// Remove removes a file. A directory is an error.
func Remove(ctx context.Context, url string) error {
	p, _, err := statFile(ctx, url)
	if err == nil {
		err = p.remove(ctx, p.path)
	}
	if err != nil {
		return fmt.Errorf("removing %s: %w", url, err)
	}
	return nil
}

// remove is done, too, where an earlier try was and its answer was lost.
func (p place) remove(ctx context.Context, path string) error {
	tries := 0
	return p.try(ctx, func() error {
		err := p.client.Remove(clean(path))
		if tries++; tries > 1 && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// Rename moves a file, in the place of one that is there.
func Rename(ctx context.Context, from, to string) error {
	p, info, err := statFile(ctx, from)
	if err != nil {
		return fmt.Errorf("renaming %s: %w", from, err)
	}
	target, err := locate(ctx, to)
	if err != nil {
		return fmt.Errorf("renaming %s to %s: %w", from, to, err)
	}
	if target.cluster != p.cluster {
		return fmt.Errorf("renaming %s to %s: they are in two clusters: copy it", from, to)
	}
	if err := p.rename(ctx, p.path, target.path, idOf(info)); err != nil {
		return fmt.Errorf("renaming %s to %s: %w", from, to, err)
	}
	return nil
}

// rename is done, too, where an earlier try was and its answer was lost: the
// file, of which id is the inode, has the new name then.
func (p place) rename(ctx context.Context, from, to string, id uint64) error {
	tries := 0
	return p.try(ctx, func() error {
		err := p.client.Rename(clean(from), clean(to))
		if tries++; tries > 1 && errors.Is(err, fs.ErrNotExist) {
			if info, e := p.client.Stat(clean(to)); e == nil && idOf(info) == id {
				return nil
			}
		}
		return err
	})
}

// idOf is the inode of a file: it stays through renames, and a new file of the
// same name has another.
func idOf(info os.FileInfo) uint64 {
	status, ok := info.Sys().(*hdfs.FileStatus)
	if !ok {
		return 0
	}
	return status.GetFileId()
}
