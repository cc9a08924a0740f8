// Package templates holds what is created beside the tables in BigQuery.
package templates

import _ "embed"

// SummaryJS merges the bytes of summaries: the body of a JavaScript function,
// which `return merge(sketches, k, seed);` is to follow. docs/format/sql-merge.md
// describes it.
//
//go:embed summary.js
var SummaryJS string
