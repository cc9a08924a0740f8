package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crest/storage"
)

// A File is a file of an archive.
type File struct {
	Path string
	Size int64 // as stored, in bytes
}

// A Group is the files that hold the records of one hour of one source.
type Group struct {
	Hour  Hour
	Files []File
	// Source is the source's Token.
	Source string
}

// Size is the stored size of the group's files, in bytes.
func (g *Group) Size() (n int64) {
	for _, f := range g.Files {
		n += f.Size
	}
	return n
}

// CheckRange tells whether the time from a time to another is one that List takes.
func CheckRange(from, to time.Time) error {
	for _, t := range []time.Time{from, to} {
		if !t.IsZero() && t.UnixMilli()%hourMS != 0 {
			return fmt.Errorf("%s is not the beginning of an hour: an archive is read by whole hours of UTC", t.Format(time.RFC3339))
		}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return fmt.Errorf("nothing is between %s and %s: the second time must be later", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return nil
}

// List returns the files of the archive under a prefix, those of the hours from a
// time until before another; the zero time is no limit. Records without a time
// are in it where there is no limit at all. Groups are in the order of sources and
// hours. None is no error; a file that is no part of an archive is one, unless its
// name begins with a point or an underscore.
func List(ctx context.Context, prefix string, from, to time.Time) ([]Group, error) {
	if err := CheckRange(from, to); err != nil {
		return nil, err
	}
	prefix = strings.TrimRight(prefix, "/")
	type part struct {
		source string
		hour   Hour
	}
	groups := make(map[part]*Group)
	for _, dates := range datePatterns(from, to) {
		files, err := storage.List(ctx, escapeGlob(prefix)+"/"+dates+"/hour=*/*")
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			h, name, err := parsePath(strings.TrimPrefix(f.Path, prefix+"/"))
			if err != nil {
				return nil, fmt.Errorf("listing %s: %s: %w", prefix, f.Path, err)
			}
			if name == nil || !within(h, from, to) {
				continue
			}
			key := part{name.source, h}
			if groups[key] == nil {
				groups[key] = &Group{Hour: h, Source: name.source}
			}
			groups[key].Files = append(groups[key].Files, File{Path: f.Path, Size: f.Size})
		}
	}
	list := make([]Group, 0, len(groups))
	for _, g := range groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		if c := strings.Compare(a.Source, b.Source); c != 0 {
			return c
		}
		return int(a.Hour - b.Hour)
	})
	return list, nil
}

// parsePath reads a path below the prefix; the name is nil where the file is to be
// passed over.
func parsePath(path string) (Hour, *fileName, error) {
	i := strings.LastIndexByte(path, '/')
	base := path[i+1:]
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return NoHour, nil, nil
	}
	h, err := parseDir(path[:max(i, 0)])
	if err != nil {
		return NoHour, nil, err
	}
	name, err := parseFileName(base)
	return h, &name, err
}

func within(h Hour, from, to time.Time) bool {
	if h == NoHour {
		return from.IsZero() && to.IsZero()
	}
	return (from.IsZero() || !h.Start().Before(from)) && (to.IsZero() || h.Start().Before(to))
}

// maxDays is how many days are listed one by one; of more, all are.
const maxDays = 62

func datePatterns(from, to time.Time) []string {
	if from.IsZero() || to.IsZero() || to.Sub(from) > maxDays*24*time.Hour {
		return []string{"date=*"}
	}
	var days []string
	for d := from.UTC().Truncate(24 * time.Hour); d.Before(to); d = d.Add(24 * time.Hour) {
		days = append(days, d.Format("date=2006-01-02"))
	}
	return days
}

// escapeGlob has every character of a path mean itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
