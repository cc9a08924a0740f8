package kafka

import "flag"

// Passwords and tokens are read from these variables where no file is named.
const (
	PasswordVariable = "CREST_KAFKA_PASSWORD"
	TokenVariable    = "CREST_KAFKA_TOKEN"
)

// SecurityFlags are the names of the flags that Register defines, in the order of
// a help text.
var SecurityFlags = []string{"tls", "tls_ca", "tls_cert", "tls_key", "tls_server_name", "sasl", "sasl_user", "sasl_password_file", "sasl_token_file"}

// Register defines the flags of how to connect to Kafka, for every program that
// does.
func (s *Security) Register(fs *flag.FlagSet) {
	s.Password.Env, s.Token.Env = PasswordVariable, TokenVariable
	fs.BoolVar(&s.TLS, "tls", false, "encrypt the connection")
	fs.StringVar(&s.CAFile, "tls_ca", "", "`file` with the certificates to trust, PEM (default: the system's)")
	fs.StringVar(&s.CertFile, "tls_cert", "", "`file` with the client's certificate, PEM")
	fs.StringVar(&s.KeyFile, "tls_key", "", "`file` with the client's key, PEM")
	fs.StringVar(&s.ServerName, "tls_server_name", "", "`name` that the broker's certificate must have (default: the broker's host)")
	fs.StringVar((*string)(&s.Mechanism), "sasl", "", "`mechanism`: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
	fs.StringVar(&s.User, "sasl_user", "", "user `name`")
	fs.StringVar(&s.Password.File, "sasl_password_file", "", "`file` with the password (default: the variable "+PasswordVariable+")")
	fs.StringVar(&s.Token.File, "sasl_token_file", "", "`file` with the token of OAUTHBEARER (default: the variable "+TokenVariable+")")
}
