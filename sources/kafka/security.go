package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// Security says how to connect. Files and environment variables are read where
// the connection is made, on the workers too.
type Security struct {
	// TLS encrypts the connection. CAFile holds the certificates (PEM) that are
	// trusted instead of the system's; CertFile and KeyFile are the client's own.
	// ServerName is what the broker's certificate must say instead of its host.
	TLS                       bool
	CAFile, CertFile, KeyFile string
	ServerName                string
	// Mechanism is how SASL authenticates; empty where it does not.
	Mechanism Mechanism
	// User is for PLAIN and SCRAM, with the password of a Secret.
	User     string
	Password Secret
	// Token is for OAUTHBEARER. It is read again for each connection, so that a
	// file that changes is followed.
	Token Secret
}

// A Mechanism is one of SASL.
type Mechanism string

// The mechanisms.
const (
	Plain       Mechanism = "PLAIN"
	ScramSHA256 Mechanism = "SCRAM-SHA-256"
	ScramSHA512 Mechanism = "SCRAM-SHA-512"
	OAuthBearer Mechanism = "OAUTHBEARER"
)

// A Secret says where a secret is: in a file, or else in an environment variable.
type Secret struct {
	File string `json:",omitempty"`
	Env  string `json:",omitempty"`
}

// String says where the secret is, not what.
func (s Secret) String() string {
	switch {
	case s.File != "":
		return "file " + s.File
	case s.Env != "":
		return "environment variable " + s.Env
	}
	return "nowhere"
}

// read returns the secret, without the newline that ends a file.
func (s Secret) read() (string, error) {
	secret := os.Getenv(s.Env)
	if s.File != "" {
		text, err := os.ReadFile(s.File)
		if err != nil {
			return "", fmt.Errorf("reading a secret: %w", err)
		}
		secret = strings.TrimRight(string(text), "\r\n")
	}
	if secret == "" {
		return "", fmt.Errorf("reading a secret: %v is empty", s)
	}
	return secret, nil
}

func (s *Security) validate() error {
	var errs []error
	if !s.TLS && (s.CAFile != "" || s.CertFile != "" || s.KeyFile != "" || s.ServerName != "") {
		errs = append(errs, errors.New("there are settings of TLS, and TLS is not asked for"))
	}
	if (s.CertFile == "") != (s.KeyFile == "") {
		errs = append(errs, errors.New("a client certificate needs both its certificate's and its key's file"))
	}
	switch s.Mechanism {
	case "":
		if s.User != "" {
			errs = append(errs, fmt.Errorf("there is a user, and no SASL mechanism: %s, %s or %s", Plain, ScramSHA256, ScramSHA512))
		}
	case Plain, ScramSHA256, ScramSHA512:
		if s.User == "" || s.Password == (Secret{}) {
			errs = append(errs, fmt.Errorf("%s needs a user, and the file or environment variable of the password", s.Mechanism))
		}
	case OAuthBearer:
		if s.Token == (Secret{}) {
			errs = append(errs, fmt.Errorf("%s needs the file or environment variable of the token", s.Mechanism))
		}
	default:
		errs = append(errs, fmt.Errorf("SASL mechanism %q is unknown: %s, %s, %s or %s", s.Mechanism, Plain, ScramSHA256, ScramSHA512, OAuthBearer))
	}
	return errors.Join(errs...)
}

// options are a client's.
func (s *Security) options() ([]kgo.Opt, error) {
	var opts []kgo.Opt
	if s.TLS {
		cfg, err := s.tls()
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(cfg))
	}
	if m := s.mechanism(); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	return opts, nil
}

func (s *Security) tls() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.ServerName}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the trusted certificates: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", s.CAFile)
		}
	}
	if s.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	return cfg, nil
}

func (s *Security) mechanism() sasl.Mechanism {
	login := func(context.Context) (scram.Auth, error) {
		password, err := s.Password.read()
		return scram.Auth{User: s.User, Pass: password}, err
	}
	switch s.Mechanism {
	case Plain:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			password, err := s.Password.read()
			return plain.Auth{User: s.User, Pass: password}, err
		})
	case ScramSHA256:
		return scram.Sha256(login)
	case ScramSHA512:
		return scram.Sha512(login)
	case OAuthBearer:
		return oauth.Oauth(func(context.Context) (oauth.Auth, error) {
			token, err := s.Token.read()
			return oauth.Auth{Token: token}, err
		})
	}
	return nil
}
