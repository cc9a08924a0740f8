package flink

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
)

// descriptions are the options that a job server says it has, by name. A
// server takes any name and ignores those it does not have.
type descriptions map[string]*jobpb.PipelineOptionDescriptor

func describe(options []*jobpb.PipelineOptionDescriptor) descriptions {
	d := make(descriptions, len(options))
	for _, o := range options {
		d[o.GetName()] = o
	}
	return d
}

// supports reports the options that the server would ignore.
func (d descriptions) supports(options map[string]any) error {
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if d[name] == nil {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return fmt.Errorf("the job server does not have the options %s: is it Flink's?", strings.Join(missing, ", "))
	}
	return nil
}

// parse reads an option's value as its type says. Lists have commas.
func (d descriptions) parse(o pair) (any, error) {
	known := d[o.name]
	if known == nil {
		return nil, fmt.Errorf("--flink_option=%s: the job server has no such option, and would ignore it; it has %s", o.name, d.like(o.name))
	}
	var value any = o.value
	var err error
	switch known.GetType() {
	case jobpb.PipelineOptionType_BOOLEAN:
		value, err = strconv.ParseBool(o.value)
	case jobpb.PipelineOptionType_INTEGER:
		value, err = strconv.ParseInt(o.value, 10, 64)
	case jobpb.PipelineOptionType_NUMBER:
		value, err = strconv.ParseFloat(o.value, 64)
	case jobpb.PipelineOptionType_ARRAY:
		value = strings.Split(o.value, ",")
	}
	if err != nil {
		return nil, fmt.Errorf("--flink_option=%s=%s: the value must be %s %s", o.name, o.value,
			article(known.GetType()), strings.ToLower(known.GetType().String()))
	}
	return value, nil
}

func article(t jobpb.PipelineOptionType_Enum) string {
	if t == jobpb.PipelineOptionType_INTEGER {
		return "an"
	}
	return "a"
}

// like lists the options that have the most words of the name in theirs.
func (d descriptions) like(name string) string {
	var near []string
	most := 1
	for _, known := range slices.Sorted(maps.Keys(d)) {
		n := 0
		for word := range strings.SplitSeq(name, "_") {
			if len(word) > 2 && strings.Contains(known, word) {
				n++
			}
		}
		if n > most {
			near, most = nil, n
		}
		if n == most {
			near = append(near, known)
		}
	}
	if near == nil {
		return "none like it"
	}
	return strings.Join(near, ", ")
}
