package kafka

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/avro"

	"crest/sources/format"
)

const schema = `{"type":"record","name":"Event","fields":[{"name":"item","type":"string"}]}`

// TestRegistry: messages in Confluent's framing, of a schema that the registry
// has and of one that it has not; it fails at first, which rejects nothing.
func TestRegistry(t *testing.T) {
	var asked atomic.Int64
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "right" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch {
		case r.URL.Path == "/schemas/types":
			w.Write([]byte(`["AVRO"]`))
		case asked.Add(1) == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.HasSuffix(r.URL.Path, "/ids/7"):
			w.Write([]byte(`{"schema":"{\"type\":\"record\",\"name\":\"Event\",\"fields\":[{\"name\":\"item\",\"type\":\"string\"}]}"}`))
		default:
			w.WriteHeader(http.StatusNotFound)
			w.Write([]byte(`{"error_code":40403,"message":"Schema not found"}`))
		}
	}))
	defer registry.Close()
	s, err := avro.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	framed := func(id uint32, item string) string {
		p, err := s.AppendEncode(binary.BigEndian.AppendUint32([]byte{0}, id), map[string]any{"item": item})
		if err != nil {
			t.Fatal(err)
		}
		return string(p)
	}
	c := newCluster(t, 1)
	produce(t, newProducer(t, c), 0, framed(7, "a"), framed(8, "b"), framed(7, "c"))
	t.Setenv("CREST_TEST_REGISTRY", "right")
	cfg := configOf(t, c)
	cfg.Payload = format.AVRO
	cfg.Registry = Registry{URL: registry.URL, User: "me", Password: Secret{Env: "CREST_TEST_REGISTRY"}}
	if err := Check(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, cfg)
	blocks := r.until(0, 3)
	if got := items(blocks); !reflect.DeepEqual(got, map[string]int{"a": 1, "c": 1}) {
		t.Errorf("%v", got)
	}
	if rejects := blocks[0].Rejects; len(rejects) != 1 || rejects[0].Offset != 1 || !strings.Contains(rejects[0].Detail, "schema 8") {
		t.Errorf("%+v", rejects)
	}
	if asked.Load() != 3 {
		t.Errorf("the registry was asked %d times", asked.Load())
	}
	cfg.Registry.User = "other"
	if err := Check(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), "who may read it") {
		t.Errorf("%v", err)
	}
}
