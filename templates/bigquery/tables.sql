CREATE TABLE IF NOT EXISTS `${DATASET}.topk` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that wrote the row; newer runs sort after older ones'),
  path STRING NOT NULL OPTIONS (description = 'fast (bounded memory, with bounds) or exact'),
  segment STRING NOT NULL OPTIONS (description = 'what the list is kept apart by; empty where there is one list for all'),
  window_start TIMESTAMP NOT NULL OPTIONS (description = 'first instant of the window'),
  window_end TIMESTAMP NOT NULL OPTIONS (description = 'first instant after the window'),
  window_seconds INT64 NOT NULL OPTIONS (description = 'size of the window in seconds; 0 for the window over everything'),
  revision INT64 NOT NULL OPTIONS (description = 'total weight when the list was made; it grows within a run, and the highest counts'),
  total INT64 NOT NULL OPTIONS (description = 'weight of all items of the segment in the window, listed or not'),
  items ARRAY<STRUCT<rank INT64 NOT NULL OPTIONS (description = 'place in the list, from 1'), item STRING NOT NULL OPTIONS (description = 'what was counted'), count INT64 NOT NULL OPTIONS (description = 'its weight: the estimate that the list is ranked by'), lower INT64 NOT NULL OPTIONS (description = 'the true count is at least this'), upper INT64 NOT NULL OPTIONS (description = 'the true count is at most this'), certain BOOL NOT NULL OPTIONS (description = 'true where the item is in a true top K for certain')>> OPTIONS (description = 'the list, by rank'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'when the row was made')
)
PARTITION BY TIMESTAMP_TRUNC(window_start, DAY)
CLUSTER BY window_seconds, segment
OPTIONS (description = 'One row is one list: the K heaviest items of one segment in one window.');

CREATE TABLE IF NOT EXISTS `${DATASET}.runs` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run; newer runs sort after older ones'),
  path STRING NOT NULL OPTIONS (description = 'what the run computes: fast, exact or both'),
  kind STRING NOT NULL OPTIONS (description = 'batch or streaming'),
  started_at TIMESTAMP NOT NULL OPTIONS (description = 'when it was launched'),
  committed_at TIMESTAMP OPTIONS (description = 'when a batch run\'s output was complete; NULL for streaming'),
  complete_from TIMESTAMP OPTIONS (description = 'a streaming run saw every event from this event time on; NULL: from started_at on'),
  read INT64 NOT NULL OPTIONS (description = 'records read; read = counted + late + rejected. 0 for streaming'),
  counted INT64 NOT NULL OPTIONS (description = 'records counted'),
  late INT64 NOT NULL OPTIONS (description = 'records that came after their window had closed'),
  rejected INT64 NOT NULL OPTIONS (description = 'records that could not be understood'),
  settings STRING NOT NULL OPTIONS (description = 'the run\'s settings, a JSON object'),
  hash_seed STRING OPTIONS (description = 'fingerprint of the hash seed; summaries with different ones cannot be merged in full')
)
OPTIONS (description = 'One row is one launch of a job. A batch run\'s row is written last: the views show its rows from then on.');

CREATE TABLE IF NOT EXISTS `${DATASET}.counts` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that wrote the row'),
  segment STRING NOT NULL OPTIONS (description = 'what the list is kept apart by'),
  window_start TIMESTAMP NOT NULL OPTIONS (description = 'first instant of the window'),
  window_end TIMESTAMP NOT NULL OPTIONS (description = 'first instant after the window'),
  window_seconds INT64 NOT NULL OPTIONS (description = 'size of the window in seconds'),
  item STRING NOT NULL OPTIONS (description = 'what was counted'),
  count INT64 NOT NULL OPTIONS (description = 'its exact weight in the window')
)
PARTITION BY TIMESTAMP_TRUNC(window_start, DAY)
CLUSTER BY window_seconds, segment, item
OPTIONS (description = 'The frequency table of the exact path: every item\'s count in a window. Counts of disjoint windows add up.');

