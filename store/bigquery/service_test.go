package bigquerystore

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/grpc"

	"crest/bigquery"
)

// A job is a query as the service was asked to run it.
type job struct {
	Labels       map[string]string
	JobTimeoutMs string
	Query        struct {
		Query              string
		MaximumBytesBilled string
		QueryParameters    []struct {
			Name           string
			ParameterValue json.RawMessage
		}
		DefaultDataset struct{ ProjectID, DatasetID string }
	}
	Location string `json:"-"`
}

// A service is BigQuery in this process, which answers as it is told.
type service struct {
	storagepb.UnimplementedBigQueryReadServer

	// answer is the answer to a query, an object of JSON: its schema and rows, or
	// an error.
	answer func(job) string
	// session and rows are the Storage Read API.
	session func(*storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error)
	rows    func(*storagepb.ReadRowsRequest, func(*storagepb.ReadRowsResponse) error) error

	mu   sync.Mutex
	jobs []job
}

const nothing = `"schema": {"fields": []}, "rows": [], "totalRows": "0"`

// startService returns a reader of a service.
func startService(t *testing.T, maxBytes int64) (*service, *Reader) {
	t.Helper()
	s := &service{answer: func(job) string { return nothing }}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	storagepb.RegisterBigQueryReadServer(server, s)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	target := bigquery.Target{Project: "project", Dataset: "d", Endpoint: web.URL + "/", StorageEndpoint: l.Addr().String()}
	r, err := Open(t.Context(), target, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return s, r
}

// ServeHTTP is the REST API, as far as a reader uses it.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch path := strings.TrimPrefix(r.URL.Path, "/projects/project/"); {
	case path == "datasets/d":
		fmt.Fprint(w, `{"location": "europe-west3"}`)
	case path == "datasets/d/tables/runs":
		fmt.Fprint(w, `{"type": "TABLE"}`)
	case path == "jobs" && r.Method == http.MethodPost:
		var body struct {
			Configuration job
			JobReference  struct{ Location string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body.Configuration.Location = body.JobReference.Location
		s.jobs = append(s.jobs, body.Configuration)
		fmt.Fprintf(w, `{"jobReference": {"projectId": "project", "jobId": "j%d", "location": "europe-west3"}, "status": {"state": "RUNNING"}, "configuration": {"query": {}}}`, len(s.jobs)-1)
	case strings.HasPrefix(path, "jobs/j"), strings.HasPrefix(path, "queries/j"):
		var n int
		_, id, _ := strings.Cut(path, "/j")
		fmt.Sscan(id, &n)
		answer, failure := s.answer(s.jobs[n]), ""
		if strings.HasPrefix(answer, `"errorResult"`) {
			answer, failure = nothing, ", "+answer
		}
		fmt.Fprintf(w, `{"jobComplete": true, "jobReference": {"projectId": "project", "jobId": "j%d"}, "configuration": {"query": {}}, "status": {"state": "DONE"%s}, %s}`, n, failure, answer)
	default:
		http.NotFound(w, r)
	}
}

func (s *service) asked() []job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]job(nil), s.jobs...)
}

func (s *service) CreateReadSession(_ context.Context, r *storagepb.CreateReadSessionRequest) (*storagepb.ReadSession, error) {
	return s.session(r)
}

func (s *service) ReadRows(r *storagepb.ReadRowsRequest, stream storagepb.BigQueryRead_ReadRowsServer) error {
	return s.rows(r, stream.Send)
}

// tableOf is an answer of columns, as name and type, and rows of text.
func tableOf(columns string, rows ...string) string {
	var fields, values []string
	for _, c := range strings.Fields(columns) {
		name, kind, _ := strings.Cut(c, ":")
		fields = append(fields, fmt.Sprintf(`{"name": %q, "type": %q}`, name, kind))
	}
	for _, r := range rows {
		var cells []string
		for _, v := range strings.Fields(r) {
			cells = append(cells, fmt.Sprintf(`{"v": %q}`, v))
		}
		values = append(values, `{"f": [`+strings.Join(cells, ",")+`]}`)
	}
	return fmt.Sprintf(`"schema": {"fields": [%s]}, "rows": [%s], "totalRows": "%d"`, strings.Join(fields, ","), strings.Join(values, ","), len(rows))
}
