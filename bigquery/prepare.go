package bigquery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	bq "cloud.google.com/go/bigquery"
	"cloud.google.com/go/bigquery/storage/managedwriter"
	"google.golang.org/grpc/codes"

	"crest/table"
)

// Prepare makes the dataset what this version expects: it makes what is missing
// of the dataset, its tables, views and functions, and adds the nullable columns
// that a table lacks. It refuses tables of another shape, and says in which
// columns they differ. It also finds out whether rows may be written.
func (c *Client) Prepare(ctx context.Context) error {
	if err := c.prepareDataset(ctx); err != nil {
		return explain(c.target, "preparing", err)
	}
	schemas := table.Schemas()
	wrong, errs := make([][]string, len(schemas)), make([]error, len(schemas))
	var wg sync.WaitGroup
	for i, s := range schemas {
		wg.Go(func() { wrong[i], errs[i] = c.prepareTable(ctx, s) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return explain(c.target, "preparing the tables of", err)
	}
	if all := slices.Concat(wrong...); len(all) > 0 {
		return &Error{Target: c.target, Doing: "preparing the tables of", Err: errors.New("they are not this version's: " + strings.Join(all, "; ")),
			Advice: "rename them, or choose another dataset"}
	}
	if err := c.createObjects(ctx); err != nil {
		return explain(c.target, "making the views and functions of", err)
	}
	return c.mayWrite(ctx)
}

// call bounds a call of the REST API.
func call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, callTimeout)
}

func isMissing(err error) bool { return isStatus(err, http.StatusNotFound, codes.NotFound) }
func isThere(err error) bool   { return isStatus(err, http.StatusConflict, codes.AlreadyExists) }

func (c *Client) prepareDataset(ctx context.Context) error {
	ctx, cancel := call(ctx)
	defer cancel()
	d := c.rest.Dataset(c.target.Dataset)
	have, err := d.Metadata(ctx)
	if isMissing(err) {
		err = d.Create(ctx, &bq.DatasetMetadata{Location: c.target.Location, Description: "Heavy hitters of events, by Crest."})
		if err == nil || isThere(err) { // by another job, which was quicker
			have, err = d.Metadata(ctx)
		}
	}
	if err != nil {
		return err
	}
	c.rest.Location = have.Location // where jobs run
	if want := c.target.Location; want != "" && !strings.EqualFold(have.Location, want) {
		return fmt.Errorf("it is in %s, not in %s: leave --bigquery_location away, or choose another dataset", have.Location, want)
	}
	return nil
}

// prepareTable makes a table, or adds the nullable columns that it lacks. It
// returns what is wrong with an existing one.
func (c *Client) prepareTable(ctx context.Context, s *table.Schema) (wrong []string, err error) {
	ctx, cancel := call(ctx)
	defer cancel()
	for range updateTries {
		wrong, err = c.prepareTableOnce(ctx, s)
		if !isStatus(err, http.StatusPreconditionFailed, codes.FailedPrecondition) {
			break
		}
	}
	return wrong, err
}

// updateTries is how often a column is added that others add at the same time.
const updateTries = 3

func (c *Client) prepareTableOnce(ctx context.Context, s *table.Schema) (wrong []string, err error) {
	t := c.rest.Dataset(c.target.Dataset).Table(s.Name)
	have, err := t.Metadata(ctx)
	if isMissing(err) {
		if err = t.Create(ctx, c.target.metadata(s)); !isThere(err) {
			return nil, err
		}
		have, err = t.Metadata(ctx) // another job was quicker
	}
	if err != nil {
		return nil, err
	}
	if have.Type != bq.RegularTable && have.Type != "" {
		return []string{fmt.Sprintf("%s is no table, but a %s", s.Name, have.Type)}, nil
	}
	missing, wrong := compare(s.Name, fields(s.Columns), have.Schema)
	if key := primaryKey(have); c.target.Upsert && !slices.Equal(key, s.Key) {
		wrong = append(wrong, fmt.Sprintf("%s has the primary key (%s), not (%s), by which live rows would replace each other",
			s.Name, strings.Join(key, ", "), strings.Join(s.Key, ", ")))
	}
	if len(wrong) > 0 || len(missing) == 0 {
		return wrong, nil
	}
	_, err = t.Update(ctx, bq.TableMetadataToUpdate{Schema: append(slices.Clone(have.Schema), missing...)}, have.ETag)
	return nil, err
}

func primaryKey(m *bq.TableMetadata) []string {
	if m.TableConstraints == nil || m.TableConstraints.PrimaryKey == nil {
		return nil
	}
	return m.TableConstraints.PrimaryKey.Columns
}

// compare returns the columns that can be added, and what is wrong with the
// others. name is the table's, or that of a column of it.
func compare(name string, want, have bq.Schema) (missing bq.Schema, wrong []string) {
	say := func(column, format string, args ...any) {
		wrong = append(wrong, name+"."+column+" "+fmt.Sprintf(format, args...))
	}
	rest := make(map[string]*bq.FieldSchema)
	for _, f := range have {
		rest[strings.ToLower(f.Name)] = f
	}
	for _, w := range want {
		h := rest[w.Name]
		delete(rest, w.Name)
		switch {
		case h == nil && !w.Required && !w.Repeated:
			missing = append(missing, w)
		case h == nil:
			say(w.Name, "is missing")
		case h.Type != w.Type:
			say(w.Name, "is %s, not %s", h.Type, w.Type)
		case modeOf(h) != modeOf(w):
			say(w.Name, "is %s, not %s", modeOf(h), modeOf(w))
		case w.Type == bq.RecordFieldType:
			more, bad := compare(name+"."+w.Name, w.Schema, h.Schema)
			for _, m := range more {
				bad = append(bad, name+"."+w.Name+"."+m.Name+" is missing")
			}
			wrong = append(wrong, bad...)
		}
	}
	for _, h := range rest {
		if h.Required {
			say(h.Name, "is required, and unknown to this version")
		}
	}
	slices.Sort(wrong)
	return missing, wrong
}

func modeOf(f *bq.FieldSchema) string {
	switch {
	case f.Required:
		return "REQUIRED"
	case f.Repeated:
		return "REPEATED"
	}
	return "NULLABLE"
}

// mayWrite finds out whether rows may be written: it opens a pending stream, of
// which nothing comes.
func (c *Client) mayWrite(ctx context.Context) error {
	s, err := c.open(ctx, table.RunTable.Schema(), managedwriter.PendingStream)
	if err != nil {
		return err
	}
	return explain(c.target, "closing a stream to", s.close())
}