CREATE TABLE IF NOT EXISTS `${DATASET}.sketches` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that wrote the row'),
  path STRING NOT NULL OPTIONS (description = 'fast or exact'),
  segment STRING NOT NULL OPTIONS (description = 'what the list is kept apart by'),
  window_start TIMESTAMP NOT NULL OPTIONS (description = 'first instant of the window'),
  window_end TIMESTAMP NOT NULL OPTIONS (description = 'first instant after the window'),
  window_seconds INT64 NOT NULL OPTIONS (description = 'size of the window in seconds; 0 for the window over everything'),
  shard INT64 NOT NULL OPTIONS (description = 'which shard of the segment\'s items is summarised, from 0'),
  shards INT64 NOT NULL OPTIONS (description = 'how many shards there are; shards have no item in common'),
  revision INT64 NOT NULL OPTIONS (description = 'total weight when the row was made; the highest of a run counts'),
  total INT64 NOT NULL OPTIONS (description = 'weight of all items of the shard in the window'),
  summary BYTES NOT NULL OPTIONS (description = 'the summary, in Crest\'s own layout (docs/format)'),
  frequent_strings BYTES OPTIONS (description = 'the heavy items, in the layout of Apache DataSketches\' frequent-strings sketch'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'when the row was made')
)
PARTITION BY TIMESTAMP_TRUNC(window_start, DAY)
CLUSTER BY window_seconds, segment
OPTIONS (description = 'Each window\'s summary, from which lists of any union of windows are made.');

CREATE TABLE IF NOT EXISTS `${DATASET}.accuracy` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that compared: the exact list\'s'),
  fast_run STRING OPTIONS (description = 'the fast list\'s run, where it is another'),
  segment STRING NOT NULL OPTIONS (description = 'what the list is kept apart by'),
  window_start TIMESTAMP NOT NULL OPTIONS (description = 'first instant of the window'),
  window_end TIMESTAMP NOT NULL OPTIONS (description = 'first instant after the window'),
  window_seconds INT64 NOT NULL OPTIONS (description = 'size of the window in seconds; 0 for the window over everything'),
  k INT64 NOT NULL OPTIONS (description = 'length of list that was compared'),
  compared INT64 NOT NULL OPTIONS (description = 'items of the exact list: K, or fewer where the window has fewer'),
  recall FLOAT64 NOT NULL OPTIONS (description = 'share of the exact list that the fast list has, 0 to 1; ties count as found'),
  precision FLOAT64 NOT NULL OPTIONS (description = 'share of the fast list that is in an exact list, 0 to 1'),
  mean_error FLOAT64 NOT NULL OPTIONS (description = 'mean of |fast - exact| / exact over the items in both lists'),
  max_error FLOAT64 NOT NULL OPTIONS (description = 'the largest of them'),
  violations INT64 NOT NULL OPTIONS (description = 'items whose exact count lies outside the fast bounds, or wrongly certain; must be 0'),
  coverage FLOAT64 NOT NULL OPTIONS (description = 'fast total / exact total'),
  certain INT64 NOT NULL OPTIONS (description = 'items of the exact list that the fast list marks certain'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'when the row was made')
)
PARTITION BY TIMESTAMP_TRUNC(window_start, DAY)
CLUSTER BY window_seconds, segment
OPTIONS (description = 'For each window that both paths have: how good the fast list was.');

CREATE TABLE IF NOT EXISTS `${DATASET}.progress` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that wrote the row'),
  path STRING NOT NULL OPTIONS (description = 'fast or exact'),
  window_seconds INT64 NOT NULL OPTIONS (description = 'size of the windows in seconds'),
  closed_through TIMESTAMP NOT NULL OPTIONS (description = 'every window that ends at or before this event time is closed; the latest counts'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'when the row was made')
)
OPTIONS (description = 'How far each path has closed its windows.');

