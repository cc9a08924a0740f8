// Package bigquery keeps Crest's tables in a BigQuery dataset: it makes them, or
// says how they differ, and writes rows through the Storage Write API. What it
// does to a Beam pipeline is in sinks/bigquery, what reads them in store/bigquery.
//
// The API is described at https://cloud.google.com/bigquery/docs/write-api.
package bigquery

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"crest/table"
)

// A Target is a dataset, and how it is reached and made.
type Target struct {
	// Project and Dataset name it.
	Project, Dataset string
	// Location is where the dataset is made, as EU or europe-west3; empty for
	// BigQuery's default. A dataset that exists stays where it is: another location
	// is an error then.
	Location string `json:",omitempty"`
	// Expiration is how long the partitions of tables that are made are kept, by the
	// day that they are of; 0 for ever.
	Expiration time.Duration `json:",omitempty"`
	// Upsert gives the tables primary keys, and has live rows replace those of the
	// same key (BigQuery's change data capture) instead of standing beside them.
	Upsert bool `json:",omitempty"`
	// Endpoint is the URL of a REST API that is not Google's, StorageEndpoint the
	// HOST:PORT of its Storage APIs. Neither is spoken to with credentials, or with
	// TLS. Both are empty, or neither is.
	Endpoint        string `json:",omitempty"`
	StorageEndpoint string `json:",omitempty"`
}

var (
	projects = regexp.MustCompile(`^([a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,61}[a-z0-9]$`)
	datasets = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
)

// ParseTarget reads PROJECT.DATASET, or PROJECT:DATASET as bq writes it.
func ParseTarget(s string) (Target, error) {
	i := strings.LastIndexAny(s, ".:")
	if i < 0 {
		return Target{}, fmt.Errorf("%q has no dataset: PROJECT.DATASET", s)
	}
	t := Target{Project: s[:i], Dataset: s[i+1:]}
	if !projects.MatchString(t.Project) {
		return Target{}, fmt.Errorf("%q is not the id of a project: 6 to 63 lower-case letters, digits and dashes", t.Project)
	}
	if !datasets.MatchString(t.Dataset) || len(t.Dataset) > 1024 {
		return Target{}, fmt.Errorf("%q is not a dataset: letters, digits and underscores", t.Dataset)
	}
	return t, nil
}

// String is PROJECT.DATASET, as SQL names it.
func (t Target) String() string { return t.Project + "." + t.Dataset }

// path is the table's name in the Storage APIs.
func (t Target) path(s *table.Schema) string {
	return fmt.Sprintf("projects/%s/datasets/%s/tables/%s", t.Project, t.Dataset, s.Name)
}
