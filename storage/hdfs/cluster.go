package hdfs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"

	"github.com/colinmarc/hdfs/v2"
	"github.com/colinmarc/hdfs/v2/hadoopconf"
	"golang.org/x/sync/singleflight"
)

// namenodePort is the port of a namenode that a URL names without one.
const namenodePort = "8020"

// cluster is a connection that all users of a cluster share. It stays open as
// long as the process: what Beam reads outlives the filesystem it came from.
type cluster struct {
	client    *hdfs.Client
	addresses []string
	user      string
}

var (
	clusters sync.Map // of *cluster, by user and addresses
	dialing  singleflight.Group
)

// connect returns the connection to the cluster that an authority names.
func connect(ctx context.Context, authority string) (*cluster, error) {
	options, err := optionsOf(authority)
	if err != nil {
		return nil, err
	}
	key := options.User + "@" + strings.Join(options.Addresses, ",")
	if c, ok := clusters.Load(key); ok {
		return c.(*cluster), nil
	}
	select {
	case r := <-dialing.DoChan(key, func() (any, error) { return dial(options, key) }):
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*cluster), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func dial(options hdfs.ClientOptions, key string) (*cluster, error) {
	c := &cluster{addresses: options.Addresses, user: options.User}
	client, err := hdfs.NewClient(options)
	if err == nil {
		// The first answer. The client also keeps it, which is not safe for
		// goroutines later on.
		if _, err = client.ServerDefaults(); err != nil {
			err = errors.Join(err, client.Close())
		}
	}
	if err != nil {
		return nil, c.explain(err)
	}
	c.client = client
	clusters.Store(key, c)
	return c, nil
}

// optionsOf makes of an authority (USER@HOST:PORT, a name service, nothing) and
// the Hadoop configuration what the client is told.
func optionsOf(authority string) (hdfs.ClientOptions, error) {
	conf, err := configuration()
	if err != nil {
		return hdfs.ClientOptions{}, fmt.Errorf("reading the Hadoop configuration: %w", err)
	}
	options := hdfs.ClientOptionsFromConf(conf)
	if options.KerberosClient != nil {
		return options, errors.New("the Hadoop configuration asks for Kerberos, which Crest does not speak: use a cluster with hadoop.security.authentication=simple")
	}
	name, host, ok := strings.Cut(authority, "@")
	if !ok {
		name, host = "", authority
	}
	if host == "" {
		if host, err = defaultHost(conf); err != nil {
			return options, err
		}
	}
	options.Addresses = addresses(conf, host)
	options.NamenodeDialFunc, options.DatanodeDialFunc = dialNamenode(len(options.Addresses)), dialDatanode
	options.User = cmp.Or(name, os.Getenv("HADOOP_USER_NAME"))
	if options.User == "" {
		u, err := user.Current()
		if err != nil {
			return options, fmt.Errorf("who runs this is unknown, so name the user, as in hdfs://USER@%s/: %w", host, err)
		}
		options.User = u.Username
	}
	return options, nil
}

// configuration is what HADOOP_CONF_DIR or HADOOP_HOME hold; nil where neither
// is set.
func configuration() (hadoopconf.HadoopConf, error) {
	conf, err := hadoopconf.LoadFromEnvironment()
	if home := os.Getenv("HADOOP_HOME"); conf == nil && err == nil && home != "" {
		return hadoopconf.Load(filepath.Join(home, "etc", "hadoop"))
	}
	return conf, err
}

// defaultHost is the host, or name service, of fs.defaultFS.
func defaultHost(conf hadoopconf.HadoopConf) (string, error) {
	fs := cmp.Or(conf["fs.defaultFS"], conf["fs.default.name"])
	if fs == "" {
		return "", errors.New("no namenode is named: write hdfs://NAMENODE:PORT/path, or set HADOOP_CONF_DIR to where core-site.xml has fs.defaultFS")
	}
	u, err := url.Parse(fs)
	if err != nil || u.Scheme != "hdfs" || u.Host == "" {
		return "", fmt.Errorf("the Hadoop configuration's fs.defaultFS is %s, which is no hdfs://NAMENODE:PORT", fs)
	}
	return u.Host, nil
}

// addresses are the namenodes of a name service, or of a host the one there.
func addresses(conf hadoopconf.HadoopConf, host string) []string {
	var all []string
	for node := range strings.SplitSeq(conf["dfs.ha.namenodes."+host], ",") {
		if a := conf["dfs.namenode.rpc-address."+host+"."+strings.TrimSpace(node)]; a != "" {
			all = append(all, a)
		}
	}
	if len(all) > 0 {
		return all
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), namenodePort)
	}
	return []string{host}
}
