package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// external is a contender in another language: a program that is given ITEMS
// BUDGET SEED PARTS… and prints a result for each number of parts.
type external struct {
	title   string
	seed    uint64
	parts   int
	command []string
}

func (e external) name() string { return e.title }

func (e external) run(st *stream, budget int) (one, merged *result, err error) {
	args := append(e.command[1:len(e.command):len(e.command)],
		st.path, strconv.Itoa(budget), strconv.FormatUint(e.seed, 10), "1", strconv.Itoa(e.parts))
	cmd := exec.Command(e.command[0], args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	for lines := json.NewDecoder(bytes.NewReader(out)); ; {
		r := new(result)
		if err := lines.Decode(r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("decoding its result: %w", err)
		}
		if r.Parts == 1 {
			one = r
		} else {
			merged = r
		}
	}
	if one == nil || merged == nil {
		return nil, nil, fmt.Errorf("%s printed no result for 1 or for %d parts", strings.Join(cmd.Args, " "), e.parts)
	}
	return one, merged, nil
}

// setUp builds the peers, unless none was asked for.
func setUp(s settings, all []contender) error {
	for _, c := range all {
		if _, ok := c.(external); !ok {
			continue
		}
		cmd := exec.Command("bench/peers/setup.sh", "sketch", s.cache)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("running bench/peers/setup.sh: %w", err)
		}
		return nil
	}
	return nil
}
