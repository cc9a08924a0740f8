package templates_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	templates "crest/templates/bigquery"
)

// TestObjects holds the statements against what the program takes for granted.
func TestObjects(t *testing.T) {
	var made []string
	uses := regexp.MustCompile("`\\$\\{DATASET\\}\\.([a-z_]+)`")
	tables := []string{"topk", "runs", "counts", "sketches", "accuracy", "late", "rejects", "ledger"}
	for _, o := range templates.Objects() {
		if o.Doc == "" || !strings.HasSuffix(o.Doc, ".") {
			t.Errorf("%s has no sentence before it: %q", o.Name, o.Doc)
		}
		if strings.HasSuffix(o.SQL, ";") || strings.Contains(o.SQL, "SUMMARY_JS") {
			t.Errorf("%s is not cut out well", o.Name)
		}
		for _, m := range uses.FindAllStringSubmatch(o.SQL, -1) {
			if m[1] != o.Name && !slices.Contains(made, m[1]) && !slices.Contains(tables, m[1]) {
				t.Errorf("%s uses %s, which is not made before it", o.Name, m[1])
			}
		}
		made = append(made, o.Name)
	}
	for _, name := range []string{"runs_eligible", "topk_latest", "topk_best", "topk_items", "counts_latest", "sketches_latest", "accuracy_latest",
		"accuracy_daily", "late_latest", "rejects_latest", "ledger_latest", "topk_between", "item_history", "rising", "summary_merge"} {
		if !slices.Contains(made, name) {
			t.Errorf("%s is not made", name)
		}
	}
}

// TestPruning: where a view picks one row of several, a filter on window_start must
// hold for all of them or none, else BigQuery reads every partition.
func TestPruning(t *testing.T) {
	small := []string{"runs_eligible", "runs_newest", "rejects_latest"} // not partitioned by window_start
	groups := regexp.MustCompile(`PARTITION BY\s+([a-z_.]+)`)
	for _, o := range templates.Objects() {
		if o.Kind != templates.View || slices.Contains(small, o.Name) {
			continue
		}
		for _, m := range groups.FindAllStringSubmatch(o.SQL, -1) {
			if m[1] != "t.window_start" {
				t.Errorf("%s picks rows by %s before window_start", o.Name, m[1])
			}
		}
	}
}

// TestSummaryJS: the text stands between three quotes, where a backslash would be
// an escape, and BigQuery takes 32 KiB of it.
func TestSummaryJS(t *testing.T) {
	if strings.ContainsRune(templates.SummaryJS, '\\') || strings.Contains(templates.SummaryJS, `"""`) || len(templates.SummaryJS) > 32<<10 {
		t.Error("summary.js cannot stand in a statement")
	}
}
