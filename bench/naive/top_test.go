package main

import (
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
)

func TestMain(m *testing.M) { ptest.MainWithDefault(m, "prism") }

func TestTopOfMinutesKeepsMinutesApart(t *testing.T) {
	p, s := beam.NewPipelineWithRoot()
	lines := beam.Create(s,
		`{"time":"2026-01-01T00:00:00Z","item":"a"}`,
		`{"time":"2026-01-01T00:00:59.999Z","item":"a"}`,
		`{"time":"2026-01-01T00:00:30Z","item":"b"}`,
		`{"time":"2026-01-01T00:01:00Z","item":"b"}`,
	)
	passert.Equals(s, TopOfMinutes(s, lines),
		"2026-01-01T00:00\ta\t2", "2026-01-01T00:00\tb\t1", "2026-01-01T00:01\tb\t1")
	ptest.RunAndValidate(t, p)
}
