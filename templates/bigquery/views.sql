-- The views of Crest's tables in BigQuery. ${DATASET} stands for PROJECT.DATASET. crest makes them when a job is launched;
-- who wants to make them himself replaces that and runs the file. What they mean is in docs/format/tables.md, "Which rows count".
--
-- Rows are appended: a row may stand several times, and older revisions stay beside newer ones. Every view picks the one
-- that counts.
--
-- What a query costs: tables are partitioned by the day of window_start. All that picks one row of several is in QUALIFY,
-- with window_start in its PARTITION BY: so a filter of the outer query on window_start holds for a whole group or for none
-- of it, and BigQuery applies it before, to the partitions that it reads. The same goes for window_seconds and segment, by
-- which rows are clustered. So: say window_start >= … in every query, with a constant.

-- The runs whose rows count: committed batch runs, and streaming runs. A window counts when it starts at or after
-- counts_from: a streaming run has seen only a part of an earlier one.
CREATE OR REPLACE VIEW `${DATASET}.runs_eligible` AS
SELECT
  job, run, path, kind,
  IF(kind = 'batch', TIMESTAMP '0001-01-01 00:00:00+00:00', COALESCE(complete_from, started_at)) AS counts_from
FROM `${DATASET}.runs`
WHERE kind = 'streaming' OR committed_at IS NOT NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY job, run ORDER BY committed_at DESC, started_at DESC) = 1;

-- The newest eligible run of each job and kind: a batch run beside a live one does not hide what that says of itself.
CREATE OR REPLACE VIEW `${DATASET}.runs_newest` AS
SELECT job, run, path, kind
FROM `${DATASET}.runs_eligible`
QUALIFY ROW_NUMBER() OVER (PARTITION BY job, kind ORDER BY run DESC) = 1;

-- The lists that count, of both paths.
CREATE OR REPLACE VIEW `${DATASET}.topk_latest` AS
SELECT t.*
FROM `${DATASET}.topk` AS t
JOIN `${DATASET}.runs_eligible` AS r ON r.job = t.job AND r.run = t.run
WHERE t.window_start >= r.counts_from
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY t.window_start, t.window_seconds, t.segment, t.job, t.path
  ORDER BY t.run DESC, t.revision DESC, t.written_at DESC) = 1;

-- One list a window and segment: the exact one where its total is at least the fast one's, else the fast one.
CREATE OR REPLACE VIEW `${DATASET}.topk_best` AS
SELECT t.*, t.path = 'exact' AS exact
FROM `${DATASET}.topk_latest` AS t
WHERE TRUE -- BigQuery wants a WHERE, GROUP BY or HAVING beside QUALIFY
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY t.window_start, t.window_seconds, t.segment, t.job
  ORDER BY t.total DESC, t.path = 'exact' DESC) = 1;

-- The lists that count, a row an item.
CREATE OR REPLACE VIEW `${DATASET}.topk_items` AS
SELECT
  t.path, t.segment, t.window_start, t.window_end, t.window_seconds,
  i.rank, i.item, i.count, i.lower, i.upper, i.certain,
  t.total, t.revision, t.job, t.run
FROM `${DATASET}.topk_latest` AS t
CROSS JOIN UNNEST(t.items) AS i;

-- The exact counts that count. Those of a window and segment are of one run, never mixed.
CREATE OR REPLACE VIEW `${DATASET}.counts_latest` AS
SELECT t.*
FROM `${DATASET}.counts` AS t
JOIN `${DATASET}.runs_eligible` AS r ON r.job = t.job AND r.run = t.run
WHERE t.window_start >= r.counts_from
QUALIFY t.run = MAX(t.run) OVER (PARTITION BY t.window_start, t.window_seconds, t.segment, t.job)
  AND ROW_NUMBER() OVER (
    PARTITION BY t.window_start, t.window_seconds, t.segment, t.job, t.run, t.item
    ORDER BY t.count DESC) = 1;

-- The summaries that count, one a shard. Those of a window, segment and path are of one run: another may have other shards.
CREATE OR REPLACE VIEW `${DATASET}.sketches_latest` AS
SELECT t.*
FROM `${DATASET}.sketches` AS t
JOIN `${DATASET}.runs_eligible` AS r ON r.job = t.job AND r.run = t.run
WHERE t.window_start >= r.counts_from
QUALIFY t.run = MAX(t.run) OVER (PARTITION BY t.window_start, t.window_seconds, t.segment, t.job, t.path)
  AND ROW_NUMBER() OVER (
    PARTITION BY t.window_start, t.window_seconds, t.segment, t.job, t.path, t.run, t.shard
    ORDER BY t.revision DESC, t.written_at DESC) = 1;

-- How good the fast lists were, by the newest run that compared.
CREATE OR REPLACE VIEW `${DATASET}.accuracy_latest` AS
SELECT t.*
FROM `${DATASET}.accuracy` AS t
JOIN `${DATASET}.runs_eligible` AS r ON r.job = t.job AND r.run = t.run
WHERE t.window_start >= r.counts_from
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY t.window_start, t.window_seconds, t.segment, t.job
  ORDER BY t.run DESC, t.written_at DESC) = 1;

-- How good the fast lists of a day were: a row a job, size of window and day, over all segments. A filter on day reads
-- the partitions of those days alone.
CREATE OR REPLACE VIEW `${DATASET}.accuracy_daily` AS
SELECT
  job,
  window_seconds,
  DATE(window_start) AS day,
  COUNT(*) AS lists,
  AVG(recall) AS recall,
  MIN(recall) AS least_recall,
  AVG(`precision`) AS `precision`,
  AVG(mean_error) AS mean_error,
  MAX(max_error) AS max_error,
  SUM(violations) AS violations,
  AVG(coverage) AS coverage,
  MIN(coverage) AS least_coverage,
  SUM(certain) / NULLIF(SUM(compared), 0) AS certain
FROM `${DATASET}.accuracy_latest`
GROUP BY job, window_seconds, day;

-- What came too late, of each job's newest runs.
CREATE OR REPLACE VIEW `${DATASET}.late_latest` AS
SELECT t.*
FROM `${DATASET}.late` AS t
JOIN `${DATASET}.runs_newest` AS r ON r.job = t.job AND r.run = t.run
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY t.window_start, t.job, t.run, t.source, t.`offset`, t.segment
  ORDER BY t.written_at DESC) = 1;

-- What could not be understood, of each job's newest runs. The table is partitioned by the day of written_at, which is not
-- a part of what tells rows apart: a filter on it picks rows and no partitions. The table is small: rejects are summed up.
CREATE OR REPLACE VIEW `${DATASET}.rejects_latest` AS
SELECT t.*
FROM `${DATASET}.rejects` AS t
JOIN `${DATASET}.runs_newest` AS r ON r.job = t.job AND r.run = t.run
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY t.job, t.run, t.source, t.`offset`, t.reason
  ORDER BY t.written_at DESC) = 1;

-- What became of the records of live sources, of each job's newest runs.
CREATE OR REPLACE VIEW `${DATASET}.ledger_latest` AS
SELECT t.*
FROM `${DATASET}.ledger` AS t
JOIN `${DATASET}.runs_newest` AS r ON r.job = t.job AND r.run = t.run
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY t.window_start, t.job, t.run, t.source
  ORDER BY t.read DESC, t.written_at DESC) = 1;
