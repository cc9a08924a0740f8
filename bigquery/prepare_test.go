package bigquery

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPrepareFails sees what a person is told when the service says no.
func TestPrepareFails(t *testing.T) {
	for _, test := range []struct {
		name, reason string
		status       int
		target       Target
		want         []string
	}{
		{"no permission", "accessDenied", http.StatusForbidden, Target{}, []string{"preparing bigquery:project.d", "no, says the service", "BigQuery Data Editor"}},
		{"no credentials", "authError", http.StatusUnauthorized, Target{}, []string{"gcloud auth application-default login"}},
		{"a quota", "quotaExceeded", http.StatusForbidden, Target{}, []string{"a quota of the project is used up"}},
		{"another location", "", http.StatusOK, Target{Location: "EU"}, []string{"it is in US, not in EU", "--bigquery_location"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				if test.status == http.StatusOK {
					fmt.Fprint(w, `{"datasetReference": {"projectId": "project", "datasetId": "d"}, "location": "US"}`)
					return
				}
				fmt.Fprintf(w, `{"error": {"code": %d, "message": "no, says the service", "errors": [{"reason": %q, "message": "no, says the service"}]}}`, test.status, test.reason)
			}))
			defer server.Close()
			test.target.Project, test.target.Dataset = "project", "d"
			test.target.Endpoint, test.target.StorageEndpoint = server.URL+"/", "127.0.0.1:1"
			c, err := Open(t.Context(), test.target)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Prepare(t.Context())
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("it says %v, not %q", err, want)
				}
			}
		})
	}
	if _, err := Open(t.Context(), Target{Project: "project", Dataset: "d", Endpoint: "http://127.0.0.1:1/"}); err == nil || !strings.Contains(err.Error(), "--bigquery_storage_endpoint") {
		t.Errorf("one endpoint of two: %v", err)
	}
}
