package bigquery

import "flag"

var update = flag.Bool("update", false, "rewrite what is generated of templates/bigquery and docs")
