package bigquery

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	bq "cloud.google.com/go/bigquery"

	templates "crest/templates/bigquery"
)

// objectTimeout bounds the making of one view or function: a job of BigQuery, which
// may have to wait for others.
const objectTimeout = 3 * time.Minute

// createObjects makes the views and functions that are missing, or that are another
// version's. They are made one after another, as they use one another.
func (c *Client) createObjects(ctx context.Context) error {
	objects := templates.Objects()
	have, errs := make([]bool, len(objects)), make([]error, len(objects))
	var wg sync.WaitGroup
	for i, o := range objects {
		wg.Go(func() { have[i], errs[i] = c.hasObject(ctx, o) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, o := range objects {
		if have[i] {
			continue
		}
		err := c.createObject(ctx, o)
		if err == nil {
			continue
		}
		if is, again := c.hasObject(ctx, o); again == nil && is { // another job was quicker
			continue
		}
		return fmt.Errorf("%s: %w", o.Name, err)
	}
	return nil
}

// mark is what an object of this version has in its description, if it is a view, or
// else in its body: a digest of its statement, and of the tables, since a view keeps
// the columns that there were when it was made.
func (c *Client) mark(o templates.Object) string {
	digest := sha256.Sum256([]byte(c.target.String() + "\n" + o.SQL + "\n" + DDL()))
	return fmt.Sprintf("crest %x", digest[:8])
}

// statement is what creates an object, with the mark in a function's body.
func (c *Client) statement(o templates.Object) string {
	sql := strings.ReplaceAll(o.SQL, "${DATASET}", c.target.String())
	switch o.Kind {
	case templates.TableFunction:
		sql = strings.Replace(sql, " AS (\n", " AS (\n-- "+c.mark(o)+"\n", 1)
	case templates.Function:
		sql = strings.Replace(sql, "AS \"\"\"\n", "AS \"\"\"\n// "+c.mark(o)+"\n", 1)
	}
	return sql
}

// hasObject tells whether an object is there, and of this version.
func (c *Client) hasObject(ctx context.Context, o templates.Object) (bool, error) {
	ctx, cancel := call(ctx)
	defer cancel()
	var text string
	var err error
	dataset := c.rest.Dataset(c.target.Dataset)
	if o.Kind == templates.View {
		var m *bq.TableMetadata
		if m, err = dataset.Table(o.Name).Metadata(ctx); err == nil {
			text = m.Description
		}
	} else {
		var m *bq.RoutineMetadata
		if m, err = dataset.Routine(o.Name).Metadata(ctx); err == nil {
			text = m.Body
		}
	}
	if isMissing(err) {
		return false, nil
	}
	return strings.Contains(text, c.mark(o)), err
}

// createObject runs an object's statement. A view is described then: whoever is
// stopped before makes it again.
func (c *Client) createObject(ctx context.Context, o templates.Object) error {
	ctx, cancel := context.WithTimeout(ctx, objectTimeout)
	defer cancel()
	job, err := c.rest.Query(c.statement(o)).Run(ctx)
	if err != nil {
		return err
	}
	status, err := job.Wait(ctx)
	if err != nil {
		return err
	}
	if err := status.Err(); err != nil {
		return err
	}
	if o.Kind != templates.View {
		return nil
	}
	_, err = c.rest.Dataset(c.target.Dataset).Table(o.Name).Update(ctx,
		bq.TableMetadataToUpdate{Description: fmt.Sprintf("%s (%s)", o.Doc, c.mark(o))}, "")
	return err
}
