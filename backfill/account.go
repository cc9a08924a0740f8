package backfill

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"crest/archive"
	"crest/storage"
)

// account is what is kept of a unit's last run.
type account struct {
	Run string `json:"run"`
	// Files is a hash of the names and sizes of the unit's files, which are never
	// changed: with a file more it is another.
	Files    string    `json:"files"`
	Settings string    `json:"settings"`
	At       time.Time `json:"at"`
}

// maxAccount bounds what is read of an account, in bytes.
const maxAccount = 1 << 20

func (cfg *Config) path(u unit) string {
	name := fmt.Sprintf("%s_%dh.json", u.from.Format("2006-01-02T15"), int64(cfg.Unit/time.Hour))
	return strings.TrimRight(cfg.Prefix, "/") + "/_exact/" + archive.Token(cfg.Job) + "/" + name
}

// fingerprint is the hash of the names and sizes of files.
func (u *unit) fingerprint(prefix string) string {
	h := sha256.New()
	for _, f := range u.files {
		fmt.Fprintf(h, "%s %d\n", strings.TrimPrefix(f.Path, strings.TrimRight(prefix, "/")), f.Size)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// changed tells whether a unit is to be run, and why.
func (cfg *Config) changed(ctx context.Context, u unit) (bool, string, error) {
	path := cfg.path(u)
	text, err := read(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, "not run yet", nil
	}
	if err != nil {
		return false, "", fmt.Errorf("asking when %s was run: %w", u.from.Format(time.RFC3339), err)
	}
	var a account
	switch {
	case json.Unmarshal(text, &a) != nil:
		return true, fmt.Sprintf("the account of its last run, %s, can't be read", path), nil
	case a.Files != u.fingerprint(cfg.Prefix):
		return true, fmt.Sprintf("events came since run %s", a.Run), nil
	case a.Settings != cfg.Settings:
		return true, fmt.Sprintf("other settings than those of run %s", a.Run), nil
	}
	return false, "", nil
}

func read(ctx context.Context, path string) (text []byte, err error) {
	o, err := storage.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.Close()) }()
	r, err := o.Range(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(io.LimitReader(r, maxAccount))
}

// save keeps the account of a run that has committed.
func (cfg *Config) save(ctx context.Context, u unit, run string) error {
	text, err := json.Marshal(account{Run: run, Files: u.fingerprint(cfg.Prefix), Settings: cfg.Settings, At: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	w, err := storage.Create(ctx, cfg.path(u))
	if err == nil {
		if _, err = w.Write(append(text, '\n')); err != nil {
			err = errors.Join(err, w.Abort())
		} else {
			err = w.Commit()
		}
	}
	if err != nil {
		return fmt.Errorf("keeping that run %s has run %s (it will be run again): %w", run, u.from.Format(time.RFC3339), err)
	}
	return nil
}
