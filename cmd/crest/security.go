package main

import (
	"flag"

	"crest/sources/kafka"
)

// Passwords and tokens are read from these variables where no file is named.
const (
	passwordVariable = "CREST_KAFKA_PASSWORD"
	tokenVariable    = "CREST_KAFKA_TOKEN"
)

// securityFlags are those of how to connect to Kafka. They have the names that
// the pipeline's have.
var securityFlags = []string{"tls", "tls_ca", "tls_cert", "tls_key", "tls_server_name", "sasl", "sasl_user", "sasl_password_file", "sasl_token_file"}

func registerSecurity(fs *flag.FlagSet, s *kafka.Security) {
	s.Password.Env, s.Token.Env = passwordVariable, tokenVariable
	fs.BoolVar(&s.TLS, "tls", false, "encrypt the connection")
	fs.StringVar(&s.CAFile, "tls_ca", "", "`file` with the certificates to trust, PEM (default: the system's)")
	fs.StringVar(&s.CertFile, "tls_cert", "", "`file` with the client's certificate, PEM")
	fs.StringVar(&s.KeyFile, "tls_key", "", "`file` with the client's key, PEM")
	fs.StringVar(&s.ServerName, "tls_server_name", "", "`name` that the broker's certificate must have (default: the broker's host)")
	fs.StringVar((*string)(&s.Mechanism), "sasl", "", "`mechanism`: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
	fs.StringVar(&s.User, "sasl_user", "", "user `name`")
	fs.StringVar(&s.Password.File, "sasl_password_file", "", "`file` with the password (default: the variable "+passwordVariable+")")
	fs.StringVar(&s.Token.File, "sasl_token_file", "", "`file` with the token of OAUTHBEARER (default: the variable "+tokenVariable+")")
}
