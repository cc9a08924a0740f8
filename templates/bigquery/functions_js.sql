-- The function that merges Crest's own summaries, of which any interval's list can be made. ${DATASET} stands for
-- PROJECT.DATASET, ${SUMMARY_JS} for the text of summary.js.

-- Merges summaries of disjoint windows of one segment into its k largest items, with bounds.
--
-- BigQuery hands no INT64 to JavaScript: k is a FLOAT64, as which a whole number goes through, and shard a STRING. seed is the hash seed of the job, decimal or 0x and
-- hexadecimal, NULL where the job had none (--hash_seed_file). docs/format/sql-merge.md says more.
CREATE OR REPLACE FUNCTION `${DATASET}.summary_merge`(sketches ARRAY<STRUCT<shard STRING, summary BYTES>>, k FLOAT64, seed STRING)
RETURNS STRUCT<total INT64, outside INT64, items ARRAY<STRUCT<rank INT64, item STRING, count INT64, lower INT64, upper INT64, certain BOOL>>>
DETERMINISTIC
LANGUAGE js
AS """
${SUMMARY_JS}
return merge(sketches, k, seed);
""";
