package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"crest/block"
	"crest/sources/format"
)

// A Registry is a schema registry, as Confluent's.
type Registry struct {
	// URL is http:// or https://; empty where there is no registry.
	URL string `json:",omitempty"`
	// User and Password are for HTTP's basic authentication.
	User     string `json:",omitempty"`
	Password Secret `json:",omitzero"`
}

// registryTimeout bounds a request to the registry.
const registryTimeout = 10 * time.Second

func (r *Registry) client() (*sr.Client, error) {
	opts := []sr.ClientOpt{sr.URLs(r.URL), sr.HTTPClient(&http.Client{Timeout: registryTimeout})}
	if r.User != "" {
		password, err := r.Password.read()
		if err != nil {
			return nil, err
		}
		opts = append(opts, sr.BasicAuth(r.User, password))
	}
	return sr.NewClient(opts...)
}

// check finds out whether the registry answers.
func (r *Registry) check(ctx context.Context) error {
	if r.URL == "" {
		return nil
	}
	client, err := r.client()
	if err == nil {
		_, err = client.SupportedTypes(ctx)
	}
	if err != nil {
		return fmt.Errorf("asking the schema registry %s: %w: check its address and who may read it", r.URL, err)
	}
	return nil
}

// schemas gets the schemas of a block's messages that are not known yet. It asks
// until the registry answers: that the registry is away makes no message wrong.
func (r *Registry) schemas(ctx context.Context, d *format.AvroDecoder, b *block.Block) error {
	missing := d.Missing(b)
	if len(missing) == 0 {
		return nil
	}
	client, err := r.client()
	if err != nil {
		return err
	}
	for _, id := range missing {
		for wait := 250 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
			s, err := client.SchemaByID(ctx, int(id))
			if err == nil {
				d.Add(id, s.Schema)
				break
			}
			var answer *sr.ResponseError
			if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
				d.Refuse(id, errors.New("the registry has no such schema"))
				break
			}
			if answer != nil && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
				return fmt.Errorf("asking the schema registry %s for schema %d: %w: check the user and the password", r.URL, id, err)
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}