CREATE TABLE IF NOT EXISTS `${DATASET}.late` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that wrote the row'),
  source STRING NOT NULL OPTIONS (description = 'where they were read: a file, a topic and partition, a subscription'),
  offset INT64 NOT NULL OPTIONS (description = 'where in the source the batch began that held them; -1 where there are no offsets'),
  segment STRING NOT NULL OPTIONS (description = 'their segment'),
  window_start TIMESTAMP NOT NULL OPTIONS (description = 'first instant of the pane they belong to'),
  window_end TIMESTAMP NOT NULL OPTIONS (description = 'first instant after it'),
  window_seconds INT64 NOT NULL OPTIONS (description = 'size of the pane in seconds'),
  count INT64 NOT NULL OPTIONS (description = 'how many records'),
  weight INT64 NOT NULL OPTIONS (description = 'the sum of their weights'),
  behind_seconds INT64 NOT NULL OPTIONS (description = 'how far the latest of them was behind the watermark, in seconds'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'when the row was made')
)
PARTITION BY TIMESTAMP_TRUNC(window_start, DAY)
CLUSTER BY job, run
OPTIONS (description = 'Records that came after their pane had closed, counted by batch read and pane.');

CREATE TABLE IF NOT EXISTS `${DATASET}.rejects` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that wrote the row'),
  source STRING NOT NULL OPTIONS (description = 'where it was read: a file, a topic and partition, a subscription'),
  offset INT64 NOT NULL OPTIONS (description = 'where in the source; -1 where there are no offsets'),
  reason STRING NOT NULL OPTIONS (description = 'why, in a few words to group by'),
  detail STRING NOT NULL OPTIONS (description = 'more about this one: the field, what was found'),
  raw BYTES NOT NULL OPTIONS (description = 'the record\'s bytes, or the first of them'),
  count INT64 NOT NULL OPTIONS (description = 'how many records the row stands for'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'when the row was made')
)
PARTITION BY TIMESTAMP_TRUNC(written_at, DAY)
CLUSTER BY job, run, reason
OPTIONS (description = 'Records that could not be understood.');

CREATE TABLE IF NOT EXISTS `${DATASET}.ledger` (
  job STRING NOT NULL OPTIONS (description = 'the job\'s name (--job)'),
  run STRING NOT NULL OPTIONS (description = 'the run that wrote the row'),
  source STRING NOT NULL OPTIONS (description = 'a topic and partition, a subscription'),
  window_start TIMESTAMP NOT NULL OPTIONS (description = 'first instant of the pane that the watermark was in; that of the first event where nothing was known yet'),
  window_end TIMESTAMP NOT NULL OPTIONS (description = 'first instant after it'),
  window_seconds INT64 NOT NULL OPTIONS (description = 'size of the pane in seconds'),
  from_offset INT64 NOT NULL OPTIONS (description = 'the first offset that was read; -1 where there are no offsets'),
  to_offset INT64 NOT NULL OPTIONS (description = 'the first offset behind the last that was read; -1 where there are no offsets'),
  positions INT64 NOT NULL OPTIONS (description = 'how many offsets were read, each time that one was'),
  read INT64 NOT NULL OPTIONS (description = 'records read; read = counted + late + rejected. Offsets may hold no record: a transaction\'s end, what was compacted'),
  counted INT64 NOT NULL OPTIONS (description = 'records counted'),
  late INT64 NOT NULL OPTIONS (description = 'records that came after their pane had closed'),
  rejected INT64 NOT NULL OPTIONS (description = 'records that could not be understood'),
  written_at TIMESTAMP NOT NULL OPTIONS (description = 'when the row was made')
)
PARTITION BY TIMESTAMP_TRUNC(window_start, DAY)
CLUSTER BY job, run
OPTIONS (description = 'What became of the records of each partition of a live source, by the pane that was open when they were read.');
