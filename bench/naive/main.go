// Command naive is the Beam pipeline that one would write first: one element an
// event, from text to JSON to (minute, item) to counts to the top ten. It is what
// Crest's blocks are measured against.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/textio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
)

func main() {
	input := flag.String("input", "", "the events, newline-delimited JSON")
	answers := flag.String("answers", "", "the file to write: minute, item, count between tabs")
	flag.Parse()
	beam.Init()

	p, s := beam.NewPipelineWithRoot()
	textio.Write(s, *answers, TopOfMinutes(s, textio.Read(s, *input)))
	if _, err := prism.Execute(context.Background(), p); err != nil {
		fmt.Fprintln(os.Stderr, "naive:", err)
		os.Exit(1)
	}
}
