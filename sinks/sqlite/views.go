package sqlite

import (
	"fmt"
	"strings"
)

// view is a view's name and the statement that creates it.
type view struct{ name, ddl string }

// views are in the order in which they are created. They use nothing that
// came to SQLite after 3.24, so that older tools can open the file.
var views = []view{
	// after: a window counts when its start sorts after this text. A start has
	// no fraction of a second, an instant may have one; cut at the second,
	// with the Z where there was a fraction, text sorts as time does.
	{"runs_eligible", `CREATE VIEW runs_eligible AS
SELECT job, run, path, kind, CASE
    WHEN kind = 'batch' THEN ''
    WHEN length(coalesce(complete_from, started_at)) = 20 THEN substr(coalesce(complete_from, started_at), 1, 19)
    ELSE substr(coalesce(complete_from, started_at), 1, 19) || 'Z'
  END AS after
FROM runs
WHERE kind = 'streaming' OR committed_at IS NOT NULL`},
	latest("topk", "window_seconds", "segment", "window_start", "path"),
	{"topk_best", `CREATE VIEW topk_best AS
SELECT t.*, t.path = 'exact' AS exact
FROM topk_latest t
WHERE NOT EXISTS (
  SELECT 1 FROM topk_latest o
  WHERE o.window_seconds = t.window_seconds AND o.segment = t.segment AND o.window_start = t.window_start
    AND o.job = t.job AND o.path = CASE t.path WHEN 'exact' THEN 'fast' ELSE 'exact' END
    AND (o.total > t.total OR o.total = t.total AND o.path = 'exact'))`},
	{"topk_items", `CREATE VIEW topk_items AS
SELECT t.path, t.segment, t.window_start, t.window_end, t.window_seconds,
  json_extract(i.value, '$.rank') AS rank,
  json_extract(i.value, '$.item') AS item,
  json_extract(i.value, '$.count') AS count,
  json_extract(i.value, '$.lower') AS lower,
  json_extract(i.value, '$.upper') AS upper,
  json_extract(i.value, '$.certain') AS certain,
  t.total, t.revision, t.job, t.run
FROM topk_latest t, json_each(t.items) i`},
	latest("counts", "window_seconds", "segment", "window_start"),
	latest("sketches", "window_seconds", "segment", "window_start", "path"), // all shards of one run
	latest("accuracy", "window_seconds", "segment", "window_start"),
	newest("late"),
	newest("rejects"),
	newest("ledger"),
}

// latest makes the view of the rows that count: of each identity those of the
// newest eligible run. A newer run is looked for among the runs, which are
// few; only where there is one is the table's index asked.
func latest(name string, identity ...string) view {
	same := make([]string, len(identity))
	for i, c := range identity {
		same[i] = fmt.Sprintf("u.%s = t.%s", c, c)
	}
	return view{name + "_latest", fmt.Sprintf(`CREATE VIEW %[1]s_latest AS
SELECT t.*
FROM %[1]s t CROSS JOIN runs_eligible r ON r.job = t.job AND r.run = t.run
WHERE t.window_start > r.after
  AND NOT EXISTS (
    SELECT 1
    FROM runs_eligible n CROSS JOIN %[1]s u ON u.job = n.job AND u.run = n.run
    WHERE n.job = t.job AND n.run > t.run AND t.window_start > n.after
      AND %[2]s)`, name, strings.Join(same, " AND "))}
}

// newest makes the view of the rows of each job's newest eligible run of either
// kind: a batch run beside a live one does not hide what that says of itself.
func newest(name string) view {
	return view{name + "_latest", fmt.Sprintf(`CREATE VIEW %[1]s_latest AS
SELECT t.*
FROM %[1]s t CROSS JOIN runs_eligible r ON r.job = t.job AND r.run = t.run
WHERE NOT EXISTS (SELECT 1 FROM runs_eligible n WHERE n.job = t.job AND n.kind = r.kind AND n.run > t.run)`, name)}
}
