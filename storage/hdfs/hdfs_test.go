package hdfs

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

func configure(t *testing.T, variable, dir string, files map[string]string) {
	t.Helper()
	root := t.TempDir()
	t.Setenv("HADOOP_CONF_DIR", "")
	t.Setenv("HADOOP_HOME", "")
	t.Setenv("HADOOP_USER_NAME", "")
	t.Setenv(variable, root)
	if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, dir, name), []byte("<configuration>"+text+"</configuration>"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func property(name, value string) string {
	return "<property><name>" + name + "</name><value>" + value + "</value></property>"
}

// TestOptions: user and addresses come from the URL or the Hadoop configuration.
func TestOptions(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"core-site.xml": property("fs.defaultFS", "hdfs://nodes"),
		"hdfs-site.xml": property("dfs.ha.namenodes.nodes", "a,b") + property("dfs.namenode.rpc-address.nodes.a", "a:1") + property("dfs.namenode.rpc-address.nodes.b", "b:2"),
	}
	for _, where := range [][2]string{{"HADOOP_CONF_DIR", ""}, {"HADOOP_HOME", "conf"}, {"HADOOP_HOME", "etc/hadoop"}} {
		configure(t, where[0], where[1], files)
		for authority, want := range map[string]string{
			"":           me.Username + " a:1 b:2",
			"nodes":      me.Username + " a:1 b:2",
			"eve@":       "eve a:1 b:2",
			"eve@nodes":  "eve a:1 b:2",
			"host":       me.Username + " host:8020",
			"eve@host:9": "eve host:9",
			"[::1]":      me.Username + " [::1]:8020",
		} {
			o, err := optionsOf(authority)
			if got := strings.Join(append([]string{o.User}, o.Addresses...), " "); got != want || err != nil {
				t.Errorf("%q in %v is %s, %v; want %s", authority, where, got, err, want)
			}
		}
	}
	t.Setenv("HADOOP_USER_NAME", "mallory")
	if o, err := optionsOf("host"); o.User != "mallory" || err != nil {
		t.Errorf("user %s, %v", o.User, err)
	}
}

func TestBadConfigurations(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"no namenode is named: write hdfs://NAMENODE:PORT/path, or set HADOOP_CONF_DIR": {},
		"fs.defaultFS is file:///, which is no hdfs://":                                 {"core-site.xml": property("fs.defaultFS", "file:///")},
		"asks for Kerberos":                {"core-site.xml": property("hadoop.security.authentication", "kerberos")},
		"reading the Hadoop configuration": {"core-site.xml": "<property>"},
	} {
		configure(t, "HADOOP_CONF_DIR", "", files)
		if _, err := List(t.Context(), "hdfs:///a/*"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "listing hdfs:///a/*") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := List(t.Context(), "hdfs://host"); err == nil || !strings.Contains(err.Error(), "it lacks a path") {
		t.Errorf("got %v", err)
	}
}

// TestUnreachable: who answers with nothing, or not at all.
func TestUnreachable(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	rude, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer rude.Close()
	go func() {
		for {
			c, err := rude.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	for _, address := range []string{closed.Addr().String(), rude.Addr().String()} {
		_, err := Open(t.Context(), "hdfs://eve@"+address+"/a")
		if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "opening hdfs://eve@"+address+"/a: no namenode can be reached at "+address) {
			t.Errorf("got %v", err)
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if _, err := silent.Accept(); err == nil {
			cancel()
		}
	}()
	if _, err := Create(ctx, "hdfs://eve@"+silent.Addr().String()+"/a"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
