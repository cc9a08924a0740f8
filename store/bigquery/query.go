package bigquerystore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	bq "cloud.google.com/go/bigquery"
	"github.com/dustin/go-humanize"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"crest/bigquery"
	"crest/table"
)

// A query is SQL over the dataset's tables and views, with named parameters.
type query struct {
	// name tells queries apart in the list of jobs and in the bill: a label.
	name   string
	sql    string
	params []bq.QueryParameter
}

func ask(name, sql string, params ...bq.QueryParameter) query { return query{name, sql, params} }

func param(name string, value any) bq.QueryParameter {
	if t, ok := value.(table.Time); ok {
		value = t.Time()
	}
	return bq.QueryParameter{Name: name, Value: value}
}

// each gives the rows of a query's answer to visit until that says no more. T is a
// struct whose fields name columns.
func each[T any](ctx context.Context, r *Reader, q query, visit func(*T) (more bool, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	it, err := r.run(ctx, q)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		var row T
		err := it.Next(&row)
		if errors.Is(err, iterator.Done) {
			return nil
		}
		more := false
		if err == nil {
			more, err = visit(&row)
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		if !more {
			return nil
		}
	}
}

// run runs a query to its end.
func (r *Reader) run(ctx context.Context, q query) (*bq.RowIterator, error) {
	job := r.rest.Query(q.sql)
	job.Parameters = q.params
	job.DefaultProjectID, job.DefaultDatasetID = r.target.Project, r.target.Dataset
	job.MaxBytesBilled = r.maxBytes
	job.JobTimeout = timeout // the service ends it too
	job.Labels = map[string]string{"application": "crest", "question": q.name}
	j, err := job.Run(ctx)
	if err != nil {
		return nil, r.limited(err)
	}
	status, err := j.Wait(ctx)
	if err == nil {
		err = status.Err()
	}
	if err != nil {
		return nil, r.limited(err)
	}
	return j.Read(ctx)
}

// needed is how many bytes a query would have to be allowed, as the service says.
var needed = regexp.MustCompile(`(\d+) or higher required`)

// limited explains an error of a query that would read too much.
func (r *Reader) limited(err error) error {
	const reason = "bytesBilledLimitExceeded"
	var e *bq.Error
	var api *googleapi.Error
	over := errors.As(err, &e) && e.Reason == reason
	if !over && errors.As(err, &api) {
		for _, item := range api.Errors {
			over = over || item.Reason == reason
		}
	}
	if !over {
		return err
	}
	if m := needed.FindStringSubmatch(err.Error()); m != nil {
		var bytes uint64
		if _, bad := fmt.Sscan(m[1], &bytes); bad == nil {
			return r.tooMuch(bytes)
		}
	}
	return fmt.Errorf("it would read more than %s: %w", humanize.IBytes(uint64(r.maxBytes)), err)
}

// tooMuch says that a question would read so many bytes.
func (r *Reader) tooMuch(bytes uint64) error {
	return &bigquery.Error{Target: r.target, Doing: "reading from",
		Err: fmt.Errorf("it would read %s (%d bytes), and the limit is %s", humanize.IBytes(bytes), bytes, humanize.IBytes(uint64(r.maxBytes))),
		Advice: fmt.Sprintf("ask for less time, or for larger windows, or raise the limit: --bigquery_max_billed=%s",
			strings.ReplaceAll(humanize.IBytes(bytes+bytes/10), " ", ""))}
}

// weight makes a count of what a column has.
func weight(n int64) (uint64, error) {
	if n < 0 {
		return 0, fmt.Errorf("the count %d is negative", n)
	}
	return uint64(n), nil
}
