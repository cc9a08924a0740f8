package main

import (
	"errors"
	"flag"
	"slices"

	"crest/bigquery"
	"crest/cli"
	bigquerysink "crest/sinks/bigquery"
	"crest/transforms"
)

// BigQueryOptions are the flags of the sink that is a dataset of BigQuery.
type BigQueryOptions struct {
	Location, Expiration, MaxBilled, Endpoint, StorageEndpoint string
	Upsert, Early                                              bool
}

var bigqueryFlags = []string{"bigquery_location", "bigquery_expiration", "bigquery_early", "bigquery_upsert", "bigquery_max_billed", "bigquery_endpoint", "bigquery_storage_endpoint"}

func (o *BigQueryOptions) register(fs *flag.FlagSet) {
	fs.StringVar(&o.Location, "bigquery_location", "", "`place` where the dataset is made if it is missing, as EU or europe-west3 (default: BigQuery's)")
	fs.StringVar(&o.Expiration, "bigquery_expiration", "", "how `long` the partitions of tables that are made are kept, as 90d, by the day of their windows (default: for ever)")
	fs.BoolVar(&o.Early, "bigquery_early", false, "also write the lists of panes that are still open: much more is stored")
	fs.BoolVar(&o.Upsert, "bigquery_upsert", false, "have live rows replace those of the same key, instead of standing beside them until a view picks one (change data capture)")
	fs.StringVar(&o.MaxBilled, "bigquery_max_billed", "100GiB", "`bytes` that one query of the report may read")
	fs.StringVar(&o.Endpoint, "bigquery_endpoint", "", "`URL` of a REST API that is not Google's, spoken to without credentials")
	fs.StringVar(&o.StorageEndpoint, "bigquery_storage_endpoint", "", "`HOST:PORT` of its Storage APIs")
}

// The writers of a table in batch: a runner on many machines writes through more
// streams.
const (
	localWriters   = 2
	clusterWriters = 32
)

// store is the dataset as a store of a plan.
func (o *BigQueryOptions) store(name string, p *Plan) (Store, error) {
	t, err := bigquery.ParseTarget(name)
	if err != nil {
		return nil, err
	}
	t.Location, t.Upsert, t.Endpoint, t.StorageEndpoint = o.Location, o.Upsert, o.Endpoint, o.StorageEndpoint
	if o.Expiration != "" {
		if t.Expiration, err = cli.ParseSpan(o.Expiration); err != nil {
			return nil, err
		}
		if slices.Contains(p.Windows, transforms.Tumbling(0)) {
			return nil, errors.New("--bigquery_expiration would have the window all expire at once, which begins in 1970: leave it out of --windows")
		}
	}
	billed, err := cli.ParseBytes(o.MaxBilled, 1<<50)
	if err != nil {
		return nil, err
	}
	live := p.Firing != nil
	if t.Upsert && !live {
		return nil, errors.New("--bigquery_upsert is for sources that do not end: rows of a batch are committed together, which change data capture can't do")
	}
	writers := clusterWriters
	if local() {
		writers = localWriters
	}
	return &bigqueryStore{sink: bigquerysink.Config{Target: t, Live: live, Writers: writers}, early: o.Early, maxBilled: billed}, nil
}
