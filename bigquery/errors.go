package bigquery

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	bq "cloud.google.com/go/bigquery"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is a failure of BigQuery, with what can be done about it.
type Error struct {
	Target Target
	Doing  string // what was being done
	Advice string // what a person can do; may be empty
	Err    error
}

// Error returns one line with all of it.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s bigquery:%s: %v", e.Doing, e.Target, e.Err)
	if e.Advice != "" {
		s += ": " + e.Advice
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Explain makes an Error of what went wrong while something was done to a dataset,
// with advice where there is some: for packages that read it. It leaves an Error as
// it is, and nil.
func (t Target) Explain(doing string, err error) error { return explain(t, doing, err) }

// explain adds the dataset and advice to an error of a client.
func explain(t Target, doing string, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	if errors.As(err, &done) {
		return err
	}
	return &Error{Target: t, Doing: doing, Advice: advice(err), Err: err}
}

// isStatus tells whether an error is of one HTTP status or the code of gRPC that
// is the same.
func isStatus(err error, code int, same codes.Code) bool {
	var e *googleapi.Error
	if errors.As(err, &e) {
		return e.Code == code
	}
	return status.Code(err) == same
}

// advice is what a person can do about an error, by the reasons documented at
// https://cloud.google.com/bigquery/docs/error-messages.
func advice(err error) string {
	var call *googleapi.Error
	var job *bq.Error
	reason := ""
	if errors.As(err, &call) && len(call.Errors) > 0 {
		reason = call.Errors[0].Reason
	} else if errors.As(err, &job) {
		reason = job.Reason
	}
	switch {
	case reason == "accessDenied" || isStatus(err, http.StatusForbidden, codes.PermissionDenied) && reason == "":
		return "the account needs the roles BigQuery Data Editor on the dataset and BigQuery Job User on the project"
	case reason == "quotaExceeded" || reason == "rateLimitExceeded" || isStatus(err, http.StatusTooManyRequests, codes.ResourceExhausted):
		return "a quota of the project is used up: wait, or ask for more at IAM & Admin, Quotas"
	case strings.Contains(err.Error(), "could not find default credentials"):
		return "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS with the file of a service account's key"
	case isStatus(err, http.StatusUnauthorized, codes.Unauthenticated):
		return "the credentials are not taken: gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS with the file of a service account's key"
	case reason == "notFound" || isStatus(err, http.StatusNotFound, codes.NotFound):
		return "look at the project's id and the dataset's, and at its location"
	}
	return ""
}
