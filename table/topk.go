package table

// The paths that an answer is computed on: Path columns hold one of the first
// two, Run.Path any.
const (
	Fast  = "fast"
	Exact = "exact"
	Both  = "both"
)

// TopK is one list: the K heaviest items of one segment in one window.
type TopK struct {
	Job           string `table:"job" doc:"the job's name (--job)"`
	Run           string `table:"run" doc:"the run that wrote the row; newer runs sort after older ones"`
	Path          string `table:"path" doc:"fast (bounded memory, with bounds) or exact"`
	Segment       string `table:"segment" doc:"what the list is kept apart by; empty where there is one list for all"`
	WindowStart   Time   `table:"window_start" doc:"first instant of the window"`
	WindowEnd     Time   `table:"window_end" doc:"first instant after the window"`
	WindowSeconds int64  `table:"window_seconds" doc:"size of the window in seconds; 0 for the window over everything"`
	Revision      uint64 `table:"revision" doc:"total weight when the list was made; it grows within a run, and the highest counts"`
	Total         uint64 `table:"total" doc:"weight of all items of the segment in the window, listed or not"`
	Items         []Item `table:"items" doc:"the list, by rank"`
	WrittenAt     Time   `table:"written_at" doc:"when the row was made"`
}

// Item is one place in a list.
type Item struct {
	Rank    int64  `table:"rank" doc:"place in the list, from 1"`
	Item    string `table:"item" doc:"what was counted"`
	Count   uint64 `table:"count" doc:"its weight: the estimate that the list is ranked by"`
	Lower   uint64 `table:"lower" doc:"the true count is at least this"`
	Upper   uint64 `table:"upper" doc:"the true count is at most this"`
	Certain bool   `table:"certain" doc:"true where the item is in a true top K for certain"`
}

// Count is one item's exact count in one window: a row of the frequency table.
// The counts of disjoint windows add up.
type Count struct {
	Job           string `table:"job" doc:"the job's name (--job)"`
	Run           string `table:"run" doc:"the run that wrote the row"`
	Segment       string `table:"segment" doc:"what the list is kept apart by"`
	WindowStart   Time   `table:"window_start" doc:"first instant of the window"`
	WindowEnd     Time   `table:"window_end" doc:"first instant after the window"`
	WindowSeconds int64  `table:"window_seconds" doc:"size of the window in seconds"`
	Item          string `table:"item" doc:"what was counted"`
	Count         uint64 `table:"count" doc:"its exact weight in the window"`
}

// Sketch is the summary of one shard of a segment's items in one window. It can
// be merged with those of the same shard in other windows.
type Sketch struct {
	Job             string `table:"job" doc:"the job's name (--job)"`
	Run             string `table:"run" doc:"the run that wrote the row"`
	Path            string `table:"path" doc:"fast or exact"`
	Segment         string `table:"segment" doc:"what the list is kept apart by"`
	WindowStart     Time   `table:"window_start" doc:"first instant of the window"`
	WindowEnd       Time   `table:"window_end" doc:"first instant after the window"`
	WindowSeconds   int64  `table:"window_seconds" doc:"size of the window in seconds; 0 for the window over everything"`
	Shard           int64  `table:"shard" doc:"which shard of the segment's items is summarised, from 0"`
	Shards          int64  `table:"shards" doc:"how many shards there are; shards have no item in common"`
	Revision        uint64 `table:"revision" doc:"total weight when the row was made; the highest of a run counts"`
	Total           uint64 `table:"total" doc:"weight of all items of the shard in the window"`
	Summary         []byte `table:"summary" doc:"the summary, in Crest's own layout (docs/format)"`
	FrequentStrings []byte `table:"frequent_strings,nullable" doc:"the heavy items, in the layout of Apache DataSketches' frequent-strings sketch"`
	WrittenAt       Time   `table:"written_at" doc:"when the row was made"`
}
