package table

// Accuracy compares the fast list of one window with the exact one.
type Accuracy struct {
	Job           string  `table:"job" doc:"the job's name (--job)"`
	Run           string  `table:"run" doc:"the run that compared: the exact list's"`
	FastRun       string  `table:"fast_run,nullable" doc:"the fast list's run, where it is another"`
	Segment       string  `table:"segment" doc:"what the list is kept apart by"`
	WindowStart   Time    `table:"window_start" doc:"first instant of the window"`
	WindowEnd     Time    `table:"window_end" doc:"first instant after the window"`
	WindowSeconds int64   `table:"window_seconds" doc:"size of the window in seconds; 0 for the window over everything"`
	K             int64   `table:"k" doc:"length of list that was compared"`
	Compared      int64   `table:"compared" doc:"items of the exact list: K, or fewer where the window has fewer"`
	Recall        float64 `table:"recall" doc:"share of the exact list that the fast list has, 0 to 1; ties count as found"`
	Precision     float64 `table:"precision" doc:"share of the fast list that is in an exact list, 0 to 1"`
	MeanError     float64 `table:"mean_error" doc:"mean of |fast - exact| / exact over the items in both lists"`
	MaxError      float64 `table:"max_error" doc:"the largest of them"`
	Violations    int64   `table:"violations" doc:"items whose exact count lies outside the fast bounds, or wrongly certain; must be 0"`
	Coverage      float64 `table:"coverage" doc:"fast total / exact total"`
	Certain       int64   `table:"certain" doc:"items of the exact list that the fast list marks certain"`
	WrittenAt     Time    `table:"written_at" doc:"when the row was made"`
}

// Progress says how far a path has closed its windows of one size.
type Progress struct {
	Job           string `table:"job" doc:"the job's name (--job)"`
	Run           string `table:"run" doc:"the run that wrote the row"`
	Path          string `table:"path" doc:"fast or exact"`
	WindowSeconds int64  `table:"window_seconds" doc:"size of the windows in seconds"`
	ClosedThrough Time   `table:"closed_through" doc:"every window that ends at or before this event time is closed; the latest counts"`
	WrittenAt     Time   `table:"written_at" doc:"when the row was made"`
}

// Late counts records of one pane that came after it had closed. They are in
// no list of the fast path; the exact path counts them.
type Late struct {
	Job           string `table:"job" doc:"the job's name (--job)"`
	Run           string `table:"run" doc:"the run that wrote the row"`
	Source        string `table:"source" doc:"where they were read: a file, a topic and partition, a subscription"`
	Offset        int64  `table:"offset" doc:"where in the source the batch began that held them; -1 where there are no offsets"`
	Segment       string `table:"segment" doc:"their segment"`
	WindowStart   Time   `table:"window_start" doc:"first instant of the pane they belong to"`
	WindowEnd     Time   `table:"window_end" doc:"first instant after it"`
	WindowSeconds int64  `table:"window_seconds" doc:"size of the pane in seconds"`
	Count         uint64 `table:"count" doc:"how many records"`
	Weight        uint64 `table:"weight" doc:"the sum of their weights"`
	BehindSeconds int64  `table:"behind_seconds" doc:"how far the latest of them was behind the watermark, in seconds"`
	WrittenAt     Time   `table:"written_at" doc:"when the row was made"`
}

// Ledger accounts for what was read of one partition of a live source while one
// pane was the last that was not closed. Rows of a source follow one another: where
// from_offset is not the to_offset of the row before, or positions is not their
// difference, records are missing or were read twice.
type Ledger struct {
	Job           string `table:"job" doc:"the job's name (--job)"`
	Run           string `table:"run" doc:"the run that wrote the row"`
	Source        string `table:"source" doc:"a topic and partition, a subscription"`
	WindowStart   Time   `table:"window_start" doc:"first instant of the pane that the watermark was in; that of the first event where nothing was known yet"`
	WindowEnd     Time   `table:"window_end" doc:"first instant after it"`
	WindowSeconds int64  `table:"window_seconds" doc:"size of the pane in seconds"`
	From          int64  `table:"from_offset" doc:"the first offset that was read; -1 where there are no offsets"`
	To            int64  `table:"to_offset" doc:"the first offset behind the last that was read; -1 where there are no offsets"`
	Positions     int64  `table:"positions" doc:"how many offsets were read, each time that one was"`
	Read          uint64 `table:"read" doc:"records read; read = counted + late + rejected. Offsets may hold no record: a transaction's end, what was compacted"`
	Counted       uint64 `table:"counted" doc:"records counted"`
	Late          uint64 `table:"late" doc:"records that came after their pane had closed"`
	Rejected      uint64 `table:"rejected" doc:"records that could not be understood"`
	WrittenAt     Time   `table:"written_at" doc:"when the row was made"`
}

// Reject is a record that could not be understood, or several that could not
// for the same reason.
type Reject struct {
	Job       string `table:"job" doc:"the job's name (--job)"`
	Run       string `table:"run" doc:"the run that wrote the row"`
	Source    string `table:"source" doc:"where it was read: a file, a topic and partition, a subscription"`
	Offset    int64  `table:"offset" doc:"where in the source; -1 where there are no offsets"`
	Reason    string `table:"reason" doc:"why, in a few words to group by"`
	Detail    string `table:"detail" doc:"more about this one: the field, what was found"`
	Raw       []byte `table:"raw" doc:"the record's bytes, or the first of them"`
	Count     uint64 `table:"count" doc:"how many records the row stands for"`
	WrittenAt Time   `table:"written_at" doc:"when the row was made"`
}
