-- The table functions beside the views. ${DATASET} stands for PROJECT.DATASET. docs/analysts.md shows them at work.
--
-- They are called with constants: then BigQuery reads the partitions of the interval alone, as it does for the views. No
-- parameter has the name of a column, which BigQuery would take for the column. Each row has its job: jobs are answered
-- apart.

-- The k heaviest items of a segment between two instants, from_time belonging to the interval and to_time not.
--
-- Where counts cover the interval, the answer is exact. They do where their windows tile it, and no list knows of more:
-- wherever lists and counts have the same span, the counts add up to at least the lists' total. Otherwise lists are merged.
-- Of each size of tumbling window those within the interval are looked at, and one size is taken: of the largest total, then
-- of the largest coverage, then the largest windows, of which fewer are merged. An item that is not in a list may have had,
-- in that window, all that the list's items leave of its total, and no more than the least lower bound of an item that is
-- certain to be in the list: outside.
--
-- job, rank, item, certain as in topk_items
-- count           what is known of the item's weight: 0 is taken for a window whose list has it not
-- lower, upper    the weight within the windows that were taken is from lower to upper
-- exact           count is the exact weight in all of the interval
-- coverage        share of the interval that whole windows of this size can hold; 1 where they tile it
-- total           weight of all items in these windows
-- source          counts or lists
-- window_seconds  the size of window that was taken
CREATE OR REPLACE TABLE FUNCTION `${DATASET}.topk_between`(from_time TIMESTAMP, to_time TIMESTAMP, in_segment STRING, k INT64) AS (
WITH
lists AS (
  SELECT job, path, window_seconds, window_start, total, items
  FROM `${DATASET}.topk_best`
  WHERE window_start >= from_time AND window_start < to_time AND window_end <= to_time AND segment = in_segment
    AND window_seconds > 0 AND MOD(UNIX_SECONDS(window_start), NULLIF(window_seconds, 0)) = 0
),
counted AS (
  SELECT job, window_seconds, window_start, item, count
  FROM `${DATASET}.counts_latest`
  WHERE window_start >= from_time AND window_start < to_time AND window_end <= to_time AND segment = in_segment
    AND window_seconds > 0
),
windows AS (
  SELECT job, 'lists' AS source, window_seconds, UNIX_SECONDS(window_start) AS starts, total FROM lists
  UNION ALL
  SELECT job, 'counts' AS source, window_seconds, UNIX_SECONDS(window_start) AS starts, SUM(count) AS total FROM counted
  GROUP BY job, window_seconds, window_start
),
sizes AS (
  SELECT job, source, window_seconds, SUM(total) AS total,
    (FLOOR(UNIX_MICROS(to_time) / (window_seconds * 1000000)) - CEIL(UNIX_MICROS(from_time) / (window_seconds * 1000000)))
      * window_seconds * 1000000 / TIMESTAMP_DIFF(to_time, from_time, MICROSECOND) AS coverage
  FROM windows
  GROUP BY job, source, window_seconds
),
-- Spans of the larger of two sizes, that of counts and that of lists, where the lists know of more.
short AS (
  SELECT c.job, c.window_seconds, l.window_seconds AS list_seconds,
    w.starts - MOD(MOD(w.starts, GREATEST(c.window_seconds, l.window_seconds)) + GREATEST(c.window_seconds, l.window_seconds),
      GREATEST(c.window_seconds, l.window_seconds)) AS span
  FROM sizes AS c
  JOIN sizes AS l ON l.job = c.job
  JOIN windows AS w ON w.job = c.job
  WHERE c.source = 'counts' AND l.source = 'lists'
    AND MOD(GREATEST(c.window_seconds, l.window_seconds), LEAST(c.window_seconds, l.window_seconds)) = 0
    AND w.window_seconds = IF(w.source = 'counts', c.window_seconds, l.window_seconds)
  GROUP BY c.job, c.window_seconds, l.window_seconds, span
  HAVING SUM(IF(w.source = 'lists', w.total, 0)) > SUM(IF(w.source = 'counts', w.total, 0))
),
chosen AS (
  SELECT s.job, s.source, s.window_seconds, s.total, s.coverage
  FROM sizes AS s
  LEFT JOIN (SELECT DISTINCT job, 'counts' AS source, window_seconds FROM short) AS x
    ON x.job = s.job AND x.source = s.source AND x.window_seconds = s.window_seconds
  WHERE x.job IS NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY s.job
    ORDER BY s.source = 'counts' AND s.coverage = 1 DESC, s.total DESC, s.coverage DESC, s.source, s.window_seconds DESC) = 1
),
-- The k heaviest of each of many parts before those of all: no worker of BigQuery has to sort every item.
from_counts AS (
  SELECT c.job, c.item, SUM(c.count) AS count, SUM(c.count) AS lower, SUM(c.count) AS upper, TRUE AS true_counts, 0 AS outside
  FROM counted AS c
  JOIN chosen AS s ON s.job = c.job AND s.window_seconds = c.window_seconds AND s.source = 'counts'
  GROUP BY c.job, c.item
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY c.job, MOD(FARM_FINGERPRINT(c.item), 100) ORDER BY SUM(c.count) DESC, c.item) <= k
),
bounded AS (
  SELECT t.job, t.path, t.items,
    LEAST(
      t.total - (SELECT COALESCE(SUM(i.lower), 0) FROM UNNEST(t.items) AS i),
      COALESCE((SELECT MIN(i.lower) FROM UNNEST(t.items) AS i WHERE i.certain), t.total)) AS outside
  FROM lists AS t
  JOIN chosen AS s ON s.job = t.job AND s.window_seconds = t.window_seconds AND s.source = 'lists'
),
listed AS (
  SELECT b.job, i.item, SUM(i.count) AS count, SUM(i.lower) AS lower, SUM(i.upper - b.outside) AS above
  FROM bounded AS b
  CROSS JOIN UNNEST(b.items) AS i
  GROUP BY b.job, i.item
),
from_lists AS (
  SELECT l.job, l.item, l.count, l.lower, a.outside + l.above AS upper, a.true_counts AND l.lower = a.outside + l.above AS true_counts, a.outside
  FROM listed AS l
  JOIN (
    SELECT job, SUM(outside) AS outside, LOGICAL_AND(path = 'exact') AS true_counts
    FROM bounded
    GROUP BY job
  ) AS a ON a.job = l.job
),
ranked AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY job ORDER BY count DESC, item) AS rank
  FROM (SELECT * FROM from_counts UNION ALL SELECT * FROM from_lists)
),
marked AS (
  SELECT *, lower >= GREATEST(outside, COALESCE(MAX(IF(rank > k, upper, NULL)) OVER (PARTITION BY job), 0)) AS certain
  FROM ranked
)
SELECT m.job, m.rank, m.item, m.count, m.lower, m.upper, m.certain, m.true_counts AND s.coverage = 1 AS exact,
  s.coverage, s.total, s.source, s.window_seconds
