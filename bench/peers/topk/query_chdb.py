"""chDB, the embedded ClickHouse. Times are read with the fixed-width parser's
faster sibling, in UTC; without session_timezone the parsing costs a third more."""

import chdb

import peer

SETTINGS = "SETTINGS max_threads = {threads}, date_time_input_format = 'best_effort', session_timezone = 'UTC'"

EXACT = """
SELECT toStartOfMinute(time) AS minute, item, count() AS n
FROM {source} GROUP BY minute, item ORDER BY n DESC LIMIT 10 BY minute
"""

# ClickHouse's own approximate aggregate: filtered Space-Saving.
APPROXIMATE = """
SELECT minute, top.1, top.2
FROM (SELECT toStartOfMinute(time) AS minute, arrayJoin(topK(10, 3, 'counts')(item)) AS top
      FROM {source} GROUP BY minute)
"""

NDJSON = "file('{file}', JSONEachRow, 'time DateTime64(3), item String')"
PARQUET = "file('{file}', Parquet, 'time DateTime64(6), item String')"


def top(sql, source):
    def query(file, threads):
        text = sql.format(source=source.format(file=file)) + SETTINGS.format(threads=threads)
        rows = chdb.query(text, "TabSeparated").bytes().decode()
        return [line.split("\t") for line in rows.splitlines()]

    return query


peer.main({
    "ndjson": top(EXACT, NDJSON),
    "ndjson-topk": top(APPROXIMATE, NDJSON),
    "parquet": top(EXACT, PARQUET),
    "parquet-topk": top(APPROXIMATE, PARQUET),
})
