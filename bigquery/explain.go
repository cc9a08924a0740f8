package bigquery

// Explain makes an Error of what went wrong while something was done to a dataset,
// with advice where there is some: for packages that read it. It leaves an Error as
// it is, and nil.
func (t Target) Explain(doing string, err error) error { return explain(t, doing, err) }