FROM marked AS m
JOIN chosen AS s ON s.job = m.job
WHERE m.rank <= k
);

-- What is known of one item, in every window within the interval that has it in a list or in counts: of all segments and
-- sizes of window. A window that is not there may hold the item too, where there are no counts: below the list's end.
--
-- count, lower, upper  from counts, where these hold at least what the list is sure of; else from the best list
-- rank                 its place in the best list, NULL where it is not listed
-- exact                count is exact
CREATE OR REPLACE TABLE FUNCTION `${DATASET}.item_history`(of_item STRING, from_time TIMESTAMP, to_time TIMESTAMP) AS (
WITH known AS (
  SELECT t.job, t.segment, t.window_start, t.window_end, t.window_seconds,
    i.rank, i.count, i.lower, i.upper, t.exact AND i.lower = i.upper AS exact
  FROM `${DATASET}.topk_best` AS t
  CROSS JOIN UNNEST(t.items) AS i
  WHERE t.window_start >= from_time AND t.window_start < to_time AND t.window_end <= to_time AND i.item = of_item
  UNION ALL
  SELECT job, segment, window_start, window_end, window_seconds,
    NULL AS rank, count, count AS lower, count AS upper, TRUE AS exact
  FROM `${DATASET}.counts_latest`
  WHERE window_start >= from_time AND window_start < to_time AND window_end <= to_time AND item = of_item
)
SELECT job, segment, window_start, window_end, window_seconds,
  MAX(rank) OVER (PARTITION BY job, segment, window_start, window_seconds) AS rank,
  count, lower, upper, exact
FROM known
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY job, segment, window_start, window_seconds ORDER BY lower DESC, exact DESC) = 1
);

