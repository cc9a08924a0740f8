package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// certificate makes a certificate that signs itself, and files of it and its key.
func certificate(t *testing.T) (cert tls.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, DNSNames: []string{"kafka.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile, keyFile = write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private)
	if cert, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	return cert, certFile, keyFile
}

// TestTLS: a broker that wants a client certificate and a password is read with
// those, and with nothing less.
func TestTLS(t *testing.T) {
	server, ca, _ := certificate(t)
	_, clientCert, clientKey := certificate(t)
	pool := x509.NewCertPool()
	text, err := os.ReadFile(clientCert)
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	c := newCluster(t, 1, kfake.EnableSASL(), kfake.Superuser("PLAIN", "me", "right"),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}))
	t.Setenv("CREST_TEST_PASSWORD", "right")
	good := configOf(t, c)
	good.Security = Security{
		TLS: true, CAFile: ca, CertFile: clientCert, KeyFile: clientKey, ServerName: "kafka.test",
		Mechanism: Plain, User: "me", Password: Secret{Env: "CREST_TEST_PASSWORD"},
	}
	if err := Check(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Security){
		"unknown authority": func(s *Security) { s.CAFile = "" },
		"certificate":       func(s *Security) { s.CertFile, s.KeyFile = "", "" },
		"other.test":        func(s *Security) { s.ServerName = "other.test" },
	} {
		bad := good
		change(&bad.Security)
		if err := Check(t.Context(), bad); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "trusted certificates") {
			t.Errorf("no %q and no advice in %v", want, err)
		}
	}
}

func TestSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	s := Secret{File: path}
	for _, token := range []string{"first", "second"} { // a file that changes is followed
		if err := os.WriteFile(path, []byte(token+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.read(); err != nil || got != token {
			t.Errorf("%q, %v", got, err)
		}
	}
	t.Setenv("CREST_TEST_SECRET", "hidden")
	cfg := Config{Topic: topic, Security: Security{Mechanism: Plain, User: "me", Password: Secret{Env: "CREST_TEST_SECRET"}}}
	if got, err := cfg.Security.Password.read(); err != nil || got != "hidden" {
		t.Errorf("%q, %v", got, err)
	}
	text, err := json.Marshal(cfg)
	if err != nil || strings.Contains(string(text), "hidden") {
		t.Errorf("%s, %v", text, err)
	}
}
