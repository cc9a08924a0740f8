package templates

import (
	_ "embed"
	"regexp"
	"strings"
)

// A Kind is what a statement creates.
type Kind string

// The kinds. A table function and a scalar one are both routines in the REST API.
const (
	View          Kind = "VIEW"
	TableFunction Kind = "TABLE FUNCTION"
	Function      Kind = "FUNCTION"
)

// An Object is a view or a function beside the tables.
type Object struct {
	Kind Kind
	Name string
	// Doc is the comment in front of the statement, on one line.
	Doc string
	// SQL creates the object, or replaces it. ${DATASET} in it stands for
	// PROJECT.DATASET.
	SQL string
}

//go:embed views.sql
var views string

//go:embed functions.sql
var functions string

//go:embed functions_js.sql
var functionsJS string

// Objects returns what is created beside the tables, in an order in which each
// uses only those before it.
func Objects() []Object {
	var all []Object
	for _, text := range []string{views, functions, strings.ReplaceAll(functionsJS, "${SUMMARY_JS}", SummaryJS)} {
		all = append(all, split(text)...)
	}
	return all
}

// create begins a statement, at the beginning of a line.
var create = regexp.MustCompile("(?m)^CREATE OR REPLACE (VIEW|TABLE FUNCTION|FUNCTION) `\\$\\{DATASET\\}\\.([a-z_]+)`")

// split cuts a file into statements, with the comment that stands right before
// each.
func split(text string) []Object {
	var objects []Object
	starts := create.FindAllStringSubmatchIndex(text, -1)
	before := 0
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		sql, _ := cutComment(text[at[0]:end])
		_, doc := cutComment(text[before:at[0]])
		objects = append(objects, Object{
			Kind: Kind(text[at[2]:at[3]]), Name: text[at[4]:at[5]],
			Doc: firstParagraph(doc), SQL: strings.TrimSuffix(strings.TrimRight(sql, "\n"), ";"),
		})
		before = at[1]
	}
	return objects
}

// cutComment cuts a text before the comment that it ends in.
func cutComment(text string) (before string, comment []string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	from := len(lines)
	for from > 0 && strings.HasPrefix(lines[from-1], "--") {
		from--
	}
	return strings.Join(lines[:from], "\n"), lines[from:]
}

func firstParagraph(comment []string) string {
	var words []string
	for _, line := range comment {
		line = strings.TrimSpace(strings.TrimPrefix(line, "--"))
		if line == "" {
			break
		}
		words = append(words, line)
	}
	return strings.Join(words, " ")
}
