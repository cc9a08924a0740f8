//go:build unix

package realtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed kafka/secure.properties
var secureProperties string

// The only user that PLAIN and OAUTHBEARER know. Those of SCRAM are made as
// Kafka's users are.
const (
	KafkaUser     = "ann"
	KafkaPassword = "open sesame"
)

// SecureBroker is a Kafka that asks who comes. At Addr it does not: who comes
// there may do everything, all others only what they are granted.
type SecureBroker struct {
	*Broker
	// SASL is the address that wants TLS and one of PLAIN, SCRAM-SHA-256,
	// SCRAM-SHA-512 and OAUTHBEARER; Mutual the one that wants TLS with a client's
	// certificate, whose name is the user.
	SASL, Mutual string
	// CAFile holds the certificate that signed the broker's, for localhost;
	// CertFile and KeyFile are those of a client.
	CAFile, CertFile, KeyFile string
}

// SecureKafka starts a broker behind TLS and SASL.
func SecureKafka(t testing.TB) *SecureBroker {
	t.Helper()
	b := &SecureBroker{SASL: localhost(freePort(t)), Mutual: localhost(freePort(t))}
	dir := t.TempDir()
	b.CAFile, b.CertFile, b.KeyFile = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key")
	broker := filepath.Join(dir, "broker.pem")
	ca := newAuthority(t)
	ca.write(t, b.CAFile)
	cert, key := ca.sign(t, "localhost")
	writeFile(t, broker, key+cert)
	cert, key = ca.sign(t, KafkaUser)
	writeFile(t, b.CertFile, cert)
	writeFile(t, b.KeyFile, key)
	b.Broker = newKafka(t, strings.NewReplacer(
		"@SASL@", b.SASL, "@MUTUAL@", b.Mutual, "@BROKERPEM@", broker, "@CAPEM@", b.CAFile, "@USER@", KafkaUser, "@PASSWORD@", KafkaPassword,
	).Replace(secureProperties))
	return b
}

func localhost(port int) string { return fmt.Sprintf("localhost:%d", port) }

// Token is one of OAUTHBEARER that the broker takes for a user until it expires:
// a JSON Web Token without a signature, as Kafka's own validator for tests reads
// (KIP-255).
func (b *SecureBroker) Token(user string, expires time.Time) string {
	part := func(format string, args ...any) string {
		return base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf(format, args...)))
	}
	return part(`{"alg":"none"}`) + "." + part(`{"sub":%q,"iat":%d,"exp":%d}`, user, time.Now().Add(-time.Hour).Unix(), expires.Unix()) + "."
}

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := template("authority of a test")
	own.IsCA, own.BasicConstraintsValid, own.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{name},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func (a authority) write(t testing.TB, path string) {
	t.Helper()
	writeFile(t, path, encodePEM("CERTIFICATE", a.cert.Raw))
}

// sign makes a certificate for a name, and its key, in PEM.
func (a authority) sign(t testing.TB, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template(name), a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("CERTIFICATE", der), encodePEM("PRIVATE KEY", pkcs8)
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
