//go:build real && unix

package storage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"crest/realtest"
	"crest/seedtest"
)

func TestHDFS(t *testing.T) {
	c := realtest.HDFS(t)
	conforms(t, c.URL+"/root")
	t.Run("errors", func(t *testing.T) { hdfsErrors(t, c.URL) })
	t.Run("configuration", func(t *testing.T) { hdfsConfiguration(t, c.URL) })
	t.Run("beam", func(t *testing.T) { beamFilesystem(t, c.URL+"/beam") })
	t.Run("restarts", func(t *testing.T) { namenodeRestarts(t, c, c.URL+"/restarts") })
}

func hdfsErrors(t *testing.T, url string) {
	_, address, _ := strings.Cut(url, "://")
	put(t, url+"/errors/a", nil)
	_, err := Create(t.Context(), "hdfs://alice@"+address+"/errors/b")
	if !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
	checkError(t, err, "creating hdfs://alice@", "the user alice may not: name another one, as in hdfs://USER@")
	_, err = Create(t.Context(), url+"/errors")
	checkError(t, err, "creating "+url+"/errors: it is a directory; name a file in it")
	_, err = Open(t.Context(), url+"/errors")
	checkError(t, err, "opening "+url, "is a directory; its files are "+url+"/errors/*")
	_, err = Create(t.Context(), url+"/errors/a/b")
	checkError(t, err, "making its directory")
	if err := Remove(t.Context(), url+"/errors"); err == nil {
		t.Error("a directory was removed")
	}
}

func hdfsConfiguration(t *testing.T, url string) {
	put(t, url+"/conf/a", nil)
	dir := t.TempDir()
	t.Setenv("HADOOP_CONF_DIR", dir)
	_, address, _ := strings.Cut(url, "://")
	for file, text := range map[string]string{
		"core-site.xml": `<property><name>fs.defaultFS</name><value>hdfs://nodes</value></property>`,
		// The first of the two does not run.
		"hdfs-site.xml": `<property><name>dfs.ha.namenodes.nodes</name><value>one, two</value></property>
			<property><name>dfs.namenode.rpc-address.nodes.one</name><value>127.0.0.1:1</value></property>
			<property><name>dfs.namenode.rpc-address.nodes.two</name><value>` + address + `</value></property>`,
	} {
		if err := os.WriteFile(dir+"/"+file, []byte("<configuration>"+text+"</configuration>"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, root := range []string{"hdfs://", "hdfs://nodes", "hdfs://root@nodes", "hdfs://root@"} {
		if got := paths(t, root+"/conf/*"); !slices.Equal(got, []string{root + "/conf/a"}) {
			t.Errorf("%s has %v", root, got)
		}
	}
}

// beamFilesystem: what Beam's own transforms do with files.
func beamFilesystem(t *testing.T, root string) {
	ctx := t.Context()
	fs, err := filesystem.New(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	if err := filesystem.Write(ctx, fs, root+"/a", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := filesystem.Copy(ctx, fs, root+"/a", root+"/b"); err != nil {
		t.Fatal(err)
	}
	if err := filesystem.Rename(ctx, fs, root+"/b", root+"/c"); err != nil {
		t.Fatal(err)
	}
	if got, err := fs.List(ctx, root+"/*"); err != nil || !slices.Equal(got, []string{root + "/a", root + "/c"}) {
		t.Errorf("%v, %v", got, err)
	}
	r, err := fs.OpenRead(ctx, root+"/c")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// Beam closes a filesystem before it reads.
	if err := fs.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	if size, err := fs.Size(ctx, root+"/c"); err != nil || size != 5 {
		t.Errorf("%d bytes, %v", size, err)
	}
	if at, err := fs.(filesystem.LastModifiedGetter).LastModified(ctx, root+"/c"); err != nil || at.IsZero() {
		t.Errorf("%v, %v", at, err)
	}
	if err := fs.(filesystem.Remover).Remove(ctx, root+"/c"); err != nil {
		t.Error(err)
	}
}

// namenodeRestarts: what was open goes on, and what is asked for meanwhile waits.
func namenodeRestarts(t *testing.T, c *realtest.Cluster, root string) {
	data := bytesOf(seedtest.Rand(t), 5*chunkSize+77)
	put(t, root+"/a", data)
	o := open(t, root+"/a")
	half, err := o.Range(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	got := make([]byte, len(data)/2)
	if _, err := io.ReadFull(half, got); err != nil {
		t.Fatal(err)
	}
	w, err := Create(t.Context(), root+"/b")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write(data[:1000]); err != nil {
		t.Fatal(err)
	}
	begun, err := Create(t.Context(), root+"/c")
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Abort()

	// Somebody lists and writes all the time.
	ctx, stop := context.WithCancel(t.Context())
	busy := make(chan error)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			if _, err = List(t.Context(), root+"/*"); err == nil {
				err = rewrite(t.Context(), root+"/d")
			}
		}
		busy <- err
	}()
	c.RestartNameNode()
	c.RestartNameNode()

	rest, err := io.ReadAll(half)
	if err != nil || !bytes.Equal(append(got, rest...), data) {
		t.Errorf("%d of %d bytes are read: %v", len(got)+len(rest), len(data), err)
	}
	if _, err := o.ReadAt(got, 1); err != nil || !bytes.Equal(got, data[1:1+len(got)]) {
		t.Errorf("a range: %v", err)
	}
	if _, err := w.Write(data[1000:]); err != nil {
		t.Error(err)
	}
	if _, err := begun.Write(data); err != nil {
		t.Error(err)
	}
	for path, w := range map[string]Writer{"/b": w, "/c": begun} {
		if err := w.Commit(); err != nil {
			t.Error(err)
		} else if !bytes.Equal(readFrom(t, open(t, root+path), 0), data) {
			t.Errorf("%s is other data", path)
		}
	}
	stop()
	if err := <-busy; err != nil {
		t.Error(err)
	}
	if got := paths(t, root+"/**"); len(got) != 4 {
		t.Errorf("there are %v", got)
	}
}

func rewrite(ctx context.Context, path string) error {
	w, err := Create(ctx, path)
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(path)); err != nil {
		return errors.Join(err, w.Abort())
	}
	return w.Commit()
}
