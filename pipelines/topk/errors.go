package main

import (
	"regexp"
	"strings"
)

// frame matches what Beam wraps around the error of a DoFn.
var frame = regexp.MustCompile(`(?s)^.*?(?:caused by:\s*|Full error:\s*|DoFn\[[^\]]*\] failed:\s*)`)

// tidied is an error whose text is without Beam's layers.
type tidied struct {
	text  string
	cause error
}

func (e tidied) Error() string { return e.text }
func (e tidied) Unwrap() error { return e.cause }

// tidy takes Beam's layers off an error that a DoFn returned, so that a person
// sees what went wrong rather than where in the plan it did.
func tidy(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for {
		inner := frame.ReplaceAllString(text, "")
		if inner == text || strings.TrimSpace(inner) == "" {
			break
		}
		text = inner
	}
	return tidied{strings.TrimSpace(text), err}
}
