package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// Validate reports everything that is wrong with a Security, without reading a
// file.
func (s Security) Validate() error { return s.validate() }

// Options returns what a client needs to connect so: for whoever produces to the
// topics that are read here. Passwords and tokens are read when it connects.
func (s Security) Options() ([]kgo.Opt, error) { return s.options() }
