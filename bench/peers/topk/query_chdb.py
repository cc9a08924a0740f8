"""chDB, the embedded ClickHouse. For JSON its fast extraction from whole lines
took half the CPU time of the JSONEachRow format, whether that parsed the time
or left it as text; for Parquet, naming the columns was fastest."""

import chdb

import peer

SETTINGS = "SETTINGS max_threads = {threads}, session_timezone = 'UTC'"

EXACT = "SELECT minute, item, count() AS n FROM ({events}) GROUP BY minute, item ORDER BY n DESC LIMIT 10 BY minute "

# ClickHouse's own approximate aggregate: filtered Space-Saving.
APPROXIMATE = """
SELECT minute, top.1, top.2
FROM (SELECT minute, arrayJoin(topK(10, 3, 'counts')(item)) AS top FROM ({events}) GROUP BY minute)
"""

NDJSON = """
SELECT left(simpleJSONExtractString(line, 'time'), 16) AS minute, simpleJSONExtractString(line, 'item') AS item
FROM file('{file}', LineAsString, 'line String')
"""

PARQUET = "SELECT toStartOfMinute(time) AS minute, item FROM file('{file}', Parquet, 'time DateTime64(6), item String')"


def top(sql, events):
    def query(file, threads):
        text = sql.format(events=events.format(file=file)) + SETTINGS.format(threads=threads)
        rows = chdb.query(text, "TabSeparated").bytes().decode()
        return [line.split("\t") for line in rows.splitlines()]

    return query


peer.main({
    "ndjson": top(EXACT, NDJSON),
    "ndjson-topk": top(APPROXIMATE, NDJSON),
    "parquet": top(EXACT, PARQUET),
    "parquet-topk": top(APPROXIMATE, PARQUET),
})
