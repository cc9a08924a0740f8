package table

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// The kinds of run.
const (
	Batch     = "batch"
	Streaming = "streaming"
)

// Run is one launch of a job. A batch run's row is written last, with
// CommittedAt: until then the views show none of its rows. A streaming run's
// row is written when it is launched.
type Run struct {
	Job          string `table:"job" doc:"the job's name (--job)"`
	Run          string `table:"run" doc:"the run; newer runs sort after older ones"`
	Path         string `table:"path" doc:"what the run computes: fast, exact or both"`
	Kind         string `table:"kind" doc:"batch or streaming"`
	StartedAt    Time   `table:"started_at" doc:"when it was launched"`
	CommittedAt  Time   `table:"committed_at,nullable" doc:"when a batch run's output was complete; NULL for streaming"`
	CompleteFrom Time   `table:"complete_from,nullable" doc:"a streaming run saw every event from this event time on; NULL: from started_at on"`
	Read         uint64 `table:"read" doc:"records read; read = counted + late + rejected. 0 for streaming"`
	Counted      uint64 `table:"counted" doc:"records counted"`
	Late         uint64 `table:"late" doc:"records that came after their window had closed"`
	Rejected     uint64 `table:"rejected" doc:"records that could not be understood"`
	Settings     string `table:"settings" doc:"the run's settings, a JSON object"`
	HashSeed     string `table:"hash_seed,nullable" doc:"fingerprint of the hash seed; summaries with different ones cannot be merged in full"`
}

// runTime is the layout of a run id's first part. It is of fixed width: ids
// sort as their times do.
const runTime = "20060102T150405.000Z"

// NewRunID returns the id of a run launched now: the time to the millisecond,
// and a random part that keeps apart runs launched at once. Of two runs the
// one with the greater id is the newer.
func NewRunID(now time.Time) string {
	var b [4]byte
	rand.Read(b[:])
	return RunIDAt(now) + "-" + hex.EncodeToString(b[:])
}

// RunIDAt returns the part of a run id that is the time: it sorts before every
// id made by NewRunID at t or later, and after every one made before.
func RunIDAt(t time.Time) string { return t.UTC().Format(runTime) }

// RunTime returns when the run with this id was launched, false where the id
// is not one of NewRunID's.
func RunTime(id string) (time.Time, bool) {
	if len(id) < len(runTime) {
		return time.Time{}, false
	}
	t, err := time.Parse(runTime, id[:len(runTime)])
	return t, err == nil
}
