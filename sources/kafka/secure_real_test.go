//go:build real

package kafka

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"crest/realtest"
)

// TestRealSecurity: a broker that asks who comes is read in each way that it
// takes, and who it does not take is told what was tried and what would be right.
func TestRealSecurity(t *testing.T) {
	b := realtest.SecureKafka(t)
	client := realClient(t, b.Broker)
	create(t, client, 4)
	lines, _ := commits(t)
	lines = lines[:2000]
	send(t, client, lines)
	grant(t, kadm.NewClient(client), realtest.KafkaUser)
	dir := t.TempDir()
	secret := func(name, text string) Secret {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return Secret{File: path}
	}
	right, wrong := secret("right", realtest.KafkaPassword), secret("wrong", "close sesame")
	valid := secret("valid", b.Token(realtest.KafkaUser, time.Now().Add(time.Hour)))
	at := func(address string, s Security) Config {
		cfg := realConfig(t, b.Broker)
		cfg.Brokers, cfg.Security = []string{address}, s
		return cfg
	}
	login := func(m Mechanism, user string, password Secret) Security {
		return Security{TLS: true, CAFile: b.CAFile, Mechanism: m, User: user, Password: password}
	}
	bearer := func(token Secret) Security {
		return Security{TLS: true, CAFile: b.CAFile, Mechanism: OAuthBearer, Token: token}
	}
	mutual := Security{TLS: true, CAFile: b.CAFile, CertFile: b.CertFile, KeyFile: b.KeyFile}

	for name, cfg := range map[string]Config{
		"PLAIN":         at(b.SASL, login(Plain, realtest.KafkaUser, right)),
		"SCRAM-SHA-256": at(b.SASL, login(ScramSHA256, realtest.KafkaUser, right)),
		"SCRAM-SHA-512": at(b.SASL, login(ScramSHA512, realtest.KafkaUser, right)),
		"OAUTHBEARER":   at(b.SASL, bearer(valid)),
		"certificate":   at(b.Mutual, mutual),
	} {
		t.Run(name, func(t *testing.T) {
			cfg.ID = t.Name()
			if err := Check(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
			if err := gather(latest(cfg)); err != nil {
				t.Fatalf("%.3000v", err)
			}
			if tally := tallyOf(cfg.ID); tally.records != int64(len(lines)) {
				t.Errorf("%d records of %d", tally.records, len(lines))
			}
		})
	}

	bob := b.Token("bob", time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		cfg  Config
		want []string
	}{
		"password of PLAIN":        {at(b.SASL, login(Plain, realtest.KafkaUser, wrong)), []string{"PLAIN", `"ann"`, "refuses the user, the password"}},
		"password of SCRAM":        {at(b.SASL, login(ScramSHA512, realtest.KafkaUser, wrong)), []string{"SCRAM-SHA-512", `"ann"`, "refuses the user, the password"}},
		"unknown user":             {at(b.SASL, login(ScramSHA256, "eve", right)), []string{`"eve"`, "refuses the user, the password"}},
		"expired token":            {at(b.SASL, bearer(secret("expired", b.Token(realtest.KafkaUser, time.Now().Add(-time.Minute))))), []string{"OAUTHBEARER", "the token"}},
		"no token":                 {at(b.SASL, bearer(secret("noise", "noise"))), []string{"OAUTHBEARER", "the token"}},
		"denied":                   {at(b.SASL, bearer(secret("bob", bob))), []string{"grant READ"}},
		"untrusted":                {at(b.SASL, Security{TLS: true, Mechanism: Plain, User: realtest.KafkaUser, Password: right}), []string{"certificate", "file of trusted certificates"}},
		"other server name":        {at(b.SASL, Security{TLS: true, CAFile: b.CAFile, ServerName: "broker.example", Mechanism: Plain, User: realtest.KafkaUser, Password: right}), []string{"broker.example", "server name"}},
		"no SASL":                  {at(b.SASL, Security{TLS: true, CAFile: b.CAFile}), []string{"wants SASL"}},
		"no client certificate":    {at(b.Mutual, Security{TLS: true, CAFile: b.CAFile}), []string{"client certificate"}},
		"plaintext to TLS":         {at(b.SASL, Security{}), []string{"wants TLS"}},
		"TLS to plaintext":         {at(b.Addr, Security{TLS: true, CAFile: b.CAFile}), []string{"this port speaks TLS"}},
		"SASL where there is none": {at(b.Addr, Security{Mechanism: Plain, User: realtest.KafkaUser, Password: right}), []string{"SASL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			err := Check(context.Background(), c.cfg)
			for _, want := range append(c.want, c.cfg.Brokers[0], "topic "+topic) {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
			if err != nil && (strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), bob)) {
				t.Errorf("a secret in %v", err)
			}
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// grant makes a user of SCRAM, and lets it read the topic.
func grant(t *testing.T, admin *kadm.Client, user string) {
	t.Helper()
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		made, err := admin.AlterUserSCRAMs(t.Context(), nil, []kadm.UpsertSCRAM{{User: user, Mechanism: m, Iterations: 4096, Password: realtest.KafkaPassword}})
		if err == nil {
			err = made.Error()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	acl := kadm.NewACLs().Topics(topic).ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead, kadm.OpDescribe).Allow("User:" + user).AllowHosts()
	made, err := admin.CreateACLs(t.Context(), acl)
	for _, a := range made {
		err = errors.Join(err, a.Err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