-- The k items of each segment that rose most: in the window of size seconds that starts at window_begin, against the
-- `baseline` windows of that size before it.
--
-- rise is how many times its former rate an item has at least. So that noise does not win, all is taken from the side that
-- speaks against it: the lower bound of the count now, the upper bounds of those before, where a list that has it not still
-- leaves room for it; and off both two standard deviations of a count by chance (of n, the root of n). An item that is new
-- must have been counted about ten times to be here at all. Only rises above 1 are listed. Weights far from 1 vary more than
-- counts do: then take rise as a rank, not as a bound.
--
-- count, lower  of the item now
-- before        what it had in a window of the baseline at most, on average over those that there are
-- windows       how many windows of the baseline there are. A segment without any is not here: all of it would be new
CREATE OR REPLACE TABLE FUNCTION `${DATASET}.rising`(window_begin TIMESTAMP, size INT64, baseline INT64, k INT64) AS (
WITH
lists AS (
  SELECT t.job, t.segment, t.items, t.window_start = window_begin AS is_now,
    LEAST(
      t.total - (SELECT COALESCE(SUM(i.lower), 0) FROM UNNEST(t.items) AS i),
      COALESCE((SELECT MIN(i.lower) FROM UNNEST(t.items) AS i WHERE i.certain), t.total)) AS outside
  FROM `${DATASET}.topk_best` AS t
  WHERE t.window_start >= TIMESTAMP_SUB(window_begin, INTERVAL size * baseline SECOND) AND t.window_start <= window_begin
    AND t.window_seconds = size AND MOD(TIMESTAMP_DIFF(window_begin, t.window_start, SECOND), size) = 0
),
baselines AS (
  SELECT job, segment, COUNT(*) AS windows, SUM(outside) AS outside
  FROM lists
  WHERE NOT is_now
  GROUP BY job, segment
),
items AS (
  SELECT l.job, l.segment, i.item,
    SUM(IF(l.is_now, i.count, 0)) AS count,
    SUM(IF(l.is_now, i.lower, 0)) AS lower,
    SUM(IF(l.is_now, 0, i.upper - l.outside)) AS above
  FROM lists AS l
  CROSS JOIN UNNEST(l.items) AS i
  GROUP BY l.job, l.segment, i.item
),
rates AS (
  SELECT i.job, i.segment, i.item, i.count, i.lower, b.windows, b.outside + i.above AS upper_before,
    (i.lower - 2 * SQRT(i.lower)) * b.windows / (b.outside + i.above + 2 * SQRT(b.outside + i.above + 1) + 1) AS rise
  FROM items AS i
  JOIN baselines AS b ON b.job = i.job AND b.segment = i.segment
)
SELECT job, segment, ROW_NUMBER() OVER (PARTITION BY job, segment ORDER BY rise DESC, item) AS rank,
  item, count, lower, upper_before / windows AS before, windows, rise
FROM rates
WHERE rise > 1
QUALIFY ROW_NUMBER() OVER (PARTITION BY job, segment ORDER BY rise DESC, item) <= k
);
