package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// cluster is Flink's own REST interface. Beam's job server forgets a job that
// it is told to cancel, and Flink runs it on; so it is cancelled here.
type cluster struct{ url string }

const (
	restPoll  = 200 * time.Millisecond
	maxAnswer = 16 << 20 // bytes: the overview of some ten thousand jobs
)

// flinkName is the name in Flink of a job of the job server: its id without the
// UUID behind it. It has a random part of its own.
func flinkName(job string) string {
	if i := strings.LastIndexByte(job, '_'); i > 0 {
		return job[:i]
	}
	return job
}

// cancel cancels a job, and returns when it has ended.
func (c cluster) cancel(ctx context.Context, job string) error {
	name := flinkName(job)
	asked := false
	for {
		id, state, err := c.find(ctx, name)
		if asked && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)) {
			return nil // a cluster of the job's own has ended with it
		}
		if err != nil {
			return err
		}
		switch state {
		case "CANCELED", "FAILED", "FINISHED", "SUSPENDED":
			return nil
		case "":
			return fmt.Errorf("there is no job %s in Flink at %s", name, c.url)
		}
		if !asked {
			if err := c.call(ctx, http.MethodPatch, "jobs/"+url.PathEscape(id)+"?mode=cancel", nil); err != nil {
				return err
			}
			asked = true
		}
		select {
		case <-time.After(restPoll):
		case <-ctx.Done():
			return fmt.Errorf("job %s (%s) is still %s in Flink at %s: %w", name, id, state, c.url, ctx.Err())
		}
	}
}

// find returns the id and the state of the newest job of a name, or nothing.
func (c cluster) find(ctx context.Context, name string) (id, state string, err error) {
	var all struct {
		Jobs []struct {
			ID    string `json:"jid"`
			Name  string `json:"name"`
			State string `json:"state"`
			Start int64  `json:"start-time"`
		} `json:"jobs"`
	}
	if err := c.call(ctx, http.MethodGet, "jobs/overview", &all); err != nil {
		return "", "", err
	}
	newest := int64(-1)
	for _, j := range all.Jobs {
		if j.Name == name && j.Start > newest {
			id, state, newest = j.ID, j.State, j.Start
		}
	}
	return id, state, nil
}

// call makes a request and decodes the answer.
func (c cluster) call(ctx context.Context, method, path string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	target := strings.TrimSuffix(c.url, "/") + "/" + path
	request, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, target, err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.300s", method, target, response.Status, body)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s %s: the answer is not Flink's: %w", method, target, err)
	}
	return nil
}
