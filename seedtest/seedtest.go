// Package seedtest gives tests random numbers that can be had again.
package seedtest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Rand returns random numbers whose seed is logged, so that it stands beside a
// failure. CREST_SEED in the environment repeats a run.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("CREST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("CREST_SEED is not a number: %v", err)
		}
	}
	t.Logf("CREST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
